"""What the authority remembers: codes, kits, certificates, who is revoked. One SQLite file.

Every change is durable before its effect is answered; a try of a code is counted before the
authority proves anything. Times are whole seconds of UTC.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contract.files.sqlite_file import WriterLock, open_database, store_errors, transaction
from contract.language import N_
from ingest.authority.failures import FailedStateError

__all__ = ["MAX_TRIES", "STATE_FILE", "AuthorityState", "Code", "Kit"]

MAX_TRIES: Final = 5
STATE_FILE: Final = "authority.db"
_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE code (
    id INTEGER PRIMARY KEY AUTOINCREMENT, slot INTEGER NOT NULL UNIQUE, node TEXT NOT NULL UNIQUE,
    site TEXT NOT NULL, room TEXT NOT NULL, digits TEXT NOT NULL, secret TEXT NOT NULL,
    settings TEXT NOT NULL, tries INTEGER NOT NULL, expires INTEGER NOT NULL
) STRICT;
CREATE TABLE kit (
    node TEXT PRIMARY KEY, site TEXT NOT NULL, room TEXT NOT NULL, enrolled INTEGER NOT NULL,
    revoked INTEGER, disconnected INTEGER
) STRICT;
CREATE TABLE certificate (
    serial TEXT PRIMARY KEY, node TEXT NOT NULL, key TEXT NOT NULL, der BLOB NOT NULL,
    expires INTEGER NOT NULL, revoked INTEGER
) STRICT;
CREATE INDEX certificate_of ON certificate (node, key);
CREATE TABLE published (only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL) STRICT;
INSERT INTO published VALUES (1, 0)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A code that was made and not used; it may be expired or void."""

    id: int
    slot: int
    node: str
    site: str
    room: str
    digits: str
    secret: str
    settings: str
    tries: int
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """A node that got a certificate, now or once."""

    node: str
    site: str
    room: str
    enrolled: int
    revoked: int | None
    disconnected: int | None


class AuthorityState:
    """The file, held by one process."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / STATE_FILE
        self._lock = WriterLock(self._path)
        self._lock.acquire()
        self._db = open_database(self._path, _SCHEMA, _VERSION, journal="delete")
        self._db.row_factory = sqlite3.Row

    def close(self) -> None:
        self._db.close()
        self._lock.release()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One durable change; the methods below that change something are called within it."""
        with store_errors(self._path), transaction(self._db):
            yield

    # Codes.

    def codes(self) -> list[Code]:
        return [Code(**row) for row in self._rows("SELECT * FROM code ORDER BY node")]

    def code_in(self, slot: int) -> Code | None:
        rows = self._rows("SELECT * FROM code WHERE slot = ?", slot)
        return Code(**rows[0]) if rows else None

    def add_code(
        self, *, slot: int, node: str, site: str, room: str, digits: str, secret: str,
        settings: str, expires: int,
    ) -> None:  # fmt: skip
        """Add a code; an older one of the node or in the slot goes."""
        self._db.execute("DELETE FROM code WHERE node = ? OR slot = ?", (node, slot))
        self._db.execute(
            "INSERT INTO code (slot, node, site, room, digits, secret, settings, tries, expires) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
            (slot, node, site, room, digits, secret, settings, expires),
        )

    def count_try(self, code: Code) -> None:
        self._db.execute("UPDATE code SET tries = tries + 1 WHERE id = ?", (code.id,))

    def take_code(self, code: Code) -> bool:
        """Remove a code that was used; false if it is gone already."""
        return self._db.execute("DELETE FROM code WHERE id = ?", (code.id,)).rowcount == 1

    def drop_code(self, node: str) -> None:
        self._db.execute("DELETE FROM code WHERE node = ?", (node,))

    # Kits and certificates.

    def kits(self) -> list[Kit]:
        return [Kit(**row) for row in self._rows("SELECT * FROM kit ORDER BY node")]

    def kit(self, node: str) -> Kit | None:
        rows = self._rows("SELECT * FROM kit WHERE node = ?", node)
        return Kit(**rows[0]) if rows else None

    def put_kit(self, node: str, site: str, room: str, now: int) -> None:
        """A node has a certificate from now on, for this room."""
        self._db.execute(
            "INSERT INTO kit VALUES (?, ?, ?, ?, NULL, NULL) ON CONFLICT (node) DO UPDATE SET "
            "site = ?, room = ?, enrolled = ?, revoked = NULL, disconnected = NULL",
            (node, site, room, now, site, room, now),
        )

    def add_certificate(
        self, serial: int, node: str, key: str, der: bytes, expires: int, now: int | None = None
    ) -> None:
        self._db.execute(
            "INSERT INTO certificate VALUES (?, ?, ?, ?, ?, ?)",
            (f"{serial:x}", node, key, der, expires, now),
        )

    def certificate_for(self, node: str, key: str) -> bytes | None:
        """The newest certificate of a node for one key, if it is not revoked."""
        rows = self._rows(
            "SELECT der FROM certificate WHERE node = ? AND key = ? AND revoked IS NULL "
            "ORDER BY expires DESC LIMIT 1",
            node,
            key,
        )
        return bytes(rows[0]["der"]) if rows else None

    def is_revoked(self, serial: int) -> bool | None:
        """Whether a certificate is revoked; None if it is not known here."""
        rows = self._rows("SELECT revoked FROM certificate WHERE serial = ?", f"{serial:x}")
        return rows[0]["revoked"] is not None if rows else None

    def expiry_of(self, node: str) -> int | None:
        """When the newest certificate of a node ends that is not revoked."""
        row = self._rows(
            "SELECT max(expires) AS ends FROM certificate WHERE node = ? AND revoked IS NULL", node
        )[0]
        return None if row["ends"] is None else int(row["ends"])

    def count_valid(self, node: str, now: int) -> int:
        """How many certificates of a node are neither revoked nor over."""
        row = self._rows(
            "SELECT count(*) AS n FROM certificate WHERE node = ? AND revoked IS NULL AND expires > ?",
            node,
            now,
        )[0]
        return int(row["n"])

    def revoke_certificates(self, node: str, now: int, *, but: int | None = None) -> int:
        """Revoke all certificates of a node except one; how many."""
        return self._db.execute(
            "UPDATE certificate SET revoked = ? WHERE node = ? AND revoked IS NULL AND serial != ?",
            (now, node, "" if but is None else f"{but:x}"),
        ).rowcount

    def mark_revoked(self, node: str, now: int) -> None:
        self._db.execute(
            "UPDATE kit SET revoked = coalesce(revoked, ?), disconnected = NULL WHERE node = ?",
            (now, node),
        )

    def mark_disconnected(self, node: str, now: int) -> None:
        self._db.execute(
            "UPDATE kit SET disconnected = ? WHERE node = ? AND revoked IS NOT NULL", (now, node)
        )

    def revoked_serials(self) -> list[int]:
        rows = self._rows("SELECT serial FROM certificate WHERE revoked IS NOT NULL")
        return [int(row["serial"], 16) for row in rows]

    def next_number(self) -> int:
        """The number of the list that is published next."""
        self._db.execute("UPDATE published SET number = number + 1")
        return int(self._rows("SELECT number FROM published")[0]["number"])

    def _rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise FailedStateError(
                N_("{path} can't be read ({error}): check the disk."), path=self._path, error=error
            ) from error
