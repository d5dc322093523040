"""What the programme was worth, as two CSV files; their words are English, as column names are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from school.ledger.interval import Estimate
from school.ledger.records import Costs
from school.ledger.sheets import Sheet, bill_of

__all__ = ["CAUTION", "GROUP_COLUMNS", "SHEET_COLUMNS", "group_csv", "sheet_csv"]

CAUTION: Final = "correlation, not cause"
"""In every row of a file: a row may be copied without its page."""

SHEET_COLUMNS: Final = (
    "first_day", "last_day", "figure", "of", "n", "value", "low_95", "high_95", "unit", "note",
)  # fmt: skip
GROUP_COLUMNS: Final = (
    "first_day", "last_day", "group",
    "hours_saved_n", "hours_saved", "hours_saved_low_95", "hours_saved_high_95",
    "gain_n", "gain", "gain_low_95", "gain_high_95", "note",
)  # fmt: skip

_CsvRow = list[str | int | float | None]


def sheet_csv(sheet: Sheet, costs: Costs) -> Iterator[_CsvRow]:
    """The sheet as a file, in money with these costs; what is not shown has no figures."""
    worth, bill, days = sheet.worth, bill_of(sheet, costs), _days(sheet)
    for row in (
        _counted("hours_before", worth.before, "hours a week and person of the first sheet"),
        *(
            _csv("hours_saved", of, worth.saved.get(name), "hours a week and person")
            for name, of in (("all", "everybody"), ("coach", "coaches"), ("teacher", "teachers"))
        ),
        _csv("travel_saved", "everybody", worth.travel_saved, "hours a week and person"),
        _csv("hours_saved_in_all", "everybody", bill.hours, "hours"),
        _csv("cost_of_hours_saved", "everybody", bill.hours_cost, "money"),
        _counted("teachers", worth.teachers, "teachers"),
        _counted("kits_cost", bill.kits_cost, "money"),
        _csv("cost_of_a_teacher", "everybody", bill.teacher_year, "money a year"),
        _counted("comparison", costs.comparison, "money a teacher and year"),
        *(
            _csv("gain_of_classes", name, worth.gains.get(name), "points, by teacher")
            for name in ("coached", "others", "difference")
        ),
    ):
        yield [*days, *row]


def group_csv(sheet: Sheet) -> Iterator[_CsvRow]:
    """Coach hours saved beside student gain, a row for each group of schools."""
    for row in sheet.worth.groups:
        name = row.title if row.name else "the whole district"
        yield [*_days(sheet), name, *_cells(row.saved), *_cells(row.gain), CAUTION]


def _days(sheet: Sheet) -> tuple[str, str]:
    """The first and the last, in every row as well."""
    return sheet.span.first.isoformat(), sheet.span.last_day.isoformat()


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
