"""Moves a site's readings and scores from one data directory to another, whole or not at all.

The copy counts from one commit of the target's main.db on, which comes after its day files are
durable. Only then, and only if the target accounts for every seq that the source does, the source
forgets the site. Whatever was cut short is done again: what is there already is not copied twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from contract.errors import PayloadError, StoreError, UsageError
from contract.files.sqlite_file import emptied_log, transaction
from contract.ranges import SeqRanges
from ingest.moving.replicas import ReplicasMove
from ingest.moving.rows import Numbers, copy_rows, numbers_of, remove_rows, stream_ids
from ingest.moving.scores import copy_scores, remove_scores
from ingest.purge.requests import PurgeFolder
from ingest.stores.format.chunks import rekeyed
from ingest.stores.format.day_files import SealedChunk
from ingest.stores.format.schema import layout_body
from ingest.stores.rules.seal_schedule import KINDS, Kind
from ingest.stores.sqlite.periods import SqlitePeriodStore
from ingest.stores.sqlite.scores import SqliteScoreStore

__all__ = ["Moved", "move_site"]

_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a move was of."""

    runs: int
    periods: int
    """Seconds that are kept or inside a recorded gap."""
    lessons: int


def move_site(
    site: str, source: Path, target: Path, *, say: Callable[[str], None] = lambda _: None
) -> Moved:
    """Move it; both directories' programs have ended. Raises StoreError or UsageError."""
    if source.resolve() == target.resolve():
        raise UsageError(f"{source} is where the site {site} is already; name another directory.")
    if not (source / "main.db").exists():
        raise UsageError(f"{source} has no main.db; check `data_dir`.")
    with ExitStack() as opened:
        opened.enter_context(_no_purge(source))
        opened.enter_context(_no_purge(target))
        taken = opened.enter_context(closing(SqlitePeriodStore(source)))
        into = opened.enter_context(closing(SqlitePeriodStore(target)))
        scores = opened.enter_context(closing(SqliteScoreStore(source, is_writer=True)))
        scores_into = opened.enter_context(closing(SqliteScoreStore(target, is_writer=True)))
        replicas = ReplicasMove(source, target, opened)
        move = _Move(site, taken, into, say)
        if not move.ids:
            raise UsageError(f"{source} holds nothing of the site {site}; `roomtone site list`.")
        numbers = move.copied()
        if numbers is None:
            numbers = move.copy(replicas.first_unsent(scores.cursor()))
        lessons = copy_scores(
            scores.database, scores_into.database, site_rooms=move.rooms, streams=numbers.streams
        )
        runs, periods = move.require_kept(numbers)
        replicas.copy(
            map(taken.stream, move.ids), move.rooms, numbers.streams, taken.newest_cursor()
        )
        say("everything is there; removing it here ...")
        replicas.forget(move.rooms, numbers.streams)
        remove_scores(scores.database, site_rooms=move.rooms, streams=numbers.streams)
        move.remove()
    return Moved(runs=runs, periods=periods, lessons=lessons)


def _no_purge(data_dir: Path) -> ExitStack:
    """No purge runs or waits: what it removes may not come back in another place."""
    held = ExitStack()
    folder = PurgeFolder(data_dir)
    if data_dir.exists():
        held.enter_context(folder.alone())
        if folder.waiting():
            held.close()
            raise StoreError(
                f"A purge waits in {data_dir}: finish it with `roomtone purge --resume`."
            )
    return held


class _Move:
    """One site, from one open store into another."""

    def __init__(
        self,
        site: str,
        source: SqlitePeriodStore,
        target: SqlitePeriodStore,
        say: Callable[[str], None],
    ) -> None:
        self._site = site
        self._source = source
        self._target = target
        self._say = say
        self.ids = stream_ids(source.database, site)
        rows = source.database.execute("SELECT DISTINCT room FROM streams WHERE site = ?", (site,))
        self.rooms = sorted(room for (room,) in rows)

    def copied(self) -> Numbers | None:
        """The numbers in the target, if an earlier move came so far; None if nothing is there."""
        find = "SELECT id FROM streams WHERE node = ? AND run = ? AND part = ?"
        found: dict[int, int] = {}
        for number in self.ids:
            key = self._source.stream(number).key
            row = self._target.database.execute(find, key).fetchone()
            if row is not None:
                found[number] = row[0]
        if not found:
            return None
        if len(found) < len(self.ids):
            raise StoreError(
                f"{self._target.path.parent} holds {len(found)} of the {len(self.ids)} runs of the "
                f"site {self._site} already, so two ingests have kept it; keep both directories."
            )
        return Numbers(found)

    def copy(self, cursor: int) -> Numbers:
        """Copy day files, then the rows in one transaction."""
        self._say("checking what is sealed ...")
        self._source.check_sealed(max_chunks=_AT_ONCE, from_start=True)
        while self._source.check_sealed(max_chunks=_AT_ONCE):
            pass
        numbers = numbers_of(self._source, self._target, self._site)
        self._copy_days(numbers)
        _, changes = self._source.changes(cursor, own=True)
        self._say("copying what is not sealed, and the ledger ...")
        with transaction(self._target.database):
            copy_rows(self._source, self._target, self._site, numbers, changes)
        return numbers

    def _copy_days(self, numbers: Numbers) -> None:
        files: dict[tuple[Kind, str], list[int]] = defaultdict(list)
        for number in numbers.chunks:
            day, kinds = self._source.database.execute(
                "SELECT day, kinds FROM sealed WHERE id = ?", (number,)
            ).fetchone()
            for bit, kind in enumerate(KINDS):
                if kinds >> bit & 1:
                    files[kind, day].append(number)
        for at, ((kind, day), listed) in enumerate(sorted(files.items()), start=1):
            self._say(f"copying day file {at} of {len(files)}, {kind}-{day} ...")
            for begin in range(0, len(listed), _AT_ONCE):
                self._copy_chunks(kind, day, listed[begin : begin + _AT_ONCE], numbers)

    def _copy_chunks(self, kind: Kind, day: str, listed: list[int], numbers: Numbers) -> None:
        found = self._source.days.read(kind, day, listed)
        if len(found) < len(listed):
            raise StoreError(f"{self._source.days.path(kind, day)} is damaged: start ingest once.")
        chunks = [self._moved(kind, chunk, numbers) for chunk in found.values()]
        streams = {
            chunk.stream_id: self._source.stream(chunk.stream_id) for chunk in found.values()
        }
        layouts = {chunk.layout for chunk in found.values()}
        self._target.days.write(
            kind,
            day,
            chunks,
            [replace(stream, id=numbers.streams[old]) for old, stream in streams.items()],
            [(numbers.layouts[n], layout_body(self._source.layout(n))) for n in layouts],
        )

    def _moved(self, kind: Kind, chunk: SealedChunk, numbers: Numbers) -> SealedChunk:
        new = replace(
            chunk,
            id=numbers.chunks[chunk.id],
            stream_id=numbers.streams[chunk.stream_id],
            layout=numbers.layouts[chunk.layout],
        )
        try:
            body = rekeyed(chunk.chunk, chunk.key(kind), new.key(kind))
        except PayloadError as error:
            raise StoreError(
                f"A chunk of {self._source.path.parent} is damaged: {error}"
            ) from error
        return replace(new, chunk=body)

    def require_kept(self, numbers: Numbers) -> tuple[int, int]:
        """How many runs and periods were moved; raises StoreError if the target does not have all."""
        runs = periods = 0
        for old, new in numbers.streams.items():
            kept = SeqRanges(self._target.kept(new))
            is_run = self._source.stream(old).main_id is None
            runs += is_run
            for first, last in self._source.kept(old):
                periods += is_run * (last - first + 1)
                if kept.missing(first, last):
                    raise StoreError(
                        f"{self._target.path.parent} has not all of run {new}; nothing was removed."
                    )
        return runs, periods

    def remove(self) -> None:
        """Forget the site: day files first, for main.db lists what is still to be removed."""
        source, gone = self._source, set(self.ids)
        for kind in KINDS:
            for day in source.days.days(kind):
                held = source.days.held(kind, day)
                left = [number for number, stream_id, *_ in held if stream_id not in gone]
                if len(left) == len(held):
                    continue
                if not left:
                    source.days.unlink(kind, day)
                    continue
                path = source.days.path(kind, day)
                for _ in source.days.rewritten(kind, day, left, lambda chunk: chunk, path):
                    pass
        with transaction(source.database):
            remove_rows(source.database, self._site)
        source.database.execute("VACUUM")  # no copy of a row stays on a page
        emptied_log(source.database)
