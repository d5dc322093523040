"""What the programme was worth, as rows of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from contract.language import N_, _, ngettext
from dashboard_api.language.dates import date_text, grouped_text
from school.ledger.interval import Estimate
from school.ledger.records import Costs, Span, monday_of
from school.ledger.sheets import Sheet, bill_of
from school.ledger.worth import GroupRow, Worth
from school.roster.records import Term

__all__ = ["GroupLine", "SheetLine", "group_lines", "sheet_lines", "span_text", "term_choices"]

_TOO_FEW: Final = N_("not shown: fewer than ten people, or too few to hide a small group")


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """One figure."""

    words: str
    n: str
    value: str
    """Empty if it is not shown; `interval` says why."""
    interval: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """Hours saved beside gains, of a group of schools."""

    name: str
    saved: str
    gain: str


def span_text(span: Span) -> str:
    """Its first and last day."""
    return _("{first} to {last}", first=date_text(span.first), last=date_text(span.last_day))


def term_choices(terms: Sequence[Term], earliest: date, latest: date) -> list[tuple[date, str]]:
    """The last days of terms with which the next sheet may end, and what to call each.

    `earliest` and `latest` are Sundays. Terms that end on one day are one choice.
    """
    names: dict[date, list[str]] = {}
    for term in terms:
        last_day = date.fromisoformat(term.ends_on) - timedelta(days=1)
        if monday_of(earliest) <= monday_of(last_day) <= latest:
            names.setdefault(last_day, []).append(term.name)
    return [
        (day, _("{names}, up to {day}", names=", ".join(dict.fromkeys(of)), day=date_text(day)))
        for day, of in names.items()
    ]


def sheet_lines(sheet: Sheet, costs: Costs) -> list[SheetLine]:
    """A sheet for people to read, in money with these costs."""
    worth, bill = sheet.worth, bill_of(sheet, costs)
    return [
        _known(_("Hours a week and person before the start (first sheet)"), worth.before, digits=2),
        _estimate(_("Hours saved a week and person, everybody"), worth.saved.get("all"), 2),
        _estimate(_("Hours saved a week and person, coaches"), worth.saved.get("coach"), 2),
        _estimate(_("Hours saved a week and person, teachers"), worth.saved.get("teacher"), 2),
        _estimate(_("Hours of travel saved a week and person, as they say"), worth.travel_saved, 2),
        _estimate(_("All hours saved in the weeks that were kept"), bill.hours, 0),
        _estimate(_("What these hours cost"), bill.hours_cost, 0),
        _known(_("Teachers with a lesson in these weeks"), worth.teachers),
        _known(_("Kits’ cost in these weeks"), bill.kits_cost, ngettext("{n} kit", "{n} kits", worth.kits)),
        _estimate(_("Cost of a teacher and year: kits, and the time that is kept"), bill.teacher_year, 0),
        _known(_("For comparison: a teacher and year of coaching without it"), costs.comparison),
        _gain(_("Gain of coached classes"), worth, "coached"),
        _gain(_("Gain of the other classes"), worth, "others"),
        _gain(_("Difference between the two"), worth, "difference"),
    ]  # fmt: skip


def group_lines(rows: Sequence[GroupRow]) -> list[GroupLine]:
    return [
        GroupLine(
            name=row.title if row.name else _("The whole district"),
            saved=_in_one(row.saved), gain=_in_one(row.gain),
        )
        for row in rows
    ]  # fmt: skip


def _estimate(words: str, found: Estimate | None, digits: int) -> SheetLine:
    if found is None:
        return SheetLine(words=words, n="", value="", interval=_(_TOO_FEW))
    return SheetLine(
        words=words, n=str(found.n), value=grouped_text(found.value, digits),
        interval=_span(found, digits),
    )  # fmt: skip


def _gain(words: str, worth: Worth, name: str) -> SheetLine:
    line = _estimate(words, worth.gains.get(name), 2)
    classes = worth.classes.get(name)
    if classes is None or not line.value:
        return line
    n = ngettext("{teachers}, with {n} class", "{teachers}, with {n} classes", classes, teachers=line.n)  # fmt: skip
    return SheetLine(words=words, n=n, value=line.value, interval=line.interval)


def _known(words: str, value: float | None, of: str = "", digits: int = 0) -> SheetLine:
    if value is None:
        return SheetLine(words=words, n=of, value="", interval=_(_TOO_FEW))
    return SheetLine(words=words, n=of, value=grouped_text(value, digits), interval=_("counted"))


def _span(found: Estimate, digits: int) -> str:
    return _(
        "{low} to {high}",
        low=grouped_text(found.low, digits), high=grouped_text(found.high, digits),
    )  # fmt: skip


def _in_one(found: Estimate | None) -> str:
    if found is None:
        return _(_TOO_FEW)
    return _(
        "{value} ({span}; n = {n})", value=grouped_text(found.value, 2), span=_span(found, 2), n=found.n
    )  # fmt: skip
