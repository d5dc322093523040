"""Detects drift: compares the model's room figures week by week with a reference.

The comparison is the population stability index over the reference's deciles,

    PSI = sum over bins of (actual - expected) · ln(actual / expected),

which is Jeffreys' divergence (H. Jeffreys, 1946); credit scoring uses it under this name. The
bounds .1 and .25 are that field's rule of thumb (E. Lewis, An Introduction to Credit Scoring, 1994;
N. Siddiqi, Credit Risk Scorecards, 2006), not a test: with few values PSI is large by chance alone
(B. Yurdakul, Statistical Properties of Population Stability Index, 2018). So there is no verdict
below a minimum number of lessons and epochs, and a difference only counts as a change if it is
larger than the difference between resampled lessons of the same week.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FIRST_WEEKS",
    "LARGE_PSI",
    "MIN_EPOCHS",
    "MIN_LESSONS",
    "SOME_PSI",
    "Bins",
    "Drift",
    "DriftVerdict",
    "LessonLevels",
    "PsiChange",
    "WeekDrift",
    "iso_week",
    "measure_drift",
    "psi",
]

SOME_PSI: Final = 0.1
LARGE_PSI: Final = 0.25
MIN_LESSONS: Final = 10
"""With fewer, resampling does not show how much lessons differ."""
MIN_EPOCHS: Final = 240
"""Four hours, at one epoch a minute."""
FIRST_WEEKS: Final = 4
"""A school's own reference is its first weeks with lessons, this many of them."""
QUANTITIES: Final = ("off_task", "movement_db")

_DRAWS: Final = 200
_SURE: Final = 0.95

DriftVerdict = Literal["too_few", "stable", "by_chance", "some", "large"]
"""Too few lessons; under .1; over .1, but not over chance; .1 to .25; over .25."""

Floats = NDArray[np.float64]
Values = NDArray[np.float32]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LessonLevels:
    """One model's scores for one lesson's room, one value per sampled epoch."""

    lesson: str
    room: str
    model: str
    week: str
    off_task: Values
    """(n,), NaN where the model abstained."""
    movement_db: Values
    """(n,), NaN where unknown."""
    alerts: int
    """Number of alerts raised in the room and its zones."""


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Bins between a reference's deciles, open at both ends, and the reference's share in each."""

    edges: Floats
    shares: Floats

    @classmethod
    def of_deciles(cls, deciles: Sequence[float]) -> Bins | None:
        """From the deciles 0 %, 10 % … 100 %; None if these are not eleven numbers in order.

        Equal deciles, for example where many values are 0, are merged into one bin.
        """
        known = np.asarray(deciles, dtype=np.float64)
        if known.shape != (11,) or not np.isfinite(known).all() or (np.diff(known) < 0).any():
            return None
        edges, first = np.unique(known[1:-1], return_index=True)
        below = (first + 1) / 10.0
        return cls(edges, np.diff(np.concatenate([[0.0], below, [1.0]])))

    @classmethod
    def of_values(cls, values: Values) -> Bins | None:
        """From values; None if there are none."""
        known = values[np.isfinite(values)].astype(np.float64)
        if len(known) == 0:
            return None
        edges = np.unique(np.quantile(known, np.arange(1, 10) / 10.0))
        counts = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
        return cls(edges, _smooth(counts))

    def counts(self, values: Values, group: Counts, groups: int) -> Counts:
        """Count each group's values per bin, (groups, bins); unknown values are not counted."""
        known = np.isfinite(values)
        at = np.searchsorted(self.edges, values[known], side="right")
        width = len(self.edges) + 1
        flat = np.bincount(group[known] * width + at, minlength=groups * width)
        return flat.reshape(groups, width)


@dataclass(frozen=True, slots=True, kw_only=True)
class PsiChange:
    """How far a week is from a reference: PSI by quantity, and what chance alone reaches."""

    psi: Mapping[str, float]
    chance: Mapping[str, float]
    """95 % of weeks resampled from the same lessons stay below it; only known if PSI >= .1."""

    @property
    def largest(self) -> float:
        return max(self.psi.values())

    @property
    def verdict(self) -> DriftVerdict:
        """The most serious of the quantities' verdicts."""
        order: list[DriftVerdict] = ["stable", "by_chance", "some", "large"]
        return max((self._of(name) for name in self.psi), key=order.index)

    def _of(self, name: str) -> DriftVerdict:
        value = self.psi[name]
        if value < SOME_PSI:
            return "stable"
        if value <= self.chance[name]:
            return "by_chance"
        return "some" if value <= LARGE_PSI else "large"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekDrift:
    """One ISO week of the school, or of a room, as one model saw it."""

    week: str
    model: str
    room: str | None
    """None for all rooms together."""
    lessons: int
    rooms: int
    epochs: int
    abstained: float
    """Share of the epochs in which the model did not judge."""
    alerts_per_lesson: float
    confirmed: int
    dismissed: int
    is_first: bool
    """Whether the week is one of the first weeks, the reference for later ones."""
    trained: PsiChange | None
    """Against the model's training lessons; None if there are too few lessons or no reference."""
    own: PsiChange | None
    """Against the own first weeks of the school, or of the room, with this model."""

    @property
    def is_enough(self) -> bool:
        return self.lessons >= MIN_LESSONS and self.epochs >= MIN_EPOCHS


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """All weeks from the first to the last, including those without lessons."""

    weeks: tuple[str, ...]
    school: tuple[WeekDrift, ...]
    """One entry for each week and each model that scored lessons in it, in order."""
    rooms: tuple[WeekDrift, ...]

    def newest(self, model: str) -> WeekDrift | None:
        """The school's latest week in which this model scored enough lessons."""
        enough = (week for week in reversed(self.school) if week.is_enough)
        return next((week for week in enough if week.model == model), None)


def iso_week(day: date) -> str:
    """The ISO week of a day, such as `2026-W07`."""
    return f"{day:%G-W%V}"


def psi(expected: Floats, counts: Counts) -> float:
    """The PSI of counts against expected shares; 0 if they agree.

    Each bin gets half a value more, so an empty bin gives a finite result.
    """
    return float(_divergence(expected, _smooth(counts)))


def measure_drift(
    lessons: Sequence[LessonLevels],
    references: Mapping[str, Mapping[str, Sequence[float]]],
    checked: Mapping[str, tuple[int, int]] | None = None,
) -> Drift:
    """Measure the drift of the school and of each room, separately for each model.

    `references` holds deciles by model and name, as a manifest's `reference` does:
    `room_off_task` and `room_movement_db`. `checked` holds, by lesson, how many of its suggested
    moments people confirmed and dismissed.
    """
    checked = checked or {}
    school: list[WeekDrift] = []
    rooms: list[WeekDrift] = []
    for model in sorted({lesson.model for lesson in lessons}):
        mine = sorted(
            (lesson for lesson in lessons if lesson.model == model),
            key=lambda lesson: (lesson.week, lesson.lesson),
        )
        trained = {
            name: Bins.of_deciles(references.get(model, {}).get(f"room_{name}", ()))
            for name in QUANTITIES
        }
        school += _weeks(mine, trained, checked, room=None)
        for room in sorted({lesson.room for lesson in mine}):
            here = [lesson for lesson in mine if lesson.room == room]
            rooms += _weeks(here, trained, checked, room=room)
    return Drift(
        weeks=_all_weeks([lesson.week for lesson in lessons]),
        school=tuple(sorted(school, key=lambda week: (week.week, week.model))),
        rooms=tuple(sorted(rooms, key=lambda week: (week.week, week.room or "", week.model))),
    )


def _weeks(
    lessons: Sequence[LessonLevels],
    trained: Mapping[str, Bins | None],
    checked: Mapping[str, tuple[int, int]],
    *,
    room: str | None,
) -> list[WeekDrift]:
    """The weeks of one model, for the school or one room; `lessons` are sorted by week."""
    names = sorted({lesson.week for lesson in lessons})
    week_of = np.array([names.index(lesson.week) for lesson in lessons])
    first = [lesson for lesson in lessons if lesson.week in set(names[:FIRST_WEEKS])]
    own = {name: _own_bins(first, name) for name in QUANTITIES}
    against_training, against_own = (
        [_Against(lessons, bins, name, n) for name, bins in reference.items() if bins is not None]
        for reference, n in ((trained, 0), (own, len(first)))
    )
    weeks = []
    for at, name in enumerate(names):
        chosen = np.flatnonzero(week_of == at)
        some = [lessons[i] for i in chosen.tolist()]
        epochs = sum(len(lesson.off_task) for lesson in some)
        abstained = sum(int((~np.isfinite(lesson.off_task)).sum()) for lesson in some)
        enough = len(some) >= MIN_LESSONS and epochs >= MIN_EPOCHS
        weeks.append(
            WeekDrift(
                week=name,
                model=some[0].model,
                room=room,
                lessons=len(some),
                rooms=len({lesson.room for lesson in some}),
                epochs=epochs,
                abstained=abstained / epochs if epochs else 0.0,
                alerts_per_lesson=sum(lesson.alerts for lesson in some) / len(some),
                confirmed=sum(checked.get(lesson.lesson, (0, 0))[0] for lesson in some),
                dismissed=sum(checked.get(lesson.lesson, (0, 0))[1] for lesson in some),
                is_first=at < FIRST_WEEKS,
                trained=_change(against_training, chosen) if enough else None,
                own=_change(against_own, chosen) if enough and at >= FIRST_WEEKS else None,
            )
        )
    return weeks


class _Against:
    """Each lesson's counts of one quantity in the bins of one reference.

    If the reference is made of the first lessons, `first` is their number.
    """

    def __init__(self, lessons: Sequence[LessonLevels], bins: Bins, name: str, first: int) -> None:
        self.name = name
        self.bins = bins
        self._first = first
        values = [getattr(lesson, name) for lesson in lessons]
        group = np.repeat(np.arange(len(lessons)), [len(part) for part in values])
        self.counts = bins.counts(np.concatenate(values), group, len(lessons))

    def by_chance(self, counts: Counts) -> float:
        """The PSI that these lessons reach by chance, including their reference's own variation."""
        drawn = _resampled(counts)
        if self._first:
            drawn = drawn + self._reference_drawn
        return float(np.quantile(drawn, _SURE))

    @cached_property
    def _reference_drawn(self) -> Floats:
        return _resampled(self.counts[: self._first])


def _own_bins(first: Sequence[LessonLevels], name: str) -> Bins | None:
    """The bins of the first weeks; None if they have too few lessons to be a reference."""
    if len(first) < MIN_LESSONS or sum(len(one.off_task) for one in first) < MIN_EPOCHS:
        return None
    return Bins.of_values(np.concatenate([getattr(lesson, name) for lesson in first]))


def _change(against: Sequence[_Against], chosen: NDArray[np.intp]) -> PsiChange | None:
    found: dict[str, float] = {}
    chance: dict[str, float] = {}
    for one in against:
        counts = one.counts[chosen]
        # If the model hardly ever judged, the abstained share shows it, not the distribution.
        if counts.sum() < MIN_EPOCHS:
            continue
        found[one.name] = psi(one.bins.shares, counts.sum(axis=0))
        if found[one.name] >= SOME_PSI:
            chance[one.name] = one.by_chance(counts)
    return PsiChange(psi=found, chance=chance) if found else None


def _resampled(counts: Counts) -> Floats:
    """PSI of lessons drawn with replacement, against all lessons; (draws,)."""
    n = len(counts)
    rng = np.random.default_rng(n)
    # Counting how often each lesson is drawn is many times faster than drawing the counts.
    picked = rng.integers(0, n, (_DRAWS, n)) + n * np.arange(_DRAWS)[:, None]
    weights = np.bincount(picked.ravel(), minlength=n * _DRAWS).reshape(_DRAWS, n)
    # Resampling n lessons shows (n - 1) / n of their variation.
    # As floats: NumPy multiplies them many times faster than integers.
    drawn = weights.astype(np.float64) @ counts.astype(np.float64)
    found: Floats = _divergence(_smooth(counts.sum(axis=0)), _smooth(drawn))
    return found * n / max(1, n - 1)


def _smooth(counts: Counts | Floats) -> Floats:
    """Shares along the last axis, with half a value added to each bin."""
    more = counts + 0.5
    shares: Floats = more / more.sum(axis=-1, keepdims=True)
    return shares


def _divergence(expected: Floats, actual: Floats) -> Floats:
    terms: Floats = (actual - expected) * np.log(actual / expected)
    return np.asarray(terms.sum(axis=-1))


def _all_weeks(weeks: Sequence[str]) -> tuple[str, ...]:
    if not weeks:
        return ()
    first, last = (date.fromisoformat(week) for week in (min(weeks), max(weeks)))  # Mondays
    count = (last - first).days // 7 + 1
    return tuple(iso_week(first + timedelta(weeks=i)) for i in range(count))
