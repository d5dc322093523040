"""Checks a database that comes from outside before a store opens it.

A trigger, a view or a changed table in it could act on what Roomtone writes later. Nothing of the
file runs here: only SQLite's own list of its contents is read until that list is the expected one.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from contract.errors import StoreError
from contract.files.sqlite_file import store_errors
from ingest.stores.sqlite.known_schemas import (
    NEWEST,
    DatabaseKind,
    Definitions,
    definitions_in,
    expected_definitions,
)

__all__ = ["check_database"]

_MAX_SHOWN: Final = 100


def check_database(path: Path, kind: DatabaseKind) -> None:
    """Raise StoreError if a database is damaged, or holds anything but what its version has."""
    # Immutable: no log and no lock beside it, and nothing is written.
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with store_errors(path), closing(sqlite3.connect(address, uri=True)) as database:
        database.text_factory = lambda text: text.decode("utf-8", "replace")
        for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON"):
            database.execute(f"PRAGMA {pragma}")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        known = expected_definitions(kind, version)
        if not known:
            whose = "a later" if version > NEWEST[kind] else "an unknown"
            raise StoreError(
                f"{path.name} was written by {whose} version of Roomtone (schema {version}, this "
                f"program knows {NEWEST[kind]}): restore it with that version."
            )
        found = definitions_in(database)
        if all(found != each for each in known):
            raise StoreError(
                f"{path.name} is no database that Roomtone wrote: {_difference(found, known[0])}. "
                "Take another backup."
            )
        # Now that every table and index is a known one, SQLite may compare what they hold.
        verdict = str(database.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if verdict != "ok":
            raise StoreError(
                f"{path.name} is damaged ({verdict.splitlines()[-1][:_MAX_SHOWN]}): take another "
                "backup."
            )
        if database.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise StoreError(f"{path.name} holds rows that refer to none: take another backup.")


def _difference(found: Definitions, expected: Definitions) -> str:
    """The first thing that differs, in words; what is too much comes first."""
    for what, name in sorted(found.keys() - expected.keys()):
        return f"it has the {_shown(what)} {_shown(name)!r}, which no version has"
    for what, name in sorted(expected.keys() - found.keys()):
        return f"it has no {what} {name!r}"
    changed = min(entry for entry in expected if found[entry] != expected[entry])
    return f"its {changed[0]} {changed[1]!r} is defined differently"


def _shown(text: str) -> str:
    return "".join(each if each.isprintable() else "_" for each in text)[:_MAX_SHOWN]
