"""Moments for a debrief: few, apart from each other, and one that went well."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.alerts import AlertChange
from models.moments import suggest_moments
from models.scores import ROOM, EpochScore, ZoneScore


def _epochs(shares: list[float | None], first: int = 0) -> list[EpochScore]:
    return [
        EpochScore(
            first_seq=first + at * 5,
            room=ZoneScore(
                zone=ROOM, seats=20, movement=0.0, movement_low=-1.0, movement_high=1.0,
                off_task=share, off_task_low=share, off_task_high=share,
                signs={"movement": -3.0, "noise": -0.5},
            ),
            zones=(),
        )
        for at, share in enumerate(shares)
    ]  # fmt: skip


def _alert(zone: str, start: int, end: int | None, excess: float) -> list[AlertChange]:
    raised = AlertChange(
        change="raised", zone=zone, first_seq=start, excess=excess, because=(f"at {start}",)
    )
    if end is None:
        return [raised]
    return [
        raised,
        AlertChange(change="cleared", zone=zone, first_seq=end, excess=0.0, because=("calm",)),
    ]


def test_the_strongest_alerts_and_the_calmest_stretch() -> None:
    shares = [0.3] * 300 + [0.1] * 40 + [0.3] * 160
    changes = (
        _alert(ROOM, 400, 500, 0.2)
        + _alert("front", 600, 700, 0.5)
        + _alert(ROOM, 800, 900, 0.3)
        + _alert("back", 1000, 1100, 0.4)
    )
    moments = suggest_moments(_epochs(shares), changes)
    assert [(m.zone, m.first_seq, m.is_strength) for m in moments] == [
        (ROOM, 400, False),
        (ROOM, 800, False),
        (ROOM, 1500, True),
    ]
    assert moments[0].because == ("at 400",)
    assert moments[2].end_seq - moments[2].first_seq == 180
    assert moments[2].because[1] == (
        "Movement 3 dB below the room's own normal of the ten minutes before."
    )


def test_an_alert_that_still_stands_lasts_until_the_end() -> None:
    moments = suggest_moments(_epochs([0.2] * 100), _alert(ROOM, 450, None, 0.2))
    assert [(m.first_seq, m.end_seq, m.is_strength) for m in moments if not m.is_strength] == [
        (450, 500, False)
    ]


def test_what_is_not_known_from_end_to_end_is_no_strength() -> None:
    shares: list[float | None] = [0.2] * 300
    shares[::30] = [None] * 10
    assert suggest_moments(_epochs(shares), []) == []
    assert suggest_moments([], []) == []


@given(
    st.integers(0, 200),
    st.lists(st.tuples(st.sampled_from([ROOM, "a", "b"]), st.integers(0, 300), st.floats(0, 1))),
    st.integers(0, 6),
)
def test_few_apart_and_in_order(
    epochs: int, alerts: list[tuple[str, int, float]], most: int
) -> None:
    shares = np.random.default_rng(epochs).random(epochs).tolist()
    changes = [
        change
        for zone, at, excess in sorted(alerts, key=lambda one: one[1])
        for change in _alert(zone, at * 5, at * 5 + 30, excess)
    ]
    moments = suggest_moments(_epochs(shares), changes, most=most)
    assert len(moments) <= most
    assert sum(moment.is_strength for moment in moments) <= 1
    for one, other in itertools.pairwise(moments):
        assert one.end_seq <= other.first_seq
    assert all(moment.because for moment in moments)
