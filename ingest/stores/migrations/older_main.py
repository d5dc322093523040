"""The schemas of main.db in earlier versions, word for word: what is as it was stands in `schema.py`."""

from __future__ import annotations

from typing import Final

from ingest.stores.format.schema import SINCE_3, SINCE_4, SINCE_5, SINCE_6

__all__ = ["CHANGES", "OLDER_SCHEMAS"]

_STREAMS_3: Final = """
CREATE TABLE streams(
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, room TEXT NOT NULL, node TEXT NOT NULL,
    run INTEGER NOT NULL, boot TEXT, run_boot_ns INTEGER NOT NULL, period_ns INTEGER NOT NULL,
    start INTEGER, is_up INTEGER NOT NULL DEFAULT 0, first_received_utc_ns INTEGER NOT NULL,
    main INTEGER, UNIQUE(node, run)) STRICT;
CREATE INDEX streams_main ON streams(main) WHERE main IS NOT NULL;
CREATE INDEX streams_room ON streams(room)"""
_TIMEBASES_3: Final = """
CREATE TABLE timebases(
    boot TEXT NOT NULL, boot_ns INTEGER NOT NULL, node TEXT NOT NULL, run INTEGER NOT NULL,
    synchronised INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY(boot, boot_ns, node, run)) STRICT, WITHOUT ROWID"""
_STREAMS_5: Final = """
CREATE TABLE streams(
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, room TEXT NOT NULL, node TEXT NOT NULL,
    run INTEGER NOT NULL, boot TEXT, run_boot_ns INTEGER NOT NULL, period_ns INTEGER NOT NULL,
    start INTEGER, is_up INTEGER NOT NULL DEFAULT 0, first_received_utc_ns INTEGER NOT NULL,
    main INTEGER, cell INTEGER, UNIQUE(node, run)) STRICT;
CREATE INDEX streams_main ON streams(main) WHERE main IS NOT NULL;
CREATE INDEX streams_place ON streams(room, cell);
CREATE INDEX streams_clock ON streams(node, boot)"""
OLDER_SCHEMAS: Final = {
    3: f"{SINCE_3};{_STREAMS_3};{_TIMEBASES_3}",
    4: f"{SINCE_3};{SINCE_4};{_STREAMS_3}",
    5: f"{SINCE_3};{SINCE_4};{SINCE_5};{_STREAMS_5}",
}
"""The schemas that a step begins with: what a damaged file of one of them is saved into."""
CHANGES: Final = {4: SINCE_4, 5: f"{SINCE_5};{_STREAMS_5}", 6: SINCE_6}
"""Schema → what was new in it, or made again."""
