"""Waves of a roll-out: schools that begin together, and what is to be reached before others do. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

from contract.errors import UsageError
from contract.language import _
from school.programme.coverage import CoverageRow

__all__ = [
    "FIGURES",
    "MAX_OWN",
    "Criterion",
    "Figure",
    "Judgement",
    "State",
    "Wave",
    "judge",
    "month_of_wave",
    "own_rows",
]

Figure = Literal["with_cycle", "running", "own"]
FIGURES: Final[tuple[Figure, ...]] = get_args(Figure)
State = Literal["met", "not_met", "not_known"]
MAX_OWN: Final = 3
"""Criteria of a wave in the district's own words."""
_MAX_WORDS: Final = 120
_MAX_NUMBER: Final = 1_000_000.0
_FIRST, _LAST = date(2000, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A figure is to be so much at least. Raises UsageError."""

    figure: Figure
    """The share of teachers with a running cycle, or of rooms whose kits ran, in per cent; or one
    of the district's own, which somebody enters."""
    at_least: float
    words: str = ""
    """What a figure of the district's own is."""
    value: float | None = None
    """How much that is; None while nobody has said so."""

    def __post_init__(self) -> None:
        is_own = self.figure == "own"
        if is_own and not self.words.strip():
            raise UsageError(_("Say in words what a criterion of your own is."))
        if len(self.words) > _MAX_WORDS or not self.words.isprintable():
            raise UsageError(_("A criterion has at most {n} characters on one line.", n=_MAX_WORDS))
        most = _MAX_NUMBER if is_own else 100.0
        for number in (self.at_least, self.value):
            if number is not None and not (math.isfinite(number) and 0 <= number <= most):
                raise UsageError(
                    _(
                        "A criterion is {value}, expected a number from 0 to {most}.",
                        value=number, most=round(most),
                    )
                )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Schools that begin on one day. Raises UsageError."""

    name: str
    title: str
    """What people call it."""
    starts_on: date
    sites: frozenset[str] = frozenset()
    """The names of its schools; a school is in one wave at most."""
    criteria: tuple[Criterion, ...] = ()
    """To be met before the next wave begins."""

    def __post_init__(self) -> None:
        if not _FIRST <= self.starts_on < _LAST:
            raise UsageError(_("{day} is no day on which a wave begins.", day=self.starts_on))
        figures = [each.figure for each in self.criteria]
        if any(figures.count(each) > 1 for each in FIGURES if each != "own"):
            raise UsageError(_("A figure stands in one criterion of a wave."))
        if figures.count("own") > MAX_OWN:
            raise UsageError(_("A wave has at most {n} criteria of your own.", n=MAX_OWN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a criterion is met; `k` of `n` for a share of a month."""

    criterion: Criterion
    state: State
    k: int | None = None
    n: int | None = None


def judge(criterion: Criterion, row: CoverageRow | None) -> Judgement:
    """By the wave's row of a counted month: not known where that shows no figure."""
    if criterion.figure == "own":
        return Judgement(criterion=criterion, state=_state(criterion.value, criterion.at_least))
    k, n = _share(criterion.figure, row)
    share = None if k is None or not n else 100 * k / n
    return Judgement(criterion=criterion, state=_state(share, criterion.at_least), k=k, n=n)


def month_of_wave(starts_on: date, month: str) -> int:
    """Which month of the wave a calendar month is: 1 is that in which it began, 0 the one before."""
    year, number = map(int, month.split("-"))
    return (year - starts_on.year) * 12 + number - starts_on.month + 1


def own_rows(rows: Iterable[CoverageRow]) -> Mapping[str, CoverageRow]:
    """The rows of waves in a counted month, by the wave's name."""
    return {row.name: row for row in rows if row.kind == "wave"}


def _share(figure: Figure, row: CoverageRow | None) -> tuple[int | None, int | None]:
    if row is None:
        return None, None
    return (row.with_cycle, row.teachers) if figure == "with_cycle" else (row.running, row.rooms)


def _state(value: float | None, at_least: float) -> State:
    if value is None:
        return "not_known"
    return "met" if value >= at_least else "not_met"
