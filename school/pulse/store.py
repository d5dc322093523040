"""Answers to short questions, in the school's database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.pulse.records import LONGEST_WORDS, Answer, Deed, Kind, Tally, Words
from school.pulse.tables import pulse_counts, pulse_deeds, pulse_off, pulse_settled, pulse_words
from school.sql_store import SqlStore, put_row

__all__ = ["PulseStore"]


class PulseStore(SqlStore):
    """Any number of programs may use it, each change in a transaction of its own.

    Answers raise no revision and stand in no audit log: both would say when somebody tapped.
    """

    def is_off(self, person: str) -> bool:
        """Whether somebody wants no questions."""
        found = select(pulse_off.c.person).where(pulse_off.c.person == person)
        return bool(self._read(found))

    def switch(self, person: str, *, is_on: bool) -> None:
        """From now on somebody is asked, or is not."""
        with self._database.recording() as connection:
            if is_on:
                connection.execute(delete(pulse_off).where(pulse_off.c.person == person))
            else:
                put_row(connection, pulse_off, {"person": person})

    def settled(self, person: str, kind: Kind) -> frozenset[date]:
        """The latest weeks in which somebody has answered or skipped, each by its Monday."""
        found = select(pulse_settled.c.week).where(
            pulse_settled.c.person == person, pulse_settled.c.kind == kind
        )
        return frozenset(date.fromisoformat(row.week) for row in self._read(found))

    def settle(self, person: str, kind: Kind, weeks: Sequence[date], answer: Answer | None) -> bool:
        """Count a tap in the last of these weeks, and ask nothing more in any of them.

        Without an answer it was skipped. False if the last week is settled already: then nothing
        is counted.
        """
        this = max(weeks).isoformat()
        with self._database.recording() as connection:
            known = set(connection.scalars(
                select(pulse_settled.c.week).where(
                    pulse_settled.c.person == person, pulse_settled.c.kind == kind
                )
            ).all())  # fmt: skip
            if this in known:
                return False
            new = {week.isoformat() for week in weeks} - known
            connection.execute(
                insert(pulse_settled),
                [{"person": person, "kind": kind, "week": week} for week in sorted(new)],
            )
            if answer is not None:
                _count_one(connection, this, answer)
        return True

    def tallies(self, first: date, before: date) -> list[Tally]:
        """What was answered in the weeks from `first` on, the latest week first."""
        found = (
            select(pulse_counts)
            .where(
                pulse_counts.c.week >= first.isoformat(), pulse_counts.c.week < before.isoformat()
            )
            .order_by(
                pulse_counts.c.week.desc(),
                pulse_counts.c.site,
                pulse_counts.c.question,
                pulse_counts.c.step,
            )
        )
        steps: dict[tuple[str, str, str], dict[int, int]] = {}
        for row in self._read(found):
            steps.setdefault((row.week, row.site, row.question), {})[row.step] = row.n
        return [
            Tally(
                monday=date.fromisoformat(week), site=site, question=question,
                counts=tuple(by.get(step, 0) for step in range(max(by) + 1)),
            )
            for (week, site, question), by in steps.items()
        ]  # fmt: skip

    def deeds(self, sites: Sequence[str] | None = None) -> list[Deed]:
        """What was done about answers, the latest first: of all schools, or of these."""
        found = select(pulse_deeds).order_by(pulse_deeds.c.day.desc(), pulse_deeds.c.id)
        if sites is not None:
            found = found.where(pulse_deeds.c.site.in_(sites))
        return [
            Deed(
                id=row.id, site=row.site, day=date.fromisoformat(row.day), said=row.said,
                did=row.did,
            )
            for row in self._read(found)
        ]  # fmt: skip

    def add_deed(self, deed: Deed, by: Actor) -> None:
        """Publish one."""
        with self._database.writing() as connection:
            connection.execute(insert(pulse_deeds), asdict(deed) | {"day": deed.day.isoformat()})
            by.record(connection, "described", "deed", deed.id)

    def remove_deed(self, deed: str, by: Actor) -> None:
        """Remove one; nothing happens if it is not there."""
        with self._database.writing() as connection:
            gone = connection.execute(delete(pulse_deeds).where(pulse_deeds.c.id == deed))
            if gone.rowcount:
                by.record(connection, "removed_description", "deed", deed)

    def write(self, words: Words) -> None:
        """Somebody writes to a reader of their choice. Raises UsageError."""
        if not words.text.strip():
            raise UsageError(_("Write something first."))
        if len(words.text) > LONGEST_WORDS:
            raise UsageError(_("{n} characters fit here.", n=LONGEST_WORDS))
        with self._database.writing() as connection:
            connection.execute(insert(pulse_words), asdict(words))

    def written_by(self, person: str) -> list[Words]:
        """What somebody wrote, the latest first."""
        return self._words(pulse_words.c.person == person)

    def written_to(self, reader: str) -> list[Words]:
        """What was written to somebody, the latest first."""
        return self._words(pulse_words.c.reader == reader)

    def remove_words(self, words: str, person: str) -> None:
        """Whoever wrote it or was chosen to read it removes it, for both."""
        theirs = or_(pulse_words.c.person == person, pulse_words.c.reader == person)
        with self._database.removing() as connection:
            connection.execute(delete(pulse_words).where(pulse_words.c.id == words, theirs))

    def _words(self, which: ColumnElement[bool]) -> list[Words]:
        found = (
            select(pulse_words)
            .where(which)
            .order_by(pulse_words.c.written_utc_ns.desc(), pulse_words.c.id)
        )
        return [Words(**row._asdict()) for row in self._read(found)]


def _count_one(connection: Connection, week: str, answer: Answer) -> None:
    key = {"week": week, "site": answer.site, "question": answer.question, "step": answer.step}
    of_key = and_(*(pulse_counts.c[name] == value for name, value in key.items()))
    more = update(pulse_counts).where(of_key).values(n=pulse_counts.c.n + 1)
    if not connection.execute(more).rowcount:
        connection.execute(insert(pulse_counts), key | {"n": 1})
