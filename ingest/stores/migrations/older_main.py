"""The tables of main.db in earlier versions, word for word: the oldest, and what each step changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

__all__ = ["CHANGES", "OLDER_SCHEMAS"]

_SCHEMA_3: Final = """
CREATE TABLE streams(
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, room TEXT NOT NULL, node TEXT NOT NULL,
    run INTEGER NOT NULL, boot TEXT, run_boot_ns INTEGER NOT NULL, period_ns INTEGER NOT NULL,
    start INTEGER, is_up INTEGER NOT NULL DEFAULT 0, first_received_utc_ns INTEGER NOT NULL,
    main INTEGER, UNIQUE(node, run)) STRICT;
CREATE INDEX streams_main ON streams(main) WHERE main IS NOT NULL;
CREATE INDEX streams_room ON streams(room);
CREATE TABLE layouts(id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE live(k INTEGER PRIMARY KEY, v BLOB NOT NULL) STRICT;
CREATE TABLE stretches(
    stream INTEGER NOT NULL, stretch INTEGER NOT NULL,
    PRIMARY KEY(stream, stretch)) STRICT, WITHOUT ROWID;
CREATE TABLE ledger(
    stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY(stream, first)) STRICT, WITHOUT ROWID;
CREATE TABLE gaps(
    stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    seats BLOB NOT NULL, reason TEXT NOT NULL, kind TEXT,
    PRIMARY KEY(stream, first)) STRICT, WITHOUT ROWID;
CREATE TABLE sealed(
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    day TEXT NOT NULL, kinds INTEGER NOT NULL, damaged INTEGER NOT NULL DEFAULT 0,
    held BLOB NOT NULL) STRICT;
CREATE INDEX sealed_stream ON sealed(stream, last);
CREATE INDEX sealed_day ON sealed(day);
CREATE TABLE births(
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, received_utc_ns INTEGER NOT NULL,
    body BLOB NOT NULL) STRICT;
CREATE INDEX births_stream ON births(stream);
CREATE TABLE deaths(
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, received_utc_ns INTEGER NOT NULL,
    body BLOB NOT NULL) STRICT;
CREATE INDEX deaths_stream ON deaths(stream);
CREATE TABLE timebases(
    boot TEXT NOT NULL, boot_ns INTEGER NOT NULL, node TEXT NOT NULL, run INTEGER NOT NULL,
    synchronised INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY(boot, boot_ns, node, run)) STRICT, WITHOUT ROWID;
CREATE TABLE healths(
    node TEXT NOT NULL, run INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY(node, run)) STRICT, WITHOUT ROWID;
CREATE TABLE aside(
    id INTEGER PRIMARY KEY AUTOINCREMENT, received_utc_ns INTEGER NOT NULL, topic TEXT NOT NULL,
    reason TEXT NOT NULL, payload BLOB NOT NULL) STRICT;
CREATE TABLE arrivals(tick INTEGER PRIMARY KEY, changes BLOB NOT NULL) STRICT;
CREATE TABLE purges(
    id TEXT PRIMARY KEY, room TEXT NOT NULL, seat INTEGER, from_utc_ns INTEGER NOT NULL,
    to_utc_ns INTEGER NOT NULL, is_due INTEGER NOT NULL) STRICT, WITHOUT ROWID
"""
CHANGES: Final[dict[int, Sequence[str]]] = {
    4: (
        "CREATE TABLE notes(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID",
        """CREATE TABLE day_files(
    kind TEXT NOT NULL, day TEXT NOT NULL, newest_utc_ns INTEGER NOT NULL,
    PRIMARY KEY(kind, day)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE node_layouts(
    node TEXT NOT NULL, layout INTEGER NOT NULL, PRIMARY KEY(node, layout)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE notices(
    node TEXT NOT NULL, kind TEXT NOT NULL, room TEXT NOT NULL, sentence TEXT NOT NULL,
    count INTEGER NOT NULL, first_utc_ns INTEGER NOT NULL, last_utc_ns INTEGER NOT NULL,
    PRIMARY KEY(node, kind)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE seen_clocks(
    stream INTEGER PRIMARY KEY, offset_ns INTEGER NOT NULL, seen_utc_ns INTEGER NOT NULL) STRICT""",
        """CREATE TABLE timebases(
    node TEXT NOT NULL, boot TEXT NOT NULL, use INTEGER NOT NULL, boot_ns INTEGER NOT NULL,
    utc_ns INTEGER NOT NULL, error_ns INTEGER NOT NULL, run INTEGER NOT NULL,
    received_utc_ns INTEGER NOT NULL, is_thinned INTEGER NOT NULL,
    PRIMARY KEY(node, boot, use, boot_ns)) STRICT, WITHOUT ROWID""",
        "CREATE INDEX timebases_refuted ON timebases(node, boot) WHERE use = 2",
    ),
    5: (
        """CREATE TABLE streams(
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, room TEXT NOT NULL, node TEXT NOT NULL,
    run INTEGER NOT NULL, boot TEXT, run_boot_ns INTEGER NOT NULL, period_ns INTEGER NOT NULL,
    start INTEGER, is_up INTEGER NOT NULL DEFAULT 0, first_received_utc_ns INTEGER NOT NULL,
    main INTEGER, cell INTEGER, UNIQUE(node, run)) STRICT""",
        "CREATE INDEX streams_main ON streams(main) WHERE main IS NOT NULL",
        "CREATE INDEX streams_place ON streams(room, cell)",
        "CREATE INDEX streams_clock ON streams(node, boot)",
        "CREATE INDEX timebases_offset ON timebases(node, boot, utc_ns - boot_ns) WHERE use = 1",
    ),
    6: (
        """CREATE TABLE streams(
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, room TEXT NOT NULL, node TEXT NOT NULL,
    run INTEGER NOT NULL, part INTEGER NOT NULL, boot TEXT, run_boot_ns INTEGER NOT NULL,
    period_ns INTEGER NOT NULL, start INTEGER, is_up INTEGER NOT NULL DEFAULT 0,
    first_received_utc_ns INTEGER NOT NULL, main INTEGER, cell INTEGER,
    UNIQUE(node, run, part)) STRICT""",
        "CREATE INDEX streams_main ON streams(main) WHERE main IS NOT NULL",
        "CREATE INDEX streams_place ON streams(room, cell)",
        "CREATE INDEX streams_clock ON streams(node, boot)",
    ),
}
"""Schema → the tables that were new in it, or made again, and the indexes that they got."""
_TABLE: Final = re.compile(r"(?:TABLE|ON) (\w+)\(")


def _changed(schema: str, statements: Sequence[str]) -> str:
    """A schema after one of the changes; a table that is made again has lost its indexes."""
    made = {_table_of(each) for each in statements if each.startswith("CREATE TABLE")}
    kept = [each for each in schema.split(";") if _table_of(each) not in made]
    return ";\n".join((*kept, *statements))


def _table_of(statement: str) -> str:
    found = _TABLE.search(statement)
    assert found is not None
    return found[1]


_SCHEMA_4: Final = _changed(_SCHEMA_3, CHANGES[4])
OLDER_SCHEMAS: Final = {3: _SCHEMA_3, 4: _SCHEMA_4, 5: _changed(_SCHEMA_4, CHANGES[5])}
"""The schemas that a step begins with: what a damaged file of one of them is saved into."""
