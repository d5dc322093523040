"""What the programme was worth, as two CSV files; their words are English, as column names are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from school.ledger.interval import Estimate
from school.ledger.worth import GroupRow, Worth

__all__ = ["CAUTION", "group_csv", "sheet_csv"]

CAUTION: Final = "correlation, not cause"
"""In every row of a file: a row may be copied without its page."""

_CsvRow = list[str | int | float | None]


def sheet_csv(worth: Worth, comparison: float) -> Iterator[_CsvRow]:
    """The sheet as a file; what is not shown has no figures."""
    yield ["figure", "of", "n", "value", "low_95", "high_95", "unit", "note"]
    for name, of in (("all", "everybody"), ("coach", "coaches"), ("teacher", "teachers")):
        yield _csv("hours_saved", of, worth.saved.get(name), "hours a week and person")
    yield _csv("travel_saved", "everybody", worth.travel_saved, "hours a week and person")
    yield _csv("hours_saved_in_all", "everybody", worth.hours, "hours")
    yield _csv("cost_of_hours_saved", "everybody", worth.money, "money")
    yield _counted("teachers", worth.teachers, "teachers")
    yield _counted("kits_cost", worth.kits_cost, "money to date")
    yield _csv("cost_of_a_teacher", "everybody", worth.teacher_year, "money a year")
    yield _counted("comparison", comparison, "money a teacher and year")
    for name in ("coached", "others", "difference"):
        yield _csv("gain_of_classes", name, worth.gains.get(name), "points, by teacher")


def group_csv(rows: Sequence[GroupRow], titles: Mapping[str, str]) -> Iterator[_CsvRow]:
    """Coach hours saved beside student gain, a row for each group of schools."""
    yield [
        "group", "hours_saved_n", "hours_saved", "hours_saved_low_95", "hours_saved_high_95",
        "gain_n", "gain", "gain_low_95", "gain_high_95", "note",
    ]  # fmt: skip
    for row in rows:
        name = titles[row.name] if row.name else "the whole district"
        yield [name, *_cells(row.saved), *_cells(row.gain), CAUTION]


def _csv(figure: str, of: str, found: Estimate | None, unit: str) -> _CsvRow:
    return [figure, of, *_cells(found), unit, _note(found is not None)]


def _counted(figure: str, value: float | None, unit: str) -> _CsvRow:
    shown = None if value is None else round(value, 2)
    return [figure, "everybody", None, shown, None, None, unit, _note(value is not None)]


def _note(is_shown: bool) -> str:  # noqa: FBT001  # one word of the sentence
    return CAUTION if is_shown else f"too few people to show; {CAUTION}"


def _cells(found: Estimate | None) -> _CsvRow:
    if found is None:
        return [None, None, None, None]
    return [found.n, *(round(each, 3) for each in (found.value, found.low, found.high))]
