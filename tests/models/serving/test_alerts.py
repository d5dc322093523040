"""The alert policy as a state machine, and the reasons in plain words."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.serving.alerts import AlertPolicy, AlertTracker, Excess, Hysteresis, reasons
from models.serving.scores import ROOM, EpochScore, ZoneScore

policies = st.builds(
    lambda above, ratio, **rest: AlertPolicy(raise_above=above, clear_below=above * ratio, **rest),
    st.floats(0.02, 0.5),
    st.floats(0.1, 1.0),
    raise_after=st.integers(1, 4),
    clear_after=st.integers(1, 5),
    refractory=st.integers(0, 10),
)
excesses = st.lists(st.none() | st.floats(-0.5, 0.8), max_size=120)


def area(share: float | None, zone: str = ROOM, **signs: float) -> ZoneScore:
    return ZoneScore(
        zone=zone, seats=10, movement=0.0, movement_low=-1.0, movement_high=1.0,
        off_task=share, off_task_low=share, off_task_high=share, signs=signs,
    )  # fmt: skip


def epoch(at: int, room: ZoneScore, *zones: ZoneScore) -> EpochScore:
    return EpochScore(first_seq=at * 5, room=room, zones=zones)


@given(policies, excesses)
def test_the_rules_hold_whatever_comes(policy: AlertPolicy, values: list[float | None]) -> None:
    state = Hysteresis(policy)
    changes = [(at, state.update(value)) for at, value in enumerate(values)]
    reported = [(at, change) for at, change in changes if change]
    assert [change for _, change in reported] == (["raised", "cleared"] * len(reported))[
        : len(reported)
    ]
    for (start, first), (end, _) in itertools.pairwise(reported):
        if first == "raised":
            assert end - start >= policy.clear_after
        else:
            assert end - start > policy.refractory
    for at, change in reported:
        if change == "raised":
            long_enough = values[at + 1 - policy.raise_after : at + 1]
            assert len(long_enough) == policy.raise_after
            assert all(value is not None and value >= policy.raise_above for value in long_enough)
        else:
            calm = values[at + 1 - policy.clear_after : at + 1]
            assert all(value is None or value < policy.clear_below for value in calm)


@given(policies, excesses, st.floats(0.0, 0.3))
def test_more_movement_never_delays_the_first_alert(
    policy: AlertPolicy, values: list[float | None], more: float
) -> None:
    def first(shifted: list[float | None]) -> int:
        state = Hysteresis(policy)
        reported = [state.update(value) for value in shifted]
        return reported.index("raised") if "raised" in reported else len(reported)

    raised = [None if value is None else value + more for value in values]
    assert first(raised) <= first(values)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(1, 8), st.integers(1, 30))
def test_a_steady_share_has_no_excess_and_a_short_history_none_at_all(
    shares: list[float], smoothing: int, learn: int
) -> None:
    stream = Excess(smoothing=smoothing, learn=learn)
    reported = [stream.update(share) for share in shares]
    assert all(value is None for value in reported[:learn])
    assert all(value is not None and -1.0 <= value <= 1.0 for value in reported[learn:])
    steady = Excess(smoothing=smoothing, learn=learn)
    flat = [steady.update(shares[0]) for _ in range(learn + 5)]
    assert flat[learn:] == pytest.approx([0.0] * 5)


def test_unrest_speaks_where_the_share_has_no_room_left() -> None:
    policy = AlertPolicy(learn=10, refractory=6)
    tracker = AlertTracker(room=policy, zone=policy)
    changes = []
    for at in range(80):
        uproar = 30 <= at < 48
        score = replace(area(0.85), signs={"unrest": 6.0 if uproar else 0.0})
        changes += tracker.update(epoch(at, score))
    assert [one.change for one in changes] == ["raised", "cleared"]
    begun, ended = (one.first_seq // 5 for one in changes)
    assert begun == 29 + policy.unrest_after
    assert 48 < ended < 56


def test_unrest_may_be_kept_from_speaking_for_itself() -> None:
    quiet = AlertPolicy(learn=10, unrest_db=None)
    tracker = AlertTracker(room=quiet, zone=quiet)
    for at in range(80):
        score = replace(area(0.3), signs={"unrest": 20.0 if 30 <= at < 48 else 0.0})
        assert tracker.update(epoch(at, score)) == []
    state = Hysteresis(quiet)
    assert state.update(1.0, 99.0) is None
    assert state.update(1.0, 99.0) == "raised"
    reported = [state.update(0.0, 99.0) for _ in range(quiet.clear_after)]
    assert reported == [None, None, None, "cleared"], "nor does it hold an alert up"


def test_a_room_that_gets_up_for_a_moment_raises_nothing() -> None:
    policy = AlertPolicy(learn=10)
    tracker = AlertTracker(room=policy, zone=policy)
    for at in range(80):
        score = replace(area(0.3), signs={"unrest": 20.0 if 30 <= at < 33 else 0.0})
        assert tracker.update(epoch(at, score)) == []


def test_an_unknown_share_does_not_forget_the_normal() -> None:
    stream = Excess(smoothing=2, learn=3)
    for _ in range(5):
        stream.update(0.2)
    assert stream.update(None) is None
    assert stream.update(0.5) == pytest.approx(0.3)


def test_an_alert_comes_with_what_was_sensed_and_goes_again() -> None:
    policy = AlertPolicy(
        raise_above=0.15, clear_below=0.08, smoothing=2, raise_after=2, clear_after=2, learn=10
    )
    tracker = AlertTracker(room=policy, zone=policy)
    changes = []
    for at in range(60):
        lively = 30 <= at < 42
        front = area(0.6 if lively else 0.2, "front", movement=7.2 if lively else 0.0, noise=5.0)
        changes += tracker.update(epoch(at, area(0.25), front))
    assert [(one.change, one.zone) for one in changes] == [
        ("raised", "front"),
        ("cleared", "front"),
    ]
    assert changes[0].because == (
        "About 2.3 times the zone's usual movement.",
        "Clearly louder than usual.",
    )
    assert 30 * 5 < changes[0].first_seq <= 32 * 5
    assert 0.35 < changes[0].excess < 0.4  # its second epoch is a part of the mean already
    assert changes[1].because == ("Back to about its own normal.",)


def test_an_alert_ends_where_nothing_is_known_any_more() -> None:
    policy = AlertPolicy(smoothing=1, raise_after=1, clear_after=3, learn=1)
    tracker = AlertTracker(room=policy, zone=policy)
    reported = [tracker.update(epoch(at, area(share))) for at, share in enumerate([0.1, 0.1, 0.9])]
    assert [len(changes) for changes in reported] == [0, 0, 1]
    ended = [tracker.update(epoch(at, area(None))) for at in range(3, 7)]
    assert [len(changes) for changes in ended] == [0, 0, 1, 0]
    assert ended[2][0].because == ("Too little is known to judge.",)


def test_there_is_always_a_reason() -> None:
    assert reasons({}, ROOM) == (
        "Many seats move a little more than usual; nothing else stands out.",
    )
    reported = reasons(
        {"movement": 3.4, "moving_seats": 0.42, "fidgets": 1.25, "noise": -4.0}, ROOM
    )
    assert reported == (
        "About 1.5 times the room's usual movement.",
        "About two fifths of its seats move more than usual.",
        "1.2 more movements a minute and seat than usual.",
        "Clearly quieter than usual.",
    )


@pytest.mark.parametrize(
    "wrong",
    (
        {"raise_above": 0.1, "clear_below": 0.2},
        {"clear_below": 0.0},
        {"smoothing": 0},
        {"refractory": -1},
        {"unrest_after": 0},
        {"unrest_db": 0.0},
    ),
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"epoch|clear_below|unrest"):
        AlertPolicy(**wrong)  # type: ignore[arg-type]
