"""How far observers agree about a school's lessons, and how far the model agrees with them.

An observer says after a look at a zone how many of its pupils were off task: none, a few (up to a
third), about half (up to two thirds) or most, which are the ranks 0 to 3. Two observers look at the
same zone at the same time. The model's share is the mean of what was stored for that zone and time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from models.evaluation.agreement import Interval, counts_of, draws_of, ends_of, kappa_of
from models.ranking import ranks_of, roc_area

__all__ = [
    "MIN_LESSONS",
    "MIN_LOOKS",
    "RANK_SHARES",
    "Agreement",
    "Comparison",
    "ObservedCheck",
    "RankRange",
    "SeenLook",
    "check_observed",
]

MIN_LOOKS: Final = 60
"""Looks that two observers coded, before there is a figure."""
MIN_LESSONS: Final = 3
"""Lessons that these come from, before the model is compared with them."""
RANK_SHARES: Final = (0.0, 1 / 6, 1 / 2, 5 / 6)
"""What an answer stands for as a share: the middle of what it means."""
_RANKS: Final = len(RANK_SHARES)
_HALF: Final = 2
_BLOCK_S: Final = 300
"""With fewer than three lessons, blocks of so many seconds are resampled: ten looks."""
_MIN_OF_RANK: Final = 10
_MIN_OF_SIDE: Final = 5

Array = NDArray[np.float64]
Unit = Literal["lessons", "blocks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenLook:
    """What one observer said of a zone from a second of a lesson on."""

    lesson: str
    observer: str
    start_s: int
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two observers agree, or all pairs of observers together.

    `weighted` is Cohen's kappa with linear weights on the four answers, `half` without weights on
    "about half or most" against less. Both are None with fewer than 60 looks that both coded.
    Intervals are 95 %, over resampled `units`.
    """

    who: tuple[str, ...]
    """The observers as letters: who they are stays apart."""
    looks: int
    lessons: int
    weighted: float | None = None
    weighted_ends: Interval | None = None
    half: float | None = None
    half_ends: Interval | None = None
    units: Unit = "lessons"

    @property
    def missing(self) -> int:
        """How many looks are missing for a figure."""
        return max(0, MIN_LOOKS - self.looks)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankRange:
    """Between which shares the model said four of five looks that all observers coded alike."""

    rank: int
    looks: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The model's shares against looks that two observers or more coded.

    `order` is Spearman's rank correlation with the observers' mean answer. `auc` is how often the
    model put a look of about half or most above one of less, among looks whose observers agree on
    that side. `difference` is the mean of the model's share minus the observers'. Without figures
    if there are fewer than 60 looks in three lessons; intervals are over lessons.
    """

    looks: int
    lessons: int
    order: float | None = None
    order_ends: Interval | None = None
    auc: float | None = None
    auc_ends: Interval | None = None
    sided: int = 0
    """Looks whose observers agree on the side of a half."""
    halves: int = 0
    """Of these, those with about half or most off task."""
    difference: float | None = None
    difference_ends: Interval | None = None
    ranges: tuple[RankRange, ...] = ()

    @property
    def missing_looks(self) -> int:
        return max(0, MIN_LOOKS - self.looks)

    @property
    def missing_lessons(self) -> int:
        return max(0, MIN_LESSONS - self.lessons)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedCheck:
    """All that observers of a school's lessons show."""

    observers: int
    """Who shares looks with another one."""
    agreement: Agreement
    """Of all pairs together."""
    pairs: tuple[Agreement, ...]
    comparison: Comparison

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def check_observed(
    looks: Iterable[SeenLook], shares: Mapping[tuple[str, int], float]
) -> ObservedCheck:
    """Compare the observers with each other, and the model's shares of (lesson, second) with them."""
    said: dict[tuple[str, int], dict[str, int]] = {}
    for look in looks:
        said.setdefault((look.lesson, look.start_s), {})[look.observer] = look.rank
    both = {place: ranks for place, ranks in sorted(said.items()) if len(ranks) > 1}
    names = sorted({name for ranks in both.values() for name in ranks})
    letters = {name: _letter(at) for at, name in enumerate(names)}
    pairs = {
        pair: [
            (place, ranks[pair[0]], ranks[pair[1]])
            for place, ranks in both.items()
            if ranks.keys() >= set(pair)
        ]
        for pair in combinations(names, 2)
    }
    return ObservedCheck(
        observers=len(names),
        agreement=_agreement(
            [each for rows in pairs.values() for each in rows], [letters[name] for name in names]
        ),
        pairs=tuple(
            _agreement(rows, [letters[name] for name in pair])
            for pair, rows in pairs.items()
            if rows
        ),
        comparison=_comparison(
            [(place, list(ranks.values()), shares[place])
             for place, ranks in both.items() if place in shares]
        ),
    )  # fmt: skip


def _letter(at: int) -> str:
    return chr(ord("A") + at) if at < 26 else f"observer {at + 1}"


def _agreement(rows: Sequence[tuple[tuple[str, int], int, int]], who: Sequence[str]) -> Agreement:
    lessons = {lesson for (lesson, _), _, _ in rows}
    found = Agreement(
        who=tuple(who), looks=len({place for place, _, _ in rows}), lessons=len(lessons)
    )
    if found.missing:
        return found
    units: Unit = "lessons" if len(lessons) >= MIN_LESSONS else "blocks"
    names = [
        lesson if units == "lessons" else (lesson, start_s // _BLOCK_S)
        for (lesson, start_s), _, _ in rows
    ]
    unit, count = _numbered(names)
    first, second = (np.array([row[at] for row in rows], np.int64) for at in (1, 2))
    tables = np.stack(
        [counts_of(first[unit == one], second[unit == one], _RANKS) for one in range(count)]
    )
    sides = tables.reshape(count, 2, _HALF, 2, _HALF).sum(axis=(2, 4))
    weighted, weighted_ends = _kappa(tables, "linear")
    half, half_ends = _kappa(sides, "none")
    return Agreement(
        who=found.who, looks=found.looks, lessons=found.lessons, weighted=weighted,
        weighted_ends=weighted_ends, half=half, half_ends=half_ends, units=units,
    )  # fmt: skip


def _kappa(
    tables: Array, weights: Literal["none", "linear"]
) -> tuple[float | None, Interval | None]:
    """Of all units together, and its interval; None if only one answer was ever given."""
    whole = float(kappa_of(tables.sum(axis=0), weights))
    if not np.isfinite(whole):
        return None, None
    drawn = np.einsum("ru,uij->rij", draws_of(len(tables)), tables)
    return whole, ends_of(kappa_of(drawn, weights), len(tables))


def _comparison(rows: Sequence[tuple[tuple[str, int], list[int], float]]) -> Comparison:
    found = Comparison(looks=len(rows), lessons=len({lesson for (lesson, _), _, _ in rows}))
    if found.missing_looks or found.missing_lessons:
        return found
    unit, count = _numbered([lesson for (lesson, _), _, _ in rows])
    share = np.array([row[2] for row in rows])
    mean = np.array([np.mean(ranks) for _, ranks, _ in rows])
    seen = np.array([np.mean([RANK_SHARES[rank] for rank in ranks]) for _, ranks, _ in rows])
    low, high = (np.array([pick(ranks) for _, ranks, _ in rows]) for pick in (min, max))
    sided = (low >= _HALF) | (high < _HALF)
    halves = low >= _HALF
    draws = draws_of(count)
    every = np.arange(len(rows))
    resamples = [np.repeat(every, weight[unit].astype(np.int64)) for weight in draws]

    def ends(figure: Callable[[NDArray[np.int64]], float]) -> Interval | None:
        return ends_of(np.array([figure(at) for at in resamples]), count)

    def order(at: NDArray[np.int64]) -> float:
        return _correlation(ranks_of(mean[at]), ranks_of(share[at]))

    def auc(at: NDArray[np.int64]) -> float:
        some = at[sided[at]]
        return roc_area(halves[some], share[some])

    has_sides = min((halves & sided).sum(), (~halves & sided).sum()) >= _MIN_OF_SIDE
    gaps = draws @ np.bincount(unit, share - seen) / (draws @ np.bincount(unit))
    correlation = order(every)
    is_ordered = np.isfinite(correlation)
    return Comparison(
        looks=found.looks, lessons=found.lessons,
        order=correlation if is_ordered else None,
        order_ends=ends(order) if is_ordered else None,
        auc=auc(every) if has_sides else None,
        auc_ends=ends(auc) if has_sides else None,
        sided=int(sided.sum()), halves=int((halves & sided).sum()),
        difference=float((share - seen).mean()), difference_ends=ends_of(gaps, count),
        ranges=tuple(_ranges(low, high, share)),
    )  # fmt: skip


def _ranges(low: NDArray[np.int64], high: NDArray[np.int64], share: Array) -> Iterable[RankRange]:
    for rank in range(_RANKS):
        some = share[(low == rank) & (high == rank)]
        if some.size >= _MIN_OF_RANK:
            ends = np.quantile(some, (0.1, 0.9))
            yield RankRange(rank=rank, looks=some.size, low=float(ends[0]), high=float(ends[1]))


def _numbered(names: Sequence[object]) -> tuple[NDArray[np.int64], int]:
    """The number of each name, and how many names there are."""
    numbers: dict[object, int] = {}
    found = np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
    return found, len(numbers)


def _correlation(first: Array, second: Array) -> float:
    """Pearson's; NaN if one of them never changes."""
    one, two = first - first.mean(), second - second.mean()
    size = float(np.sqrt((one**2).sum() * (two**2).sum()))
    return float((one * two).sum() / size) if size > 0.0 else np.nan
