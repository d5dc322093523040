"""The audit log as the pages read it, and as they record what changes nothing in the database."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.audit.entries import Entry
from school.audit.reading import done_to, events_of_lesson, first_look, latest, of_actions, own
from school.audit.records import Action, ExportedFile, Thing
from school.database import SchoolDatabase

__all__ = ["AuditStore"]

LOOK_NS: Final = 600 * SECOND_NS
"""Looks of one person at one thing within this time are one entry."""
_MAX_LOOKS: Final = 10_000


class AuditStore:
    """Any number of programs may use it."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database
        self._looks: dict[tuple[str | None, str, str], int] = {}
        """When this program recorded a look last; the latest ones."""

    def record_look(
        self, by: Actor, thing: Thing, thing_id: str = "", *, lesson: str | None = None
    ) -> None:
        """Record that someone looks at something."""
        look = by.person, thing, thing_id
        if 0 <= by.utc_ns - self._looks.get(look, -LOOK_NS) < LOOK_NS:
            return  # without a transaction: pages ask for a lesson many times
        with self._database.recording() as connection:
            by.record_look(connection, thing, thing_id, lesson=lesson, within_ns=LOOK_NS)
        while len(self._looks) >= _MAX_LOOKS:
            del self._looks[next(iter(self._looks))]
        self._looks[look] = by.utc_ns

    def record_export(
        self,
        by: Actor,
        thing: Thing,
        thing_id: str,
        *,
        lesson: str | None = None,
        file: ExportedFile,
    ) -> None:
        """Record that someone takes a file of something; each is an entry."""
        with self._database.recording() as connection:
            by.record(connection, "exported", thing, thing_id, lesson=lesson, detail={"file": file})

    def record_pack(self, by: Actor) -> None:
        """Record that someone writes an oversight pack."""
        with self._database.recording() as connection:
            by.record(connection, "wrote_pack", "oversight_pack")

    def record_refusal(self, by: Actor, person: tuple[str, str] | None) -> None:
        """Record a sign-in that was refused: of a person, by id and name, or of nobody's name."""
        with self._database.recording() as connection:
            if person is None:
                by.record(connection, "sign_in_failed", "unknown_person")
            else:
                by.record_about(connection, "sign_in_failed", *person)

    def record_code(self, by: Actor, room: str, node: str) -> None:
        """Record that a kit's code was made; the code itself stands nowhere."""
        with self._database.recording() as connection:
            by.record(connection, "made_code", "kit", node, detail={"room": room})

    def record_lock_out(self, by: Actor, room: str, node: str) -> None:
        """Record that a kit was locked out; `room` is "" if the authority knows none."""
        with self._database.recording() as connection:
            detail = {"room": room} if room else {}
            by.record(connection, "locked_out", "kit", node, detail=detail)

    def first_look(self, lesson: str, person: str, since_utc_ns: int) -> int | None:
        """When someone opened a lesson or its video, first after a time; None if they did not."""
        with self._database.reading() as connection:
            return first_look(connection, lesson, person, since_utc_ns)

    def of_lesson(self, lesson: str, limit: int, before: int | None = None) -> list[Entry]:
        """What was done to a lesson, the newest first."""
        with self._database.reading() as connection:
            return events_of_lesson(connection, lesson, limit=limit, before=before)

    def latest(
        self, limit: int, before: int | None = None, *, actions: Collection[Action] | None = None
    ) -> list[Entry]:
        """Everything, or what consists of some actions, the newest first."""
        with self._database.reading() as connection:
            if actions is None:
                return latest(connection, limit, before)
            return of_actions(connection, actions, limit, before)

    def done_to(
        self, person: str, actions: Collection[Action], since_utc_ns: int, limit: int
    ) -> list[Entry]:
        """What others did to someone of these actions, since a time, the newest first."""
        with self._database.reading() as connection:
            return done_to(connection, person, actions, since_utc_ns, limit)

    def of_person(self, person: str, limit: int, before: int | None = None) -> list[Entry]:
        """What someone did, the newest first."""
        with self._database.reading() as connection:
            return own(connection, person, limit=limit, before=before)
