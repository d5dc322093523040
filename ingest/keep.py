"""The keeper: a tick's messages in, one durable commit, and what may be acknowledged out.

Nothing here knows of MQTT or of threads, so that any mixture of messages can be tried on it.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from typing import Final, Protocol

from contract.clock import Clock
from contract.errors import DecodeError, StoreError
from contract.messages import Ack
from contract.payload import Batch
from contract.ranges import SeqRanges
from contract.topics import Topic
from ingest.clock_watch import ClockWatch
from ingest.exposition import Histogram
from ingest.seat_seconds import SeatSeconds
from ingest.settings import IngestSettings
from ingest.sorting import sort_message
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival, Aside, Tick

__all__ = ["Counters", "Keeper", "Kept", "Message", "NodeAck"]

_LOG = logging.getLogger("ingest")
_MOST_ABOVE: Final = 64
_COMMIT_BOUNDS_S: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
)  # fmt: skip
_MOST_REMEMBERED: Final = 4_096
_WARN_EACH_NS: Final = 60_000_000_000


class Message(Protocol):
    """What the keeper needs of a received message."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def is_retained(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class NodeAck:
    """An ack and the topic that it goes to."""

    topic: str
    ack: Ack


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a commit has made safe: only now may the tick's messages be acknowledged."""

    acks: tuple[NodeAck, ...]
    births: tuple[tuple[str, str], ...]
    """(room, node) of each birth"""


@dataclass(slots=True, kw_only=True)
class Counters:
    """What the keeper has done since it was made. Periods and gaps are counted in seconds."""

    messages: int = 0
    arrived: int = 0
    """Periods in batches and gaps, as they arrived."""
    kept: int = 0
    """Of these, periods that were new and have values."""
    gap: int = 0
    """… that were new and lie in a recorded gap."""
    trimmed: int = 0
    """… that were there before: sent again, or overlapping."""
    aside: int = 0
    aside_repeated: int = 0
    """The same bytes again on the same topic: kept aside once."""
    aside_refused: int = 0
    """Bad messages beyond the limit, only counted."""
    same_name: int = 0
    """How often two nodes with one name were noticed."""
    ticks: int = 0
    worst_commit_ms: float = 0.0
    commit_s: Histogram = field(default_factory=lambda: Histogram(bounds=_COMMIT_BOUNDS_S))


@lru_cache(maxsize=4_096)
def _ack_topic(site: str, room: str, node: str) -> str:
    return str(Topic(site, room, node, "ack"))


def _digest(topic: str, payload: bytes) -> bytes:
    return blake2b(topic.encode() + b"\0" + payload, digest_size=16).digest()


def _nearest(kept: SeqRanges, came: SeqRanges, without_hole: int) -> tuple[tuple[int, int], ...]:
    """Of very many ranges first those of what has just come: for them this ack is."""
    every = [pair for pair in kept if pair[0] > without_hole]
    fresh = [pair for pair in every if came.missing(*pair) != [pair]][:_MOST_ABOVE]
    rest = [pair for pair in every if pair not in fresh][: _MOST_ABOVE - len(fresh)]
    return tuple(sorted(fresh + rest))


class Keeper:
    """Sorts, commits and says what was kept. One thread only."""

    def __init__(
        self,
        *,
        store: PeriodStore,
        site: str,
        clock: Clock,
        settings: IngestSettings,
        seat_seconds: SeatSeconds | None = None,
    ) -> None:
        self.counters = Counters()
        self._seat_seconds = seat_seconds
        self._store = store
        self._site = site
        self._clock = clock
        self._settings = settings
        self.clocks = ClockWatch(clock=clock)
        self._in_aside: int | None = None
        self._remembered: OrderedDict[bytes, None] = OrderedDict()
        self._live_runs: OrderedDict[str, tuple[int, int | None]] = OrderedDict()
        self._warned_ns: dict[str, int] = {}

    def keep(self, messages: Sequence[Message]) -> Kept:
        """Keep all of them in one durable commit, or raise StoreError and keep nothing."""
        tick = Tick(received_utc_ns=self._clock.utc_ns())
        repeated = refused = 0
        fresh: list[bytes] = []
        for message in messages:
            try:
                sort_message(
                    tick,
                    site=self._site,
                    topic=message.topic,
                    payload=message.payload,
                    is_retained=message.is_retained,
                    live_age_ms=self._settings.live_age_s * 1e3,
                )
            except DecodeError as error:
                digest = _digest(message.topic, message.payload)
                in_aside = self._count_aside()
                if digest in self._remembered or digest in fresh:
                    repeated += 1
                elif in_aside + len(tick.aside) >= self._settings.most_aside:
                    refused += 1
                else:
                    fresh.append(digest)
                    tick.aside.append(
                        Aside(
                            received_utc_ns=tick.received_utc_ns,
                            topic=message.topic,
                            reason=str(error),
                            payload=message.payload,
                        )
                    )
        cursor = self._store.newest_cursor()
        began_ns = self._clock.elapsed_ns()
        self.clocks.see(tick)
        try:
            streams = self._store.commit(tick)
        except BaseException:
            self.clocks.forget()  # it was not kept: it is reported again
            raise
        commit_ms = (self._clock.elapsed_ns() - began_ns) / 1e6
        # From here on everything is kept; what follows must not raise for a message's sake.
        counters = self.counters
        counters.messages += len(messages)
        counters.ticks += 1
        counters.worst_commit_ms = max(counters.worst_commit_ms, commit_ms)
        counters.commit_s.add(commit_ms / 1e3)
        counters.aside += len(tick.aside)
        counters.aside_repeated += repeated
        self._note_aside(tick.aside, fresh, refused)
        self._count(cursor, tick, streams)
        self._watch_names(tick.arrivals)
        return Kept(
            acks=tuple(self._acks(tick.arrivals, streams)),
            births=tuple((room, birth.node) for _, room, birth in tick.births),
        )

    @property
    def in_aside(self) -> int:
        """How many messages are kept aside, as far as it was asked."""
        return self._in_aside or 0

    def forget_aside(self) -> None:
        """Messages were taken out of what is kept aside: count anew, and let them come again."""
        self._in_aside = None
        self._remembered.clear()
        if self._seat_seconds is not None:
            self._seat_seconds.forget_aside()

    def _acks(self, arrivals: list[Arrival], streams: list[int]) -> Iterable[NodeAck]:
        # One an arrival's stream: the dict keeps the last arrival of each.
        for stream, arrival in dict(zip(streams, arrivals, strict=True)).items():
            kept = self._store.kept(stream)
            without_hole = kept.without_hole()
            above = tuple(islice(kept, without_hole >= 0, _MOST_ABOVE + (without_hole >= 0)))
            if len(above) == _MOST_ABOVE:
                came = SeqRanges(
                    (a.message.first_seq, a.message.last_seq)
                    for s, a in zip(streams, arrivals, strict=True)
                    if s == stream
                )
                above = _nearest(kept, came, without_hole)
            message = arrival.message
            yield NodeAck(
                _ack_topic(arrival.site, arrival.room, message.node),
                Ack(run=message.run, without_hole=without_hole, above=above),
            )

    def _count(self, cursor: int, tick: Tick, streams: list[int]) -> None:
        arrived = sum(arrival.message.n for arrival in tick.arrivals)
        kept = gap = 0
        changes = self._store.changes(cursor, own=True)[1] if tick.arrivals else []
        for change in changes:
            n = change.last_seq - change.first_seq + 1
            if change.is_gap:
                gap += n
            else:
                kept += n
        self.counters.arrived += arrived
        self.counters.kept += kept
        self.counters.gap += gap
        self.counters.trimmed += arrived - kept - gap
        if self._seat_seconds is not None:
            try:
                self._seat_seconds.note(tick, streams, changes)
            except StoreError as error:
                # The tick is kept: a figure that is short must not make it be kept again.
                _LOG.error("%s A tick is missing in the metrics of its runs.", error)

    def _count_aside(self) -> int:
        if self._in_aside is None:
            # What a broker retains comes again with each connection, over a restart too.
            for message in self._store.aside(_MOST_REMEMBERED):
                self._remembered[_digest(message.topic, message.payload)] = None
            self._in_aside = self._store.count_aside()
        return self._in_aside

    def _note_aside(self, aside: list[Aside], digests: list[bytes], refused: int) -> None:
        for message in aside:
            _LOG.warning("kept aside: %s: %s", message.topic, message.reason)
        if aside:
            self._in_aside = self._count_aside() + len(aside)
        for digest in digests:
            self._remembered[digest] = None
        while len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        if refused:
            self.counters.aside_refused += refused
            if self._may_warn("aside is full"):
                _LOG.error(
                    "%d bad messages were only counted, because %d are kept aside already; look "
                    "at them with `roomtone aside list`",
                    self.counters.aside_refused,
                    self._in_aside,
                )

    def _watch_names(self, arrivals: list[Arrival]) -> None:
        """Tell two kits with one name: live batches of one run, another, and the first again.

        An agent that started anew never goes back to its earlier run, and what an earlier run
        left in the outbox is not live. Nothing is lost by it: each run is kept as its own.
        """
        for arrival in arrivals:
            message = arrival.message
            if not isinstance(message, Batch) or message.waited_ms is None:
                continue
            current, earlier = self._live_runs.get(message.node, (message.run, None))
            if message.run == earlier:
                self.counters.same_name += 1
                if self._may_warn(f"name {message.node}"):
                    _LOG.error(
                        "two nodes are called %s (runs %x and %x, the latter in room %s): both "
                        "are kept apart, but give one of them another name in its edge.toml",
                        message.node,
                        current,
                        message.run,
                        arrival.room,
                    )
            if message.run != current:
                current, earlier = message.run, current
            self._live_runs[message.node] = current, earlier
            self._live_runs.move_to_end(message.node)
            if len(self._live_runs) > _MOST_REMEMBERED:
                self._live_runs.popitem(last=False)

    def _may_warn(self, about: str) -> bool:
        now_ns = self._clock.elapsed_ns()
        last_ns = self._warned_ns.get(about)
        if last_ns is not None and now_ns - last_ns < _WARN_EACH_NS:
            return False
        if len(self._warned_ns) > _MOST_REMEMBERED:
            self._warned_ns.clear()
        self._warned_ns[about] = now_ns
        return True
