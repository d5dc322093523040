"""What keeps the audit log in order: a head outside the database each hour, and its retention."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from contract.clock import SECOND_NS, Clock
from contract.errors import StoreError
from school.audit.heads import HEADS, AuditKey, HeadsFile, is_signed, signed
from school.audit.log import last_removable, remove_up_to, tip
from school.database import SchoolDatabase

__all__ = ["AuditUpkeep"]

_LOG: Final = logging.getLogger("audit")
_HOUR_NS: Final = 3_600 * SECOND_NS
_FIRST_NS: Final = 60 * SECOND_NS
_LOOK_NS: Final = 300 * SECOND_NS


class AuditUpkeep:
    """Runs beside a program's work. It opens the database only for the moment that it needs it.

    A fault is logged and tried again: it must not hold up what it runs beside.
    """

    def __init__(
        self, *, open_database: Callable[[], SchoolDatabase], directory: Path, clock: Clock
    ) -> None:
        self._open = open_database
        self._key = AuditKey(directory)
        self._heads = HeadsFile(directory / HEADS)
        self._clock = clock
        self._next_ns = clock.elapsed_ns() + _FIRST_NS

    def step(self) -> None:
        """Look every five minutes; note a head if there are new entries and an hour has passed."""
        now_ns = self._clock.elapsed_ns()
        if now_ns < self._next_ns:
            return
        self._next_ns = now_ns + _LOOK_NS
        try:
            last = self._heads.last()
            utc_ns = self._clock.utc_ns()
            # A head that a wrong clock has dated later than now counts as old.
            if last is not None and 0 <= utc_ns - last.at_utc_ns < _HOUR_NS:
                return
            with closing(self._open()) as database, database.reading() as connection:
                self._note_head(connection, utc_ns)
        except StoreError as error:
            _LOG.error("%s The audit log gets no head until then.", error)

    def retire(self, *, before_utc_ns: int, most: int) -> int:
        """Remove entries from before a time, at most so many; how many. They leave a signed head.

        Only what a head outside the database covers, which was noted before that time: so nobody
        gets an entry removed by dating it back.
        """
        try:
            covered = self._covered(before_utc_ns)
            if not covered:
                return 0
            with closing(self._open()) as database:
                # Asked each hour, and mostly for nothing.
                with database.reading() as connection:
                    if not last_removable(connection, covered, before_utc_ns, most=1):
                        return 0
                    self._note_head(connection, self._clock.utc_ns())
                with database.recording() as connection:
                    last = last_removable(connection, covered, before_utc_ns, most)
                    if last is None:
                        return 0
                    head = signed("removed", last, self._clock.utc_ns(), self._usable_key())
                    return remove_up_to(connection, head)
        except StoreError as error:
            _LOG.error("%s No entry of the audit log is removed until then.", error)
            return 0

    def _covered(self, before_utc_ns: int) -> int:
        """The number of the newest head from before a time, if it is signed with the key."""
        key, head = self._key.read(), self._heads.last_before(before_utc_ns)
        if key is None or head is None or not is_signed("newest", head, key):
            return 0
        return head.number

    def _note_head(self, connection: Connection, utc_ns: int) -> None:
        """Append the newest entry to the file, unless it is there."""
        newest, last = tip(connection), self._heads.last()
        if newest.number > (0 if last is None else last.number):
            self._heads.append(signed("newest", newest, utc_ns, self._usable_key()))

    def _usable_key(self) -> bytes:
        """The key, made at first; another one in its place would make all signatures wrong."""
        key = self._key.read()
        if key is not None:
            return key
        if self._heads.size():
            raise StoreError(
                f"{self._key.path} is missing, and signatures in {HEADS} need it: copy it back from "
                "a backup."
            )
        return self._key.make()
