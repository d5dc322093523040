"""Counts what became of every seat-second, for each run of each node.

Together with the counters in a node's own health it shows, at rest, whether anything is missing:
`sampled = kept + waiting + kept aside + gap`. New data is counted as it comes. Data from before this
process started is read from the store, a little between two ticks, so that the sums are right after
a restart too.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from contract.clock import Clock
from contract.errors import DecodeError
from contract.quantities.table import MISSING
from contract.ranges import SeqRanges
from contract.topics import Topic
from contract.wire.messages import Health
from contract.wire.payload import Batch, GapReason, Layout, decode
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Aside, Change, Tick
from ingest.stores.upkeep.aside_pages import every_aside

__all__ = ["RunFigures", "SeatSeconds", "seats_present"]

_AT_ONCE = 300


@dataclass(slots=True, kw_only=True)
class RunFigures:
    """One run of a node; counted in seat-seconds."""

    room: str
    node: str
    run: int
    kept: int = 0
    trimmed: int = 0
    """What came again and was already stored."""
    gap: dict[GapReason, int] = field(default_factory=dict)
    """In recorded gaps, by reason."""
    health: Health | None = None
    """The node's latest health report."""
    health_ns: int | None = None
    """Elapsed time of that report; None: before this process started."""
    acked_ns: int | None = None
    """Elapsed time of the last ack."""
    is_up: bool = False
    is_counted: bool = False
    """Whether data from before this process is counted too."""
    main_id: int | None = None
    """The stream of the run that this is a part of."""


def seats_present(layout: Layout, values: NDArray[np.uint16]) -> NDArray[np.int64]:
    """How many seats have at least one value in each row."""
    codes, seats = len(layout.seat_codes), len(layout.seats)
    cube = values[:, : codes * seats].reshape(len(values), codes, seats)
    # MISSING is the highest value, so a seat whose lowest one is below it has a value.
    lowest = cube.min(axis=1, initial=MISSING)
    return np.asarray(np.count_nonzero(lowest != MISSING, axis=1), np.int64)


class SeatSeconds:
    """The storing thread reports every tick to it; any other thread may read it."""

    def __init__(self, *, store: PeriodStore, clock: Clock, max_runs: int) -> None:
        self.forgotten = 0
        """Runs that were dropped for newer ones."""
        self._store = store
        self._clock = clock
        self._max_runs = max_runs
        self._lock = threading.Lock()
        self._runs: OrderedDict[int, RunFigures] = OrderedDict()
        self._highest_gap: dict[int, int] = {}
        self.forget_aside()
        self._earlier: OrderedDict[int, deque[tuple[int, int]]] = OrderedDict()
        self._stale_gaps: dict[int, None] = {}

    def __len__(self) -> int:
        """How many runs have their own figures."""
        return len(self._runs)

    def begin(self) -> None:
        """Start with the runs that are up; raises StoreError."""
        for stream in self._store.runs("up")[-self._max_runs :]:
            for each in (stream, *self._store.parts(stream.id)):
                self._run(each.id)

    def runs(self) -> list[RunFigures]:
        """The figures of each run now."""
        with self._lock:
            found = [replace(run, gap=dict(run.gap)) for run in self._runs.values()]
        whole = {(run.node, run.run): run for run in found if run.main_id is None}
        for part in found:
            # A part has its own count of stored data; gaps are counted for a whole run.
            run = whole.setdefault((part.node, part.run), part)
            if run is not part:
                run.kept += part.kept
                run.trimmed += part.trimmed
                run.is_counted = run.is_counted and part.is_counted
        return list(whole.values())

    def aside(self) -> dict[tuple[str, str], int]:
        """(room, node) → seat-seconds in messages that are kept aside and can be read."""
        return dict(self._aside)

    @property
    def is_behind(self) -> bool:
        """Whether some earlier data is not counted yet."""
        return bool(self._earlier or self._stale_gaps) or self._uncounted is not None

    def forget_aside(self) -> None:
        """Messages kept aside have changed: count them again."""
        self._aside: dict[tuple[str, str], int] = {}
        self._uncounted: Iterator[Aside] | None = every_aside(self._store)

    def note(self, tick: Tick, stream_ids: Sequence[int], changes: Sequence[Change]) -> None:
        """Count a tick that was stored; a StoreError harms only these figures."""
        now_ns = self._clock.elapsed_ns()
        # The first data of a run is already in the store, and is counted from there.
        begun = {stream_id for stream_id in stream_ids if stream_id not in self._runs}
        came: dict[int, list[Batch]] = {stream_id: [] for stream_id in stream_ids}
        for stream_id, arrival in zip(stream_ids, tick.arrivals, strict=True):
            if isinstance(arrival.message, Batch):
                came[stream_id].append(arrival.message)
        for stream_id, its in came.items():
            self._run(stream_id).acked_ns = now_ns
            highest = self._highest_gap.get(stream_id)
            if highest is not None and any(batch.first_seq <= highest for batch in its):
                self._stale_gaps[stream_id] = None
        new: dict[int, SeqRanges] = defaultdict(SeqRanges)
        for change in changes:
            run = self._runs.get(change.stream_id)
            main = run.main_id if run is not None else None
            if (change.is_gap or main is not None) and (main or change.stream_id) in self._runs:
                self._stale_gaps[main or change.stream_id] = None
            if not change.is_gap:
                new[change.stream_id].add(change.first_seq, change.last_seq)
        self._count({s: its for s, its in came.items() if its and s not in begun}, new)
        self._note_nodes(tick)
        if self._uncounted is None:  # else they will be counted there
            for message in tick.aside:
                self._note_aside(message)

    def count_on(self, budget_ns: int) -> None:
        """Count some of the earlier data; raises StoreError."""
        until_ns = self._clock.elapsed_ns() + budget_ns
        while self.is_behind:
            if self._uncounted is not None:
                message = next(self._uncounted, None)
                if message is None:
                    self._uncounted = None
                else:
                    self._note_aside(message)
            elif self._stale_gaps:
                stream_id = next(iter(self._stale_gaps))
                self._count_gaps(stream_id)
                del self._stale_gaps[stream_id]
            else:
                self._count_earlier()
            if self._clock.elapsed_ns() >= until_ns:
                return

    def _run(self, stream_id: int) -> RunFigures:
        run = self._runs.get(stream_id)
        if run is not None:
            self._runs.move_to_end(stream_id)
            return run
        known = self._store.stream(stream_id)
        run = RunFigures(
            room=known.room, node=known.node, run=known.run, main_id=known.main_id,
            health=self._store.health(stream_id), is_up=self._store.is_up(stream_id),
        )  # fmt: skip
        with self._lock:
            self._runs[stream_id] = run
            if len(self._runs) > self._max_runs:
                oldest, _ = self._runs.popitem(last=False)
                self._highest_gap.pop(oldest, None)
                self._earlier.pop(oldest, None)
                self._stale_gaps.pop(oldest, None)
                self.forgotten += 1
        self._count_from_store(stream_id)
        return run

    def recount(self, stream_id: int) -> None:
        """Some data of a run was removed: count all of it again. Raises StoreError."""
        run = self._runs.get(stream_id)
        if run is None:
            return
        with self._lock:
            run.kept, run.is_counted = 0, False
        self._earlier.pop(stream_id, None)
        self._count_from_store(stream_id)

    def _count_from_store(self, stream_id: int) -> None:
        gaps = SeqRanges(
            (gap.first_seq, gap.last_seq)
            for gap in self._store.gaps(stream_id, own=True)
            if gap.kind is None  # else there is something to read
        )
        # Data that is in a gap now and comes later is counted when it comes.
        earlier = deque(
            piece for kept in self._store.kept(stream_id) for piece in gaps.missing(*kept)
        )
        main = self._store.stream(stream_id).main_id or stream_id
        if main in self._runs:
            self._stale_gaps[main] = None
        self._earlier[stream_id] = earlier

    def _count(self, came: dict[int, list[Batch]], new: dict[int, SeqRanges]) -> None:
        """Count the batches of each stream, of which the seqs in `new` have just been kept."""
        whole: dict[Layout, list[tuple[int, list[Batch]]]] = {}
        with self._lock:
            for stream_id, its in came.items():
                layout, fresh = its[0].layout, new[stream_id]
                # If as many seqs are new as came, none came twice, and all of them were kept.
                is_whole = sum(len(batch.values) for batch in its) == len(fresh)
                if is_whole and all(batch.layout is layout for batch in its):
                    whole.setdefault(layout, []).append((stream_id, its))
                elif (run := self._runs.get(stream_id)) is not None:
                    _count_pieces(run, its, fresh)
            for layout, streams in whole.items():
                present = seats_present(
                    layout, np.concatenate([batch.values for _, its in streams for batch in its])
                )
                lengths = [sum(len(batch.values) for batch in its) for _, its in streams]
                begins = np.cumsum([0, *lengths[:-1]])
                kept = np.add.reduceat(present, begins).tolist()
                for (stream_id, _), seats in zip(streams, kept, strict=True):
                    if (run := self._runs.get(stream_id)) is not None:
                        run.kept += seats

    def _note_nodes(self, tick: Tick) -> None:
        if not (tick.births or tick.deaths or tick.healths):
            return
        with self._lock:
            runs = {(r.node, r.run): r for r in self._runs.values() if r.main_id is None}
            for health in tick.healths:
                if (run := runs.get((health.node, health.run))) is not None:
                    run.health, run.health_ns = health, self._clock.elapsed_ns()
            for _, _, birth in tick.births:
                if (run := runs.get((birth.node, birth.run))) is not None:
                    run.is_up = True
            for _, _, death in tick.deaths:
                if (run := runs.get((death.node, death.run))) is not None:
                    run.is_up = False

    def _note_aside(self, message: Aside) -> None:
        try:
            topic = Topic.parse(message.topic)
            batch = decode(message.payload)
        except DecodeError:
            return
        if topic.kind != "data" or not isinstance(batch, Batch):
            return
        key = topic.room, topic.node
        if key in self._aside or len(self._aside) < self._max_runs:
            seats = int(seats_present(batch.layout, batch.values).sum())
            # Replaced as a whole, because another thread may be reading it.
            self._aside = {**self._aside, key: self._aside.get(key, 0) + seats}

    def _count_gaps(self, stream_id: int) -> None:
        gaps = self._store.gaps(stream_id)
        lengths: Counter[GapReason] = Counter()
        for gap in gaps:
            lengths[gap.reason] += (gap.last_seq - gap.first_seq + 1) * len(gap.seats)
        run = self._runs.get(stream_id)
        if run is not None:
            self._highest_gap[stream_id] = max((gap.last_seq for gap in gaps), default=-1)
            with self._lock:
                run.gap = lengths

    def _count_earlier(self) -> None:
        stream_id, left = next(iter(self._earlier.items()))
        run = self._runs.get(stream_id)
        if not left or run is None:
            del self._earlier[stream_id]
            if run is not None:
                run.is_counted = True
            return
        first, last = left[0]
        end = min(last, first + _AT_ONCE - 1)
        found = sum(
            int(seats_present(periods.layout, periods.values).sum())
            for periods in self._store.read(stream_id, first, end, own=True)
        )
        with self._lock:
            run.kept += found
        left.popleft()
        if end < last:
            left.appendleft((end + 1, last))


def _count_pieces(run: RunFigures, batches: list[Batch], fresh: SeqRanges) -> None:
    """Count a run's batches of a tick; of a seq that came twice the first was kept."""
    taken = SeqRanges()
    for batch in batches:
        first, last = batch.first_seq, batch.last_seq
        # How many seats up to each row: the difference of two is what lies between them.
        present = seats_present(batch.layout, batch.values)
        upto: list[int] = [0, *present.cumsum().tolist()]
        kept = sum(
            upto[b - first + 1] - upto[a - first]
            for start, end in taken.missing(first, last)
            for a, b in _inside(fresh, start, end)
        )
        taken.add(first, last)
        run.kept += kept
        run.trimmed += upto[-1] - kept


def _inside(ranges: SeqRanges, first: int, last: int) -> list[tuple[int, int]]:
    """The parts of first … last that are in the set."""
    holes = ranges.missing(first, last)
    if not holes:
        return [(first, last)]
    return SeqRanges(holes).missing(first, last)
