"""The ledger's two CSV files: one's own weeks, and outcomes by class. All of a file or nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from datetime import date
from typing import Final

from contract.errors import UsageError
from contract.files.csv_table import CsvRow, read_table
from contract.language import _
from contract.lesson import SMALLEST_ZONE
from school.ledger.records import COLUMNS, MAX_MINUTES, Outcome, Week

__all__ = ["OUTCOME_COLUMNS", "WEEK_COLUMNS", "read_outcomes", "read_weeks"]

WEEK_COLUMNS: Final = ("monday", *COLUMNS)
OUTCOME_COLUMNS: Final = ("school", "class", "teacher", "coached", "pupils", "before", "after")
_MAX_WEEKS: Final = 600
_MAX_CLASSES: Final = 20_000
_MAX_PUPILS: Final = 1_000
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,15})?", re.ASCII)
_WITH_COMMA: Final = re.compile(r"[+-]?[0-9]+(,[0-9]+)+(\.[0-9]+)?", re.ASCII)


def read_weeks(text: str, *, name: str) -> list[Week]:
    """One's own weeks, in minutes; raises UsageError, which names the line."""
    weeks: dict[date, Week] = {}
    for row in read_table(text, name=name, columns=WEEK_COLUMNS):
        monday = _day(row, "monday")
        if monday in weeks:
            raise UsageError(
                _("{where}: the week of {day} stands there twice.", where=row.where, day=monday)
            )
        minutes = {kind: _whole(row, kind, 0, MAX_MINUTES) for kind in COLUMNS}
        try:
            weeks[monday] = Week(monday=monday, **minutes)
        except UsageError as error:
            raise UsageError(f"{row.where}: {error}") from error
        if len(weeks) > _MAX_WEEKS:
            raise UsageError(_("{name} has more than {most} weeks.", name=name, most=_MAX_WEEKS))
    return list(weeks.values())


def read_outcomes(
    text: str, *, name: str, sites: Collection[str], draw: random.Random
) -> list[Outcome]:
    """Outcomes by class; raises UsageError, which names the line.

    What the file calls classes and teachers is used to find what stands there twice and which
    classes have one teacher, and is not in the result, whose order is drawn.
    """
    found: list[tuple[str, Outcome]] = []
    classes: dict[tuple[str, str], str] = {}
    for row in read_table(text, name=name, columns=OUTCOME_COLUMNS):
        site, called, teacher = (row.values[key] for key in ("school", "class", "teacher"))
        if site not in sites:
            raise UsageError(_("{where}: there is no school “{school}”.", where=row.where, school=site[:60]))  # fmt: skip
        if not called or not teacher:
            raise UsageError(_("{where}: class or teacher is empty.", where=row.where))
        if (site, called) in classes:
            raise UsageError(
                _(
                    "{where}: this class stands in {first} too.",
                    where=row.where, first=classes[site, called],
                )
            )  # fmt: skip
        classes[site, called] = row.where
        outcome = Outcome(
            site=site, teacher=0, is_coached=_yes(row, "coached"),
            pupils=_whole(row, "pupils", SMALLEST_ZONE, _MAX_PUPILS),
            before=_real(row, "before"), after=_real(row, "after"),
        )  # fmt: skip
        found.append((teacher, outcome))
        if len(found) > _MAX_CLASSES:
            raise UsageError(_("{name} has more than {most} classes.", name=name, most=_MAX_CLASSES))  # fmt: skip
    if not found:
        raise UsageError(_("{name} has no class in it.", name=name))
    draw.shuffle(found)
    numbers: dict[str, int] = {}
    return [
        Outcome(
            site=each.site, teacher=numbers.setdefault(teacher, len(numbers) + 1),
            is_coached=each.is_coached, pupils=each.pupils, before=each.before, after=each.after,
        )
        for teacher, each in found
    ]  # fmt: skip


def _day(row: CsvRow, column: str) -> date:
    try:
        return date.fromisoformat(row.values[column])
    except ValueError:
        raise _wrong(row, column, _("a day such as 2026-09-07")) from None


def _whole(row: CsvRow, column: str, low: int, high: int) -> int:
    text = row.values[column]
    # int() takes underscores and other scripts' digits too; a file has neither.
    if text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high:
        return int(text)
    raise _wrong(row, column, _("a whole number from {low} to {high}", low=low, high=high))


def _real(row: CsvRow, column: str) -> float:
    text = row.values[column]
    if _WITH_COMMA.fullmatch(text):
        # 1,250 may be one and a quarter, or more than a thousand.
        raise _wrong(row, column, _("a number with a point and no comma, such as 52.5"))
    # float() takes underscores, exponents and other scripts' digits too; a file has none of them.
    if not _NUMBER.fullmatch(text):
        raise _wrong(row, column, _("a number such as 52.5"))
    return float(text)


def _yes(row: CsvRow, column: str) -> bool:
    known = {"yes": True, "no": False}
    value = known.get(row.values[column].lower())
    if value is None:
        raise _wrong(row, column, _("yes or no"))
    return value


def _wrong(row: CsvRow, column: str, expected: str) -> UsageError:
    return UsageError(
        _(
            "{where}: {column} is “{text}”, expected {expected}.",
            where=row.where, column=column, text=row.values[column][:60], expected=expected,
        )
    )  # fmt: skip
