"""What a database of each kind and version holds: tables, indexes, triggers and views, by name."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from typing import Final, Literal

from ingest.stores.format import day_files, schema, score_schema
from ingest.stores.migrations.older_main import OLDER_SCHEMAS
from school.known_schemas.sqlite import KNOWN_SCHEMAS

__all__ = ["NEWEST", "DatabaseKind", "Definitions", "definitions_in", "expected_definitions"]

DatabaseKind = Literal["main", "score", "school", "day"]
Definitions = Mapping[tuple[str, str], str]
"""(type, name) → the table that it belongs to and its SQL, normalised; SQLite's own have no SQL."""

_SCHEMAS: Final[Mapping[DatabaseKind, Mapping[int, tuple[str, ...]]]] = {
    "main": {n: (text,) for n, text in (*OLDER_SCHEMAS.items(), (schema.VERSION, schema.SCHEMA))},
    "score": {
        2: (score_schema.SCHEMA_2,),
        3: (f"{score_schema.SCHEMA_2};{score_schema.WRITTEN_3}",),
        score_schema.VERSION: (score_schema.SCHEMA,),
    },
    "school": KNOWN_SCHEMAS,
    "day": {day_files.VERSION: (day_files.SCHEMA,)},
}
"""Kind → version → every schema that files of this version may have.

A version that an upgrade brings about has two if SQLite writes the upgraded tables differently:
the schema of a new file, and the older schema followed by the statements of the upgrade.
"""
NEWEST: Final[Mapping[DatabaseKind, int]] = {kind: max(known) for kind, known in _SCHEMAS.items()}

# Far more than any version has: a file with more of either differs in what is read of it.
_ENTRIES: Final = """
SELECT type, name, tbl_name, substr(sql, 1, 20000) FROM sqlite_schema LIMIT 1000
"""
_SPACE: Final = re.compile(r"\s+")
_AROUND: Final = re.compile(r"\s*([(),])\s*")


@cache
def expected_definitions(kind: DatabaseKind, version: int) -> tuple[Definitions, ...]:
    """What a database of this kind and version may hold; empty for a version nobody knows.

    Version 0 is a file that was made and not filled yet.
    """
    if version == 0:
        return ({},)
    return tuple(_made(text) for text in _SCHEMAS[kind].get(version, ()))


def definitions_in(database: sqlite3.Connection) -> Definitions:
    """What a database says that it holds; raises sqlite3.Error."""
    found: dict[tuple[str, str], str] = {}
    for what, name, table, sql in database.execute(_ENTRIES):
        entry = str(what), str(name)
        while entry in found:
            entry = entry[0], f"{entry[1]} again"
        found[entry] = _normal(f"{table}: {sql or ''}")
    return found


def _made(text: str) -> Definitions:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.executescript(text)  # a trigger's body has semicolons of its own
        return definitions_in(database)


def _normal(sql: str) -> str:
    """SQL without what spaces and line breaks make of it."""
    return _AROUND.sub(r"\1", _SPACE.sub(" ", sql)).strip()
