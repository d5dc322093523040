"""What the programme was worth, as rows of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, Protocol

from contract.language import N_, _, ngettext
from dashboard_api.language.dates import number_text
from dashboard_api.views.days import day_of, start_of
from school.ledger.interval import Estimate
from school.ledger.store import LedgerStore
from school.ledger.worth import GroupRow, Worth, saving_of, worth_of
from school.programme.store import ProgrammeStore

__all__ = ["GroupLine", "SheetLine", "group_lines", "read_worth", "sheet_lines"]

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


class _Kept(Protocol):
    """What the sheet is read from: the pages' stores, or those of a school."""

    @property
    def ledger(self) -> LedgerStore: ...
    @property
    def programme(self) -> ProgrammeStore: ...


def read_worth(stores: _Kept, zone: tzinfo | None, utc_ns: int) -> Worth:
    """The sheet of now; no week of anybody leaves this function."""
    costs = stores.ledger.costs()
    savings = {
        person: saving
        for person, weeks in stores.ledger.all_weeks().items()
        if (saving := saving_of(weeks, costs)) is not None
    }
    start = costs.starts_on
    return worth_of(
        savings, stores.ledger.coaches(), stores.programme.sites_of_people(),
        {group.name: group.sites for group in stores.programme.groups()},
        costs, stores.ledger.outcomes(),
        teachers=0 if start is None else stores.ledger.teachers_since(start_of(start, zone)),
        kits=stores.ledger.kits(), today=day_of(utc_ns, zone),
    )  # fmt: skip


def sheet_lines(worth: Worth, comparison: float) -> list[SheetLine]:
    """The sheet for people to read."""
    return [
        _estimate(_("Hours saved a week and person, everybody"), worth.saved.get("all"), 2),
        _estimate(_("Hours saved a week and person, coaches"), worth.saved.get("coach"), 2),
        _estimate(_("Hours saved a week and person, teachers"), worth.saved.get("teacher"), 2),
        _estimate(_("Hours of travel saved a week and person, as they say"), worth.travel_saved, 2),
        _estimate(_("All hours saved in the weeks that were kept"), worth.hours, 0),
        _estimate(_("What these hours cost"), worth.money, 0),
        _known(_("Teachers with a lesson since the start"), worth.teachers),
        _known(_("Kits’ cost to date"), worth.kits_cost, ngettext("{n} kit", "{n} kits", worth.kits)),
        _estimate(_("Cost of a teacher and year: kits, and the time that is kept"), worth.teacher_year, 0),
        _known(_("For comparison: a teacher and year of coaching without it"), comparison),
        _gain(_("Gain of coached classes"), worth, "coached"),
        _gain(_("Gain of the other classes"), worth, "others"),
        _gain(_("Difference between the two"), worth, "difference"),
    ]  # fmt: skip


def group_lines(rows: Sequence[GroupRow], titles: Mapping[str, str]) -> list[GroupLine]:
    return [
        GroupLine(
            name=titles[row.name] if row.name else _("The whole district"),
            saved=_in_one(row.saved), gain=_in_one(row.gain),
        )
        for row in rows
    ]  # fmt: skip


def _estimate(words: str, found: Estimate | None, digits: int) -> SheetLine:
    if found is None:
        return SheetLine(words=words, n="", value="", interval=_(_TOO_FEW))
    return SheetLine(
        words=words, n=str(found.n), value=number_text(found.value, digits),
        interval=_span(found, digits),
    )  # fmt: skip


def _gain(words: str, worth: Worth, name: str) -> SheetLine:
    line = _estimate(words, worth.gains.get(name), 2)
    classes = worth.classes.get(name)
    if classes is None or not line.value:
        return line
    n = ngettext("{teachers}, with {n} class", "{teachers}, with {n} classes", classes, teachers=line.n)  # fmt: skip
    return SheetLine(words=words, n=n, value=line.value, interval=line.interval)


def _known(words: str, value: float | None, of: str = "") -> SheetLine:
    if value is None:
        return SheetLine(words=words, n=of, value="", interval=_(_TOO_FEW))
    return SheetLine(words=words, n=of, value=number_text(value), interval=_("counted"))


def _span(found: Estimate, digits: int) -> str:
    return _(
        "{low} to {high}",
        low=number_text(found.low, digits), high=number_text(found.high, digits),
    )  # fmt: skip


def _in_one(found: Estimate | None) -> str:
    if found is None:
        return _(_TOO_FEW)
    return _(
        "{value} ({span}; n = {n})", value=number_text(found.value, 2), span=_span(found, 2), n=found.n
    )  # fmt: skip
