"""An audit log to test, and to tamper with: what is changed there is undone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Connection

from contract.clock import SECOND_NS, ManualClock
from school.audit.log import append
from school.audit.names import actor_of
from school.audit.records import Event
from school.audit.upkeep import AuditUpkeep
from school.audit.verify import Verdict, Verification
from school.database import SchoolDatabase, open_school_database

HOUR_S = 3_600
DAY_S = 86_400
TRIGGERS = (
    "audit_events_unchanged", "audit_events_not_replaced", "audit_events_kept",
    "audit_head_rises", "audit_head_kept",
)  # fmt: skip


class Undone(Exception):  # noqa: N818 - it is no error
    """Ends a transaction without a commit."""


@dataclass
class Held:
    """A database whose one connection is in a transaction already."""

    connection: Connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        yield self.connection


class Log:
    """One log, with a clock of its own and what keeps it in order."""

    def __init__(self, directory: Path, url: SecretStr | None = None) -> None:
        self.directory, self.url = directory, url
        directory.mkdir(exist_ok=True)
        self.database: SchoolDatabase = open_school_database(directory, url)
        self.clock = ManualClock()
        self.upkeep = AuditUpkeep(
            open_database=lambda: open_school_database(directory, url),
            directory=directory, clock=self.clock,
        )  # fmt: skip
        self.progress: list[str] = []

    def add(self, count: int = 1, *, who: str = "ada", lesson: str | None = "maths-1") -> None:
        """Entries, a second apart."""
        with self.database.recording() as connection:
            actor = actor_of(connection, who, f"{who.title()} Okafor")
            for number in range(count):
                self.clock.advance(1)
                append(
                    connection,
                    Event(
                        at_utc_ns=self.clock.utc_ns(), actor=actor, action="saw", thing="lesson",
                        thing_id=lesson or "art-1", lesson=lesson, detail={"page": number},
                    ),
                )  # fmt: skip

    def note_head(self) -> None:
        """An hour passes, and the head is noted."""
        self.clock.advance(HOUR_S)
        self.upkeep.step()

    def retire(self, days: int = 730, most: int = 2_000) -> int:
        before_ns = self.clock.utc_ns() - days * DAY_S * SECOND_NS
        return self.upkeep.retire(before_utc_ns=before_ns, most=most)

    def verdict(self, connection: Connection | None = None) -> Verdict:
        held: SchoolDatabase = self.database
        if connection is not None:
            held = Held(connection)  # type: ignore[assignment]
        return Verification(
            database=held, directory=self.directory, clock=self.clock, say=self.progress.append
        ).run()

    @contextmanager
    def tampered(self) -> Iterator[Connection]:
        """What somebody with all rights may do, in a transaction that is undone."""
        with suppress(Undone), self.database.recording() as connection:
            if self.url is None:
                for name in TRIGGERS:
                    connection.exec_driver_sql(f"DROP TRIGGER {name}")
            else:
                for table in ("audit_events", "audit_head"):
                    connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield connection
            raise Undone
