"""Sheets of what the programme was worth, in the school's database: each span is counted once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import insert, select

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.ledger.counted import marks_of, not_counted
from school.ledger.records import Outcome, Span, monday_of
from school.ledger.sheets import MIN_SHEET_WEEKS, Sheet, earliest_last_day
from school.ledger.store import LedgerStore
from school.ledger.tables import worth_sheets
from school.ledger.worth import Worth, saving_of, worth_of
from school.programme.store import ProgrammeStore
from school.sql_store import SqlStore

__all__ = ["SheetStore"]

_SHEETS: Final = select(worth_sheets).order_by(worth_sheets.c.number.desc())
_WORTH: Final = TypeAdapter(Worth)


class SheetStore(SqlStore):
    """A span is counted once, with the people, schools and groups of that day, and stays as it is.

    Spans follow one another, so each week of somebody's counts in one sheet at most. Computed at
    each opening, two sheets would differ by the one person who kept a week or moved in between.
    """

    def sheets(self) -> list[Sheet]:
        """All that are counted, the latest first."""
        return [_sheet(row) for row in self._read(_SHEETS)]

    def next_week(self) -> date | None:
        """The Monday with which the next sheet begins; None while the programme has no start."""
        rows = self._read(_SHEETS.limit(1))
        return (
            _sheet(rows[0]).span.day_after
            if rows
            else LedgerStore(self._database).costs().starts_on
        )

    def new_outcomes(self) -> list[Outcome]:
        """Of the outcomes that are kept now, those of classes whose results are in no sheet yet."""
        rows, ledger = self._read(_SHEETS), LedgerStore(self._database)
        if rows and rows[0].outcomes_utc_ns == ledger.outcomes_read_utc_ns():
            return []
        return not_counted(ledger.outcomes(), [row.outcome_marks for row in rows])

    def count(self, last_day: date, by: Actor, *, zone: tzinfo | None, today: date) -> Sheet:
        """Count the weeks up to that of a day, or return the sheet that ends with it already.

        A sheet of which nothing is of ten people is kept like any other: a refusal that ends one day
        would say that the tenth person kept their weeks since. Raises UsageError without a start, and
        for weeks that are not over or too few: nothing is kept then.
        """
        last = monday_of(last_day)
        ledger, sheets = LedgerStore(self._database), self.sheets()
        if sheets and sheets[0].span.last == last:
            return sheets[0]
        first = sheets[0].span.day_after if sheets else ledger.costs().starts_on
        if first is None:
            raise UsageError(_("Enter first on which Monday the programme began."))
        span = Span(first=first, last=last)
        if span.weeks < MIN_SHEET_WEEKS:
            raise UsageError(
                _(
                    "A sheet has {least} weeks or more: this one begins on {first}, so its last day is {earliest} or later.",
                    least=MIN_SHEET_WEEKS, first=first, earliest=earliest_last_day(first),
                )
            )  # fmt: skip
        if last > today - timedelta(days=7):
            raise UsageError(_("The week of {day} is not over yet; count it then.", day=last))
        starts_on = sheets[0].starts_on if sheets else first
        read_utc_ns, outcomes = ledger.outcomes_read_utc_ns(), self.new_outcomes()
        before = next(
            (each.worth.before for each in reversed(sheets) if each.worth.before is not None), None
        )
        worth = self._worth(span, starts_on, zone, before, outcomes)
        shown = [each for each in outcomes if each.is_coached in worth.parts]
        with self._database.writing() as connection:
            latest = connection.execute(_SHEETS.limit(1)).first()
            if latest is not None and latest.last_week == last.isoformat():
                return _sheet(latest)
            before = 0 if latest is None else latest.number
            if before != len(sheets) or (not sheets and LedgerStore.start_in(connection) != first):
                raise UsageError(
                    _("Somebody else counted a sheet or changed the start just now: look again.")
                )
            values = {
                "number": before + 1, "starts_on": starts_on.isoformat(),
                "first_week": first.isoformat(), "last_week": last.isoformat(),
                "body": _WORTH.dump_json(worth).decode(), "counted_utc_ns": by.utc_ns,
                "outcomes_utc_ns": read_utc_ns,
                "outcome_marks": marks_of(shown, secrets.token_hex(8)),
            }  # fmt: skip
            connection.execute(insert(worth_sheets), values)
            detail = {} if worth.teachers is None else {"teachers": worth.teachers}
            by.record(
                connection, "counted", "worth_sheet", span.last_day.isoformat(), detail=detail
            )
            return _sheet(connection.execute(_SHEETS.limit(1)).one())

    def _worth(
        self,
        span: Span,
        starts_on: date,
        zone: tzinfo | None,
        before: float | None,
        outcomes: Sequence[Outcome],
    ) -> Worth:
        """No week of anybody leaves this function."""
        ledger, programme = LedgerStore(self._database), ProgrammeStore(self._database)
        savings = {
            person: saving
            for person, weeks in ledger.all_weeks().items()
            if (saving := saving_of(weeks, starts_on, span)) is not None
        }
        return worth_of(
            savings, ledger.coaches(), programme.sites_of_people(), programme.groups(), outcomes,
            teachers=ledger.teachers_between(
                _start_of(span.first, zone), _start_of(span.day_after, zone)
            ),
            kits=ledger.kits(), before=before,
        )  # fmt: skip


def _start_of(day: date, zone: tzinfo | None) -> int:
    """The UTC of a day's midnight; `zone` None is the computer's own."""
    return round(datetime.combine(day, time.min, tzinfo=zone).timestamp()) * SECOND_NS


def _sheet(row: Any) -> Sheet:
    return Sheet(
        number=row.number, starts_on=date.fromisoformat(row.starts_on),
        span=Span(
            first=date.fromisoformat(row.first_week), last=date.fromisoformat(row.last_week)
        ),
        worth=_WORTH.validate_json(row.body), counted_utc_ns=row.counted_utc_ns,
    )  # fmt: skip
