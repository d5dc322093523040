"""Moments for a debrief: found in hindsight, few, apart from each other, and one that went well."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.serving.hindsight import MARKS, Finder, StretchModel, area_marks, find_stretches
from models.serving.moments import MAX_MOMENTS, clearest_moments, suggest_moments
from models.serving.scores import ROOM, EpochScore, ZoneScore


def _model(least: float = 0.5) -> StretchModel:
    """One that goes by the share's mean over a minute alone, and is sure of .3."""
    weights = [0.0] * len(MARKS)
    weights[MARKS.index("rise_65")] = 40.0
    return StretchModel(weights=tuple(weights), intercept=-8.0, least=least)


FINDER = Finder(room=_model(), zone=_model())


def _score(share: float | None, zone: str = ROOM) -> ZoneScore:
    ends = (None, None) if share is None else (max(0.0, share - 0.1), min(1.0, share + 0.1))
    return ZoneScore(
        zone=zone, seats=20, movement=0.0, movement_low=-1.0, movement_high=1.0,
        off_task=share, off_task_low=ends[0], off_task_high=ends[1],
        signs={"movement": -3.0 if (share or 0.0) < 0.2 else 4.0, "noise": -0.5},
    )  # fmt: skip


def _epochs(
    shares: list[float | None], first: int = 0, **zones: list[float | None]
) -> list[EpochScore]:
    return [
        EpochScore(
            first_seq=first + at * 5,
            room=_score(share),
            zones=tuple(_score(each[at], name) for name, each in zones.items()),
        )
        for at, share in enumerate(shares)
    ]


def _lesson(*lively: tuple[int, int, float], epochs: int = 500) -> list[float | None]:
    shares = np.full(epochs, 0.3)
    for start, end, rise in lively:
        shares[start:end] += rise
    return shares.tolist()


def test_the_liveliest_stretches_and_the_calmest_one() -> None:
    shares = _lesson((100, 130, 0.5), (200, 230, 0.3), (300, 340, -0.2), (400, 430, 0.4))
    moments = suggest_moments(_epochs(shares, first=1000), FINDER)
    assert [moment.is_strength for moment in moments] == [False, True, False]
    first, calm, last = moments
    # Both edges are those of the stretch, give or take what a mean over a minute blurs.
    for moment, start, end in ((first, 100, 130), (last, 400, 430)):
        assert abs(moment.first_seq - (1000 + 5 * start)) <= 25
        assert abs(moment.end_seq - (1000 + 5 * end)) <= 25
    assert first.because == ("About 1.6 times the room's usual movement.",)
    assert first.likely is not None
    assert last.likely is not None
    assert first.likely > last.likely > 0.5
    assert first.off_task is not None
    assert 0.7 < first.off_task < 0.85
    assert calm.likely is None
    assert calm.end_seq - calm.first_seq == 180
    assert 2500 <= calm.first_seq <= 2500 + 5 * 4
    assert calm.because[1] == "About 0.7 times the room's usual movement."
    assert len(suggest_moments(_epochs(shares), FINDER, max_moments=MAX_MOMENTS)) == 4


def test_what_comes_later_counts() -> None:
    """The same rise is a moment in a calm lesson, but not if the rest is as lively."""
    calm, lively = _lesson((100, 130, 0.3)), _lesson((100, 480, 0.3))
    assert [one.first_seq for one in suggest_moments(_epochs(calm), FINDER) if one.likely]
    assert not [one for one in suggest_moments(_epochs(lively), FINDER) if one.likely]
    short = _lesson((100, 104, 0.3))
    assert not [one for one in suggest_moments(_epochs(short), FINDER) if one.likely]


def test_the_room_goes_before_its_zones() -> None:
    room = _lesson((100, 130, 0.3))
    both = _lesson((105, 125, 0.6), (200, 230, 0.6))
    moments = suggest_moments(_epochs(room, front=both), FINDER, max_moments=MAX_MOMENTS)
    assert [(one.zone, one.is_strength) for one in moments if one.likely] == [
        (ROOM, False),
        ("front", False),
    ]
    assert moments[-1].zone == "front" or moments[-1].is_strength
    one = suggest_moments(_epochs(room, front=both), FINDER, max_moments=2)
    assert {each.zone for each in one} == {ROOM}


def test_what_is_not_known_is_neither_lively_nor_a_strength() -> None:
    shares = _lesson((100, 130, 0.5))
    shares[::30] = [None] * len(shares[::30])
    found = suggest_moments(_epochs(shares), FINDER)
    assert [one.is_strength for one in found] == [False], "not cut in two by one unknown epoch"
    assert suggest_moments(_epochs([0.2] * 50), FINDER) == []
    assert suggest_moments([], FINDER) == []
    assert suggest_moments(_epochs(_lesson()), FINDER, max_moments=0) == []
    assert [one.is_strength for one in suggest_moments(_epochs(_lesson()), None)] == [True]


def test_an_epoch_that_is_missing_is_a_gap() -> None:
    epochs = _epochs(_lesson((100, 130, 0.5), (300, 340, -0.2)))

    def spans(kept: list[EpochScore]) -> list[tuple[int, int]]:
        return [(one.first_seq, one.end_seq) for one in suggest_moments(kept, FINDER)]

    whole = spans(epochs)
    assert len(whole) == 2
    assert spans([one for one in epochs if one.first_seq not in {550, 1000}]) == whole
    calm = spans([one for one in epochs if one.first_seq != 1550])[1]
    assert calm[1] <= 1550 or calm[0] > 1550


@given(
    st.integers(0, 200),
    st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 2**16)),
    st.integers(0, 6),
)
def test_few_apart_and_in_order(seed: int, zones: dict[str, int], max_moments: int) -> None:
    def walk(at: int) -> list[float | None]:
        steps = np.random.default_rng(at).normal(0.0, 0.04, 2 * seed)
        shares: list[float | None] = np.abs(np.sin(np.cumsum(steps))).tolist()
        if len(shares) > 9:
            shares[at % 7 :: 97] = [None] * len(shares[at % 7 :: 97])
        return shares

    epochs = _epochs(walk(seed), **{name: walk(at) for name, at in zones.items()})
    moments = suggest_moments(epochs, FINDER, max_moments=max_moments)
    assert len(moments) <= max_moments
    assert sum(moment.is_strength for moment in moments) <= 1
    for one, other in itertools.pairwise(moments):
        assert one.end_seq <= other.first_seq
    assert all(moment.because for moment in moments)
    assert moments == suggest_moments(epochs, FINDER, max_moments=max_moments)
    every = suggest_moments(epochs, FINDER, max_moments=MAX_MOMENTS)
    assert clearest_moments(every, max_moments=max_moments) == moments


@given(st.lists(st.one_of(st.none(), st.floats(0.0, 1.0)), max_size=300))
def test_marks_are_known_where_the_share_is(shares: list[float | None]) -> None:
    marks = area_marks([None if one is None else _score(one) for one in shares])
    assert marks.shape == (len(shares), len(MARKS))
    known = [one is not None for one in shares]
    assert np.array_equal(
        np.isfinite(marks).all(axis=1), known if sum(known) >= 60 else [False] * len(known)
    )


def test_held_is_what_a_stretch_never_falls_under() -> None:
    shares = _lesson((100, 112, 0.3), (200, 206, 0.3), (300, 318, 0.3))
    marks = area_marks([None if one is None else _score(one) for one in shares])
    held = {name: marks[:, MARKS.index(name)] for name in ("held_30", "held_60", "held_90")}
    # Smoothing over 15 s takes a third off the epoch at either edge.
    assert held["held_60"][105] > 0.15 > held["held_90"][105]
    assert held["held_30"][203] > 0.15 > held["held_60"][203]
    assert held["held_90"][309] > 0.15
    assert abs(held["held_30"][400]) < 0.05


def test_a_stretch_runs_as_far_as_half_the_least() -> None:
    estimate = np.array([0.1, 0.3, 0.3, 0.6, 0.6, 0.3, 0.3, 0.1, np.nan, 0.9, 0.9, 0.1] + [0.4] * 9)
    found = find_stretches(estimate, 0.5)
    assert [(one.first, one.end, one.likely) for one in found] == [(1, 7, 0.6)]
    assert find_stretches(np.full(9, np.nan), 0.5) == []
    estimate[3:5] = np.nan
    assert [(one.first, one.end) for one in find_stretches(estimate, 0.25)] == [(1, 7), (12, 21)]
