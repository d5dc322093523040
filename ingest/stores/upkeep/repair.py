"""Finds damage in day files and live rows, and writes it down: what is gone becomes a gap.

Only the writer of main.db does this. Nothing that is found here stops anything: a chunk that is
damaged is no longer listed, a file that can't be written any more is set aside and its sound chunks
go into a new one. The other kind of the same periods goes on being read.
"""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Final

from contract.errors import StoreError
from contract.files.sqlite_file import transaction
from contract.ranges import SeqRanges
from ingest.stores.format.chunk_contents import Holding, unpacked
from ingest.stores.format.schema import layout_body
from ingest.stores.records import Damage
from ingest.stores.rows.ledger import put_damaged, record_gaps
from ingest.stores.rules.seal_schedule import KINDS, Kind
from ingest.stores.upkeep.open_store import OpenStore

__all__ = ["DayFileCheck", "mend"]

_LOG: Final = logging.getLogger("ingest")
_ALL_KINDS: Final = (1 << len(KINDS)) - 1
_LISTED: Final = "SELECT id, stream FROM sealed WHERE day = ? AND kinds & ? "


class DayFileCheck:
    """Goes over all listed chunks, some at a time, again and again.

    A file that a reader left a note about comes first.
    """

    def __init__(self) -> None:
        self._files: deque[tuple[Kind, str]] = deque()
        self._after = 0
        """The id up to which the first of the files was looked at."""

    def begin(self, store: OpenStore) -> None:
        """A round over all files, the newest day first."""
        days = store.database.execute(
            "SELECT DISTINCT day FROM sealed ORDER BY day DESC"
        ).fetchall()
        self._files = deque((kind, day) for (day,) in days for kind in KINDS)
        self._after = 0

    def step(self, store: OpenStore, *, max_chunks: int) -> bool:
        """Look at some chunks; False when there is nothing left to look at."""
        for suspect in store.days.suspects():
            if self._files and self._files[0] == suspect:
                continue
            with_rest = [file for file in self._files if file != suspect]
            self._files = deque([suspect, *with_rest])
            self._after = 0
        if not self._files:
            return False
        kind, day = self._files[0]
        rows = store.database.execute(
            _LISTED + "AND id > ? ORDER BY id LIMIT ?",
            (day, 1 << KINDS.index(kind), self._after, max_chunks),
        )
        listed = dict(rows.fetchall())
        is_over = len(listed) < max_chunks
        try:
            if listed and len(store.days.sound(kind, day, listed)) < len(listed):
                mend(store, kind, day)
                is_over = True  # it has looked at all of the file
        except StoreError as error:
            _LOG.error("%s It is looked at again in the next round.", error)
            is_over = True
        if is_over:
            store.days.clear(kind, day)
            self._files.popleft()
            self._after = 0
        else:
            self._after = max(listed)
        return True


def mend(store: OpenStore, kind: Kind, day: str) -> None:
    """Make a day file usable again and write down what is gone of it; one sentence in the log."""
    database, days, bit = store.database, store.days, 1 << KINDS.index(kind)
    listed = dict(database.execute(_LISTED + "ORDER BY id", (day, bit)).fetchall())
    sound = days.sound(kind, day, listed)
    path, fault = days.path(kind, day), days.fault(kind, day)
    what = f"{path} is damaged" if path.exists() else f"{path} is missing"
    if fault is not None:
        aside = days.replace(
            kind,
            day,
            sorted(sound),
            [store.stream(number) for number in sorted({listed[each] for each in sound})],
            _layouts(store),
        )
        what += f" ({fault}) and was set aside as {aside.name}"
    with transaction(database):
        found = _forget(store, kind, sorted(set(listed) - sound))
    store.damage += found
    _LOG.error(
        "%s: %d of its %d chunks could be read and are kept; what the others held, %d periods, is a "
        "gap from now on. A backup may still have it.",
        what, len(sound), len(listed), sum(damage.periods for damage in found),
    )  # fmt: skip


def _layouts(store: OpenStore) -> list[tuple[int, str]]:
    """All of them, for they are few: a file repeats those that its chunks need."""
    numbers = store.database.execute("SELECT id FROM layouts").fetchall()
    return [(number, layout_body(store.layout(number))) for (number,) in numbers]


def _forget(store: OpenStore, kind: Kind, ids: Iterable[int]) -> list[Damage]:
    """No longer list these chunks' parts of a kind, and put gaps there."""
    database, bit = store.database, 1 << KINDS.index(kind)
    periods: dict[int, int] = defaultdict(int)
    gone: list[tuple[int, int, int]] = []
    for number in ids:
        stream_id, first, damaged, body = database.execute(
            "SELECT stream, first, damaged, held FROM sealed WHERE id = ?", (number,)
        ).fetchone()
        held = unpacked(body, first, store.layout)
        spans = SeqRanges((run.first, run.last) for run in held)
        if damaged | bit == _ALL_KINDS:
            # What the one kind's gaps said is now true of everything.
            database.executemany(
                "DELETE FROM gaps WHERE stream = ? AND first >= ? AND last <= ? "
                "AND kind IS NOT NULL",
                [(stream_id, *span) for span in spans],
            )
            put_damaged(database, stream_id, held, kind=None)
        elif kind == "seat":
            put_damaged(database, stream_id, [run for run in held if run.seats], kind=kind)
        else:
            put_damaged(database, stream_id, [Holding(*span, ()) for span in spans], kind=kind)
        periods[stream_id] += len(spans)
        gone += [(stream_id, *span) for span in spans]
        database.execute(
            "UPDATE sealed SET kinds = kinds & ~?, damaged = damaged | ? WHERE id = ?",
            (bit, bit, number),
        )
    database.execute("DELETE FROM sealed WHERE kinds = 0")
    if gone:
        record_gaps(database, gone)
    return [Damage(stream_id=stream_id, kind=kind, periods=n) for stream_id, n in periods.items()]
