"""The rows of the streams table: runs, and the parts of runs."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Final, Literal

from contract.wire.messages import Birth
from contract.wire.parts import IN_TIME
from ingest.stores.records import StreamIdentity

__all__ = ["SOME_RUNS", "STREAM_OF_KEY", "append_state", "bear_stream", "new_stream"]

STREAM_OF_KEY: Final = "SELECT id, start FROM streams WHERE node = ? AND run = ? AND part = ?"

SOME_RUNS: Final = {
    "up": "main IS NULL AND is_up",
    "newest": "id IN (SELECT max(id) FROM streams WHERE main IS NULL GROUP BY node)",
}
"""Conditions for the runs that `PeriodReader.runs` asks for."""
_MAX_STATES: Final = 16


def new_stream(
    database: sqlite3.Connection, identity: StreamIdentity, *, received_utc_ns: int
) -> int:
    """Number a stream that is new; a part brings its run with it, if that is new too."""
    main = None
    if identity.part:
        run = replace(identity, part=IN_TIME)
        row = database.execute(STREAM_OF_KEY, run.key).fetchone()
        main = row[0] if row else new_stream(database, run, received_utc_ns=received_utc_ns)
    number = int(database.execute("SELECT coalesce(max(id), 0) + 1 FROM streams").fetchone()[0])
    database.execute(
        "INSERT INTO streams(id, site, room, node, run, part, boot, run_boot_ns, period_ns, "
        "first_received_utc_ns, main) "
        "VALUES(?, ?, ?, ?, ?, ?, (SELECT boot FROM streams WHERE id = ?), ?, ?, ?, ?)",
        (
            number, identity.site, identity.room, *identity.key, main,
            identity.run_boot_ns, identity.period_ns, received_utc_ns, main,
        ),
    )  # fmt: skip
    return number


def bear_stream(database: sqlite3.Connection, stream_id: int, birth: Birth) -> None:
    """What a birth says of its run holds for its parts too."""
    database.execute(
        "UPDATE streams SET boot = ?, run_boot_ns = ?, period_ns = ? WHERE id = ? OR main = ?",
        (birth.boot, birth.run_boot_ns, birth.period_ns, stream_id, stream_id),
    )
    database.execute("UPDATE streams SET is_up = 1 WHERE id = ?", (stream_id,))


def append_state(
    database: sqlite3.Connection,
    table: Literal["births", "deaths"],
    stream_id: int,
    now: int,
    body: bytes,
) -> None:
    """Add a birth or death, unless it is the last one again: they are retained messages.

    The last few of a stream are kept: a kit that is mad may say something else each time.
    """
    latest = database.execute(
        f"SELECT body FROM {table} WHERE stream = ? ORDER BY id DESC LIMIT 1",  # noqa: S608
        (stream_id,),
    ).fetchone()
    if latest is not None and latest[0] == body:
        return
    database.execute(
        f"INSERT INTO {table}(stream, received_utc_ns, body) VALUES(?, ?, ?)",
        (stream_id, now, body),
    )
    database.execute(
        f"DELETE FROM {table} WHERE stream = ?1 AND id <= (SELECT id FROM {table} "  # noqa: S608
        "WHERE stream = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        (stream_id, _MAX_STATES),
    )
