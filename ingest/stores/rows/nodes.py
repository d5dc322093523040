"""The rows of main.db that are about a node: what it takes up, and what is held against it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from contract.wire.messages import Health
from contract.wire.payload import Batch, Gap, Layout
from ingest.stores.format.schema import layout_of
from ingest.stores.notices import Notice
from ingest.stores.records import StreamKey
from ingest.stores.rows.stream_state import StreamState
from ingest.stores.rows.streams import STREAM_OF_KEY
from ingest.stores.rules.limits import NodeHoldings

__all__ = ["SqliteHoldings", "notices_of", "put_healths", "put_notices"]

_MAX_NOTICES: Final = 10_000
_PUT_NOTICE: Final = """
INSERT INTO notices VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(node, kind) DO UPDATE SET
    room = excluded.room, sentence = excluded.sentence, count = count + excluded.count,
    last_utc_ns = excluded.last_utc_ns
"""


_DROP_EARLY: Final = """
DELETE FROM healths WHERE node = ?1 AND run = ?2
    AND NOT EXISTS (SELECT 1 FROM streams WHERE node = ?1 AND run = ?2)
"""


class SqliteHoldings:
    """`limits.Holdings` over main.db and what its writer remembers of streams."""

    def __init__(
        self, database: sqlite3.Connection, states: Mapping[StreamKey, StreamState]
    ) -> None:
        self._database = database
        self._states = states

    def knows(self, key: StreamKey, layout: Layout | None) -> bool:
        state = self._states.get(key)
        return state is not None and (
            layout is None or state.layout is layout or state.layout == layout
        )

    def has_stream(self, key: StreamKey) -> bool:
        return self._database.execute(STREAM_OF_KEY, key).fetchone() is not None

    def holdings(self, node: str) -> NodeHoldings:
        rooms = self._database.execute(
            "SELECT room, count(*) FROM streams WHERE node = ? GROUP BY room", (node,)
        ).fetchall()
        layouts = self._database.execute(
            "SELECT body FROM node_layouts JOIN layouts ON id = layout WHERE node = ?", (node,)
        )
        return NodeHoldings(
            streams=sum(n for _, n in rooms),
            rooms={room for room, _ in rooms},
            layouts={layout_of(body) for (body,) in layouts},
        )

    def totals(self) -> tuple[int, int]:
        streams, layouts = self._database.execute(
            "SELECT (SELECT coalesce(max(id), 0) FROM streams), "
            "(SELECT coalesce(max(id), 0) FROM layouts)"
        ).fetchone()
        return streams, layouts

    def opens_range(self, message: Batch | Gap) -> bool:
        state = self._states.get(message.key)
        return state is not None and state.ledger.opens_range(message.first_seq, message.last_seq)


def put_notices(database: sqlite3.Connection, notices: Sequence[Notice]) -> None:
    """Add to what is held against nodes; one row for each node and kind."""
    if not notices:
        return
    (n,) = database.execute("SELECT count(*) FROM notices").fetchone()
    database.executemany(
        _PUT_NOTICE,
        [
            (t.node, t.kind, t.room, t.sentence, t.count, t.first_utc_ns, t.last_utc_ns)
            for t in notices[: max(0, _MAX_NOTICES - n)]
        ],
    )


def put_healths(
    database: sqlite3.Connection, healths: Sequence[Health], early: dict[str, int]
) -> None:
    """Keep each run's last health.

    One may come before anything else of its run; `early` has the run of which that is so, for
    each node, and is the caller's to keep. A node has one such row at a time.
    """
    for health in healths:
        node, run = health.node, health.run
        known = database.execute(
            "SELECT 1 FROM streams WHERE node = ? AND run = ?", (node, run)
        ).fetchone()
        if known is None and early.get(node, run) != run:
            database.execute(_DROP_EARLY, (node, early[node]))
        if known is None:
            early[node] = run
        database.execute(
            "INSERT OR REPLACE INTO healths VALUES(?, ?, ?)", (node, run, health.encode())
        )


def notices_of(database: sqlite3.Connection, room: str | None) -> list[Notice]:
    """What is held against the nodes of a room, or all, the latest first."""
    rows = database.execute(
        "SELECT node, kind, room, sentence, count, first_utc_ns, last_utc_ns FROM notices "
        "WHERE ?1 IS NULL OR room = ?1 ORDER BY last_utc_ns DESC, node, kind",
        (room,),
    )
    return [
        Notice(
            node=node, kind=kind, room=its, sentence=sentence, count=count,
            first_utc_ns=first, last_utc_ns=last,
        )
        for node, kind, its, sentence, count, first, last in rows
    ]  # fmt: skip
