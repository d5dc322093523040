"""The tables of main.db, and how a live row is written. docs/store.md describes them."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from contract.errors import PayloadError
from contract.wire.payload import Layout

__all__ = [
    "HEADER",
    "KEY_STEP",
    "LIVE",
    "SCHEMA",
    "SINCE_3",
    "SINCE_4",
    "SINCE_5",
    "SINCE_6",
    "VERSION",
    "is_sound",
    "key_of",
    "layout_body",
    "layout_of",
    "packed_row",
    "seqs_of",
    "start_of",
]

VERSION: Final = 6

_STREAM_BITS: Final = 21
_SIXTEENTHS: Final = 16
KEY_STEP: Final = _SIXTEENTHS << _STREAM_BITS
"""How far apart the keys of a stream's neighbouring periods are."""
_HIGHEST_START: Final = (1 << 40) - 1
HEADER: Final = struct.Struct("<HH")
"""What stands before the values in a live row: the layout's number and flags."""
LIVE: Final = 1
"""Flag: the period was live when it arrived. The other 15 bits are a check of the whole row."""
_CHECK: Final = 0xFFFE

SINCE_3: Final = """
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
CREATE TABLE healths(
    node TEXT NOT NULL, run INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY(node, run)) STRICT, WITHOUT ROWID;
CREATE TABLE aside(
    id INTEGER PRIMARY KEY AUTOINCREMENT, received_utc_ns INTEGER NOT NULL, topic TEXT NOT NULL,
    reason TEXT NOT NULL, payload BLOB NOT NULL) STRICT;
CREATE TABLE arrivals(tick INTEGER PRIMARY KEY, changes BLOB NOT NULL) STRICT;
CREATE TABLE purges(
    id TEXT PRIMARY KEY, room TEXT NOT NULL, seat INTEGER, from_utc_ns INTEGER NOT NULL,
    to_utc_ns INTEGER NOT NULL, is_due INTEGER NOT NULL) STRICT, WITHOUT ROWID"""
SINCE_4: Final = """
CREATE TABLE node_layouts(
    node TEXT NOT NULL, layout INTEGER NOT NULL, PRIMARY KEY(node, layout)) STRICT, WITHOUT ROWID;
CREATE TABLE day_files(
    kind TEXT NOT NULL, day TEXT NOT NULL, newest_utc_ns INTEGER NOT NULL,
    PRIMARY KEY(kind, day)) STRICT, WITHOUT ROWID;
CREATE TABLE timebases(
    node TEXT NOT NULL, boot TEXT NOT NULL, use INTEGER NOT NULL, boot_ns INTEGER NOT NULL,
    utc_ns INTEGER NOT NULL, error_ns INTEGER NOT NULL, run INTEGER NOT NULL,
    received_utc_ns INTEGER NOT NULL, is_thinned INTEGER NOT NULL,
    PRIMARY KEY(node, boot, use, boot_ns)) STRICT, WITHOUT ROWID;
CREATE INDEX timebases_refuted ON timebases(node, boot) WHERE use = 2;
CREATE TABLE notes(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE seen_clocks(
    stream INTEGER PRIMARY KEY, offset_ns INTEGER NOT NULL, seen_utc_ns INTEGER NOT NULL) STRICT;
CREATE TABLE notices(
    node TEXT NOT NULL, kind TEXT NOT NULL, room TEXT NOT NULL, sentence TEXT NOT NULL,
    count INTEGER NOT NULL, first_utc_ns INTEGER NOT NULL, last_utc_ns INTEGER NOT NULL,
    PRIMARY KEY(node, kind)) STRICT, WITHOUT ROWID"""
SINCE_5: Final = """
CREATE INDEX timebases_offset ON timebases(node, boot, utc_ns - boot_ns) WHERE use = 1"""
SINCE_6: Final = """
CREATE TABLE streams(
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, room TEXT NOT NULL, node TEXT NOT NULL,
    run INTEGER NOT NULL, part INTEGER NOT NULL, boot TEXT, run_boot_ns INTEGER NOT NULL,
    period_ns INTEGER NOT NULL, start INTEGER, is_up INTEGER NOT NULL DEFAULT 0,
    first_received_utc_ns INTEGER NOT NULL, main INTEGER, cell INTEGER,
    UNIQUE(node, run, part)) STRICT;
CREATE INDEX streams_main ON streams(main) WHERE main IS NOT NULL;
CREATE INDEX streams_place ON streams(room, cell);
CREATE INDEX streams_clock ON streams(node, boot)"""
SCHEMA: Final = f"{SINCE_3};{SINCE_4};{SINCE_5};{SINCE_6}"
"""Each table stands with the schema since which it has been as it is: see `older_main.py`."""


def packed_row(layout: int, values: bytes, *, is_live: bool) -> bytes:
    """The value of a live row. SQLite notices a broken page, but not a bit that flipped in it."""
    check = zlib.crc32(values, layout << 1 | is_live) << 1 & _CHECK
    return HEADER.pack(layout, check | is_live) + values


def is_sound(row: object) -> bool:
    """Whether a live row's value is as it was written; in a damaged file it may be anything."""
    if not isinstance(row, bytes) or len(row) < HEADER.size:
        return False
    layout, flags = HEADER.unpack_from(row)
    check = zlib.crc32(row[HEADER.size :], layout << 1 | flags & LIVE) << 1 & _CHECK
    return bool(check == (flags & _CHECK))


def start_of(*, first_seq: int, period_ns: int, received_utc_ns: int) -> int:
    """Where a stream's keys start: so that rows that arrive together lie together on disk.

    A key counts sixteenths of a period from this start on. Streams that are live at the same time
    then write at the same, newest end of the table, in the order in which they arrive within the
    second, instead of each into the middle of it. The start is fixed with the stream and is no
    time: if the server's clock is wrong, rows lie further apart, and nothing else follows.
    """
    start = received_utc_ns * _SIXTEENTHS // period_ns - first_seq * _SIXTEENTHS
    return min(max(start, 0), _HIGHEST_START)


def key_of(stream_id: int, start: int, seq: int) -> int:
    """The key of a live row; keys rise with seq, `KEY_STEP` apart."""
    return (start + seq * _SIXTEENTHS) << _STREAM_BITS | stream_id


def seqs_of(keys: NDArray[np.int64], start: int) -> NDArray[np.int64]:
    """The seqs of a stream's keys."""
    return ((keys >> _STREAM_BITS) - start) // _SIXTEENTHS


def layout_body(layout: Layout) -> str:
    """A layout as the text that stands in a `layouts` table."""
    return json.dumps([layout.seats, layout.seat_codes, layout.room_codes], separators=(",", ":"))


def layout_of(body: str) -> Layout:
    """The layout that `layout_body` wrote; raises PayloadError for any other text."""
    try:
        parts = _LAYOUT.validate_json(body, strict=True)
    except ValidationError as error:
        raise PayloadError("layout", "not three lists of small whole numbers") from error
    return Layout(*parts)


_Code = Annotated[int, Field(ge=0, le=65_535)]
_LAYOUT: Final = TypeAdapter(tuple[tuple[_Code, ...], tuple[_Code, ...], tuple[_Code, ...]])
