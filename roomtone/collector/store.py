"""The collector's file: the sites that it knows, and their reports, which nothing changes or removes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from contract.aggregates.report import Report, decode
from contract.errors import StoreError, UsageError
from contract.files.sqlite_file import transaction

__all__ = ["CollectorStore", "FormerKey", "KnownSite"]

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS sites (
    name TEXT PRIMARY KEY, title TEXT NOT NULL, public_key BLOB NOT NULL, added_utc_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reports (
    site TEXT NOT NULL REFERENCES sites(name), month TEXT NOT NULL, body BLOB NOT NULL,
    signature BLOB NOT NULL, taken_utc_ns INTEGER NOT NULL, PRIMARY KEY (month, site)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS former_keys (
    site TEXT NOT NULL REFERENCES sites(name), public_key BLOB NOT NULL, until_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (site, until_utc_ns)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS reports_stay BEFORE UPDATE ON reports
BEGIN SELECT RAISE(ABORT, 'a report stays as it came'); END;
CREATE TRIGGER IF NOT EXISTS reports_remain BEFORE DELETE ON reports
BEGIN SELECT RAISE(ABORT, 'a report is not removed'); END;
PRAGMA user_version = 2;
"""
_VERSION: Final = 2
"""Since 2 it has `former_keys`, and sites may share a key."""
_FROM_1: Final = """
BEGIN IMMEDIATE;
CREATE TABLE sites_2 (
    name TEXT PRIMARY KEY, title TEXT NOT NULL, public_key BLOB NOT NULL, added_utc_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO sites_2 SELECT name, title, public_key, added_utc_ns FROM sites;
DROP TABLE sites;
ALTER TABLE sites_2 RENAME TO sites;
COMMIT;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSite:
    """A site whose reports are taken."""

    name: str
    title: str
    public_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerKey:
    """A key that a site has lost, or replaced."""

    site: str
    public_key: bytes
    until_utc_ns: int


class CollectorStore:
    """One process writes it, several may read it."""

    def __init__(self, path: Path) -> None:
        """Open it, made if it is missing. Raises StoreError."""
        self._path = path
        with self._speaking(), ExitStack() as opened:
            self._db = opened.enter_context(
                closing(sqlite3.connect(path, timeout=10, isolation_level=None))
            )
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise StoreError(f"{path} is of a later version; use the program that made it.")
            self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
            if version == 1:
                self._db.executescript(_FROM_1)
            self._db.execute("PRAGMA foreign_keys = ON")
            if version < _VERSION:
                self._db.executescript(_TABLES)
            opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._db.close()

    def add_site(self, site: KnownSite, utc_ns: int) -> None:
        """Raises UsageError where its name is known. The sites of one server share its key."""
        with self._speaking():
            try:
                self._db.execute(
                    "INSERT INTO sites VALUES (?, ?, ?, ?)",
                    (site.name, site.title, site.public_key, utc_ns),
                )
            except sqlite3.IntegrityError as error:
                raise UsageError(f"there is a site {site.name} already.") from error

    def replace_key(self, name: str, public_key: bytes, utc_ns: int) -> FormerKey:
        """Take reports by another key from now on; returns the one before, which is noted.

        Raises UsageError for a site that nobody has added, and for the key that it has.
        """
        with self._speaking(), transaction(self._db):
            before = self.key_of(name)
            if before is None:
                raise UsageError(
                    f"there is no site {name}; `roomtone collector add` takes its reports."
                )
            if before == public_key:
                raise UsageError(f"{name} has this key already.")
            self._db.execute("INSERT INTO former_keys VALUES (?, ?, ?)", (name, before, utc_ns))
            self._db.execute("UPDATE sites SET public_key = ? WHERE name = ?", (public_key, name))
        return FormerKey(site=name, public_key=before, until_utc_ns=utc_ns)

    def former_keys(self, site: str) -> list[FormerKey]:
        """Those that were replaced, the latest first: they signed what came until then."""
        with self._speaking():
            rows = self._db.execute(
                "SELECT public_key, until_utc_ns FROM former_keys WHERE site = ? "
                "ORDER BY until_utc_ns DESC",
                (site,),
            ).fetchall()
        return [FormerKey(site=site, public_key=key, until_utc_ns=until) for key, until in rows]

    def sites(self) -> list[KnownSite]:
        """By name: nothing here is a ranking."""
        with self._speaking():
            rows = self._db.execute("SELECT name, title, public_key FROM sites ORDER BY name")
            return [KnownSite(name=name, title=title, public_key=key) for name, title, key in rows]

    def key_of(self, site: str) -> bytes | None:
        """None for a site that nobody has added."""
        with self._speaking():
            found = self._db.execute("SELECT public_key FROM sites WHERE name = ?", (site,))
            row = found.fetchone()
        return None if row is None else bytes(row[0])

    def body_of(self, site: str, month: str) -> bytes | None:
        """What it said of that month, as it was signed."""
        with self._speaking():
            found = self._db.execute(
                "SELECT body FROM reports WHERE site = ? AND month = ?", (site, month)
            )
            row = found.fetchone()
        return None if row is None else bytes(row[0])

    def keep(self, report: Report, body: bytes, signature: bytes, utc_ns: int) -> bool:
        """Add one, durably; False if there is one of its site and month."""
        with self._speaking():
            added = self._db.execute(
                "INSERT INTO reports VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (report.site, report.month, body, signature, utc_ns),
            )
        return added.rowcount > 0

    def years(self) -> list[int]:
        """Those of which there is a report, the latest first."""
        with self._speaking():
            rows = self._db.execute(
                "SELECT DISTINCT CAST(substr(month, 1, 4) AS INTEGER) FROM reports ORDER BY 1 DESC"
            ).fetchall()
        return [row[0] for row in rows]

    def reports(self, year: int | None = None) -> list[Report]:
        """All of them, or those of a year: the latest month first, sites by name."""
        first, last = ("", "~") if year is None else (f"{year:04}-01", f"{year:04}-12")
        with self._speaking():
            rows = self._db.execute(
                "SELECT body FROM reports WHERE month BETWEEN ? AND ? ORDER BY month DESC, site",
                (first, last),
            ).fetchall()
        return [decode(bytes(row[0])) for row in rows]

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"can't use {self._path}: {error}") from error
