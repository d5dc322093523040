"""Removes old day files.

The chunks are forgotten in main.db first and the file is unlinked after; a file that a crash left
is unlinked the next time.
"""

from __future__ import annotations

from datetime import date

from contract.files.sqlite_file import transaction
from ingest.stores.rules.seal_schedule import KINDS, Kind, is_before, midnight_ns
from ingest.stores.upkeep.open_store import OpenStore

__all__ = ["DayRetention"]


class DayRetention:
    """Looks through a folder of day files once for each day that it is asked about.

    Whoever asks again the same day gets no other answer: only sealing makes files, and a new file is
    of today.
    """

    def __init__(self) -> None:
        self._done: dict[Kind, date] = {}
        """Kind → the day before which nothing is left."""

    def note_sealed(self, utc_ns: int) -> None:
        """Something may have been sealed, at this time: the clock may have been set back."""
        self._done = {kind: day for kind, day in self._done.items() if utc_ns >= midnight_ns(day)}

    def retire(self, store: OpenStore, kind: Kind, *, before: date, max_days: int | None) -> int:
        """Forget a kind's values that were sealed before a day; returns how many files went.

        A file's name does not decide alone: the day of sealing is as right as the server's clock was.
        """
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
        if self._done.get(kind) == before:
            return 0
        midnight = midnight_ns(before)
        due = [
            day
            for day in store.days.days(kind)
            if is_before(day, before) and _newest_ns(store, kind, day) < midnight
        ]
        gone = due[:max_days]
        if gone:
            _forget(store, kind, gone)
        store.days.retire_set_aside(kind, before)
        if gone == due:
            self._done[kind] = before
        return len(gone)


def _newest_ns(store: OpenStore, kind: Kind, day: str) -> int:
    """When something was last sealed into a file; where nothing notes it, the file was changed."""
    row = store.database.execute(
        "SELECT newest_utc_ns FROM day_files WHERE kind = ? AND day = ?", (kind, day)
    ).fetchone()
    return store.days.path(kind, day).stat().st_mtime_ns if row is None else int(row[0])


def _forget(store: OpenStore, kind: Kind, gone: list[str]) -> None:
    database, bit = store.database, 1 << KINDS.index(kind)
    with transaction(database):
        database.executemany(
            "UPDATE sealed SET kinds = kinds & ~? WHERE day = ?", [(bit, day) for day in gone]
        )
        database.execute("DELETE FROM sealed WHERE kinds = 0")
    for day in gone:
        store.days.unlink(kind, day)
    with transaction(database):
        database.executemany(
            "DELETE FROM day_files WHERE kind = ? AND day = ?", [(kind, day) for day in gone]
        )
