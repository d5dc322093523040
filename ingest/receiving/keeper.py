"""The keeper: a tick's messages in, one durable commit, and what may be acknowledged out.

Nothing here knows of MQTT or of threads, so that any mixture of messages can be tried on it.

A message can't stop it. What does not fit is kept aside with the reason, and so is a message that
makes anything raise which is not the machine's own: the tick is split until that message is found,
and goes on without it. A full disk or an I/O error is the machine's: StoreError, and nothing of it
is acknowledged.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from contract.clock import Clock
from contract.errors import DecodeError, RefusedError, StoreError, brief_of, shortened
from contract.topics import Topic
from contract.wire.messages import Health
from contract.wire.payload import Batch
from contract.wire.repeated import RepeatDecoder
from contract.wire.suspects import Suspects, digest_of
from ingest.clocks.watch import ClockWatch
from ingest.nodes.accounting import SeatSeconds
from ingest.nodes.budget import NodeBudget
from ingest.nodes.connection_rate import ConnectionRate
from ingest.nodes.message import NodeMessage
from ingest.nodes.name_clash import NameClash
from ingest.receiving.acks import NodeAck, acks_of
from ingest.receiving.aside.book import DEADLY, AsideBook, node_of
from ingest.receiving.aside.rejected import Rejected, Unusable, asides_of, notices_of
from ingest.receiving.classify import Record, sort_message, tick_of
from ingest.receiving.metrics import IngestCounters
from ingest.receiving.rare_log import RareLog
from ingest.settings import IngestSettings
from ingest.stores.notices import CONNECTS_OFTEN, Notice
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival, Tick
from ingest.stores.upkeep.aside_pages import every_aside

__all__ = ["IngestCounters", "Keeper", "Kept", "NodeAck"]

_LOG = logging.getLogger("ingest")
_Usable = tuple[NodeMessage, Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a commit has made safe: only now may the tick's messages be acknowledged."""

    acks: tuple[NodeAck, ...] = ()
    births: tuple[tuple[str, str, str], ...] = ()
    """(site, room, node) of each birth"""
    buttons: tuple[tuple[str, str, str, bool], ...] = ()
    """(site, room, node, whether its button pauses the room) of each report of a kit."""

    def __add__(self, other: Kept) -> Kept:
        return Kept(
            acks=self.acks + other.acks,
            births=self.births + other.births,
            buttons=self.buttons + other.buttons,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Committed:
    """What a commit kept, and what it took."""

    tick: Tick
    stream_ids: Sequence[int]
    """Those of the tick's arrivals, in their order."""
    rejected: Sequence[Rejected]
    commit_ms: float


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
        suspects: Suspects | None = None,
        more_sites: Collection[str] = (),
    ) -> None:
        self.counters = IngestCounters()
        self.connections = ConnectionRate()
        self._seat_seconds = seat_seconds
        self._suspects = suspects
        self._store = store
        self._site = site
        self._more_sites = frozenset(more_sites)
        self._clock = clock
        self._settings = settings
        self.aside = AsideBook(
            every=lambda: every_aside(store),
            max_messages=settings.max_aside_messages,
            max_bytes=settings.max_aside_mb << 20,
        )
        self.clocks = ClockWatch(clock=clock)
        self._budget = NodeBudget(burst_bytes=settings.max_node_burst_mb << 20)
        self._clash = NameClash()
        self._decoder = RepeatDecoder()
        self._log = RareLog(_LOG, clock)
        self._cursor = 0
        self._later: list[Notice] = []

    def keep(self, messages: Sequence[NodeMessage]) -> Kept:
        """Keep all of them durably, or raise StoreError: then all of them have to come again.

        Some may be kept by then, which does no harm, since each period is kept once.
        """
        try:
            retained = [message for message in messages if message.is_retained]
            if self._suspects is None or not retained:
                kept = self._keep(messages)
            else:
                kept = self._keep_suspects(messages, retained, self._suspects)
        except StoreError:
            raise
        except (OSError, MemoryError) as error:
            raise StoreError(f"The machine failed ({brief_of(error)}).") from error
        self._watch_connections(messages)
        return kept

    def forget_aside(self) -> None:
        """Messages were taken out of what is kept aside: count again, and accept them again."""
        self.aside.forget()
        if self._seat_seconds is not None:
            self._seat_seconds.forget_aside()

    def _keep_suspects(
        self, messages: Sequence[NodeMessage], retained: list[NodeMessage], suspects: Suspects
    ) -> Kept:
        """Retained messages come again at each start: note which are in hand, for the next one."""
        digests = {id(m): digest_of(m.topic, m.payload) for m in retained}
        bad: list[NodeMessage] = []
        alone: list[NodeMessage] = []
        rest: list[NodeMessage] = []
        for message in messages:
            digest = digests.get(id(message))
            if digest is None:
                rest.append(message)
            elif digest == suspects.culprit or self.aside.is_deadly(message.topic, message.payload):
                bad.append(message)
            else:
                (alone if digest in suspects else rest).append(message)
        kept = self._set_aside(bad, DEADLY) if bad else Kept()
        for message in alone:
            with suspects.holding([digests[id(message)]]):
                kept += self._keep([message])
        with suspects.holding([digests[id(m)] for m in rest if m.is_retained]):
            return kept + self._keep(rest)

    def _keep(self, messages: Sequence[NodeMessage]) -> Kept:
        """One commit, or, if a message makes it fail, as many as it takes to find that message."""
        try:
            return self._commit(messages)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  # whatever a message can cause
            if len(messages) > 1:
                half = len(messages) // 2
                return self._keep(messages[:half]) + self._keep(messages[half:])
            return self._set_aside(messages, brief_of(error))

    def _set_aside(self, messages: Sequence[NodeMessage], reason: str) -> Kept:
        """Put messages aside unread; they may stop nothing, whatever else they can cause."""
        try:
            return self._commit((), [Unusable(m, reason, is_defect=True) for m in messages])
        except (OSError, MemoryError):
            raise
        except Exception:  # noqa: BLE001  # nothing of them may stop ingest
            self.counters.aside_refused += len(messages)
            _LOG.exception("%d messages can't even be put aside (%s)", len(messages), reason)
            return Kept()

    def _commit(self, messages: Sequence[NodeMessage], unusable: Sequence[Unusable] = ()) -> Kept:
        received_utc_ns = self._clock.utc_ns()
        try:
            usable, unfit = self._sorted(messages)
            done = self._commit_usable(usable, [*unusable, *unfit], received_utc_ns)
        except BaseException:
            self.aside.undo()
            self._budget.undo()
            self.clocks.forget()  # what was seen was not kept: it is seen again
            raise
        self.aside.settle()
        self._budget.settle()
        self._later.clear()
        # From here on everything is kept; what follows must not raise for a message's sake.
        self._count_commit(done, len(messages) + len(unusable))
        self._count_aside(done)
        self._count(done)
        self._watch_names(done.tick)
        return Kept(
            acks=self._acks(done),
            births=tuple((site, room, birth.node) for site, room, birth in done.tick.births),
            buttons=_buttons(usable),
        )

    def _sorted(self, messages: Sequence[NodeMessage]) -> tuple[list[_Usable], list[Unusable]]:
        """The messages with the records that they are, and those that can't be kept.

        The latter are none, or more than a kit can have sensed.
        """
        usable: list[_Usable] = []
        unusable: list[Unusable] = []
        site, live_age_ms = self._site, self._settings.live_age_s * 1e3
        now_ns = self._clock.elapsed_ns()
        for message in messages:
            try:
                record = sort_message(
                    site=site, topic=message.topic, payload=message.payload,
                    is_retained=message.is_retained, live_age_ms=live_age_ms,
                    more_sites=self._more_sites,
                    decoder=self._decoder,
                )  # fmt: skip
            except DecodeError as error:
                unusable.append(Unusable(message, str(error)))
                continue
            except (OSError, MemoryError):
                raise
            except Exception as error:  # noqa: BLE001  # whatever its bytes can cause
                unusable.append(Unusable(message, brief_of(error), is_defect=True))
                continue
            if isinstance(record, Arrival):
                sent = record.message
                size = sent.values.nbytes if isinstance(sent, Batch) else 0
                if not self._budget.take(sent.node, size, now_ns):
                    reason = f"{sent.node} sends more than a kit can have sensed"
                    unusable.append(Unusable(message, reason, is_limit=True))
                    continue
            usable.append((message, record))
        return usable, unusable

    def _acks(self, done: _Committed) -> tuple[NodeAck, ...]:
        try:
            return tuple(acks_of(self._store, done.tick.arrivals, done.stream_ids))
        except StoreError as error:
            _LOG.error("%s Nodes send again, and are acknowledged then.", error)
            return ()

    def _commit_usable(
        self, usable: Sequence[_Usable], unusable: Sequence[Unusable], received_utc_ns: int
    ) -> _Committed:
        """Commit these; what the store refuses is set aside with what is unusable."""
        rejected: list[Rejected] = []
        while True:
            rejected += [
                (each, self.aside.admit(each.message.topic, each.message.payload))
                for each in unusable
            ]
            notices = notices_of(rejected, received_utc_ns=received_utc_ns)
            tick = tick_of(
                (record for _, record in usable), received_utc_ns=received_utc_ns,
                aside=asides_of(rejected, received_utc_ns=received_utc_ns),
                notices=[*self._later, *notices],
            )  # fmt: skip
            self._cursor = self._store.newest_cursor()
            began_ns = self._clock.elapsed_ns()
            tick = replace(tick, seen_clocks=self.clocks.see(tick))
            try:
                stream_ids = self._store.commit(tick)
            except RefusedError as error:
                self.clocks.forget()
                reasons = {id(record): reason for record, reason in error.refused}
                unusable = [
                    Unusable(message, reasons[id(record)], is_limit=True)
                    for message, record in usable
                    if id(record) in reasons
                ]
                if not unusable:
                    raise  # it names nothing of this tick
                usable = [each for each in usable if id(each[1]) not in reasons]
                continue
            return _Committed(
                tick=tick, stream_ids=stream_ids, rejected=rejected,
                commit_ms=(self._clock.elapsed_ns() - began_ns) / 1e6,
            )  # fmt: skip

    def _count_commit(self, done: _Committed, messages: int) -> None:
        counters = self.counters
        counters.messages += messages
        counters.ticks += 1
        counters.worst_commit_ms = max(counters.worst_commit_ms, done.commit_ms)
        counters.commit_s.observe(done.commit_ms / 1e3)
        for unusable, _ in done.rejected:
            counters.over_limit += unusable.is_limit
            counters.defects += unusable.is_defect

    def _count(self, done: _Committed) -> None:
        counters, tick = self.counters, done.tick
        try:
            changes = self._store.changes(self._cursor, own=True)[1] if tick.arrivals else []
        except StoreError as error:
            # The tick is kept: a figure that is short must not make it be kept again.
            _LOG.error("%s A tick is missing in the figures.", error)
            return
        arrived = sum(arrival.message.n for arrival in tick.arrivals)
        kept = sum(each.last_seq - each.first_seq + 1 for each in changes if not each.is_gap)
        gap = sum(each.last_seq - each.first_seq + 1 for each in changes if each.is_gap)
        counters.arrived += arrived
        counters.kept += kept
        counters.gap += gap
        counters.trimmed += arrived - kept - gap
        if self._seat_seconds is not None:
            try:
                self._seat_seconds.note(tick, done.stream_ids, changes)
            except StoreError as error:
                # The tick is kept: a figure that is short must not make it be kept again.
                _LOG.error("%s A tick is missing in the metrics of its runs.", error)

    def _count_aside(self, done: _Committed) -> None:
        counters, tick = self.counters, done.tick
        kept = len(tick.aside)
        counters.aside += kept
        refused = sum(notice.count for notice in tick.notices if notice.kind == "aside")
        counters.aside_refused += refused
        counters.aside_repeated += len(done.rejected) - kept - refused
        for notice in tick.notices:
            if notice.kind == "limit":
                self._log.say(f"limit {notice.node}", "%s; what is new of it is put aside",
                           notice.sentence, level=logging.ERROR)  # fmt: skip
        for each in tick.aside:
            self._log.say(
                f"aside {node_of(each.topic)}", "kept aside: %s: %s",
                shortened(each.topic, 120), each.reason,
            )  # fmt: skip
        for notice in tick.notices:
            if notice.kind == "aside":
                self._log.say(
                    "aside is full",
                    "%d bad messages were only counted, because %d are kept aside already, the "
                    "last ones from %s; look at them with `roomtone aside list`",
                    counters.aside_refused, self.aside.messages, notice.node,
                    level=logging.ERROR,
                )  # fmt: skip

    def _watch_names(self, tick: Tick) -> None:
        for arrival in tick.arrivals:
            clash = self._clash.hear(arrival.message)
            if clash is not None:
                self.counters.same_name += 1
                node = arrival.message.node
                self._log.say(
                    f"name {node}",
                    "two nodes are called %s (runs %x and %x, the latter in room %s): both are "
                    "kept apart, but give one of them another name in its edge.toml",
                    node, *clash, arrival.room, level=logging.ERROR,
                )  # fmt: skip

    def _watch_connections(self, messages: Sequence[NodeMessage]) -> None:
        """Name the kits that come and go too often; the next commit holds it against them."""
        for found in self.connections.take(messages, self._clock.elapsed_ns()):
            sentence = CONNECTS_OFTEN.format(node=found.node, n=found.connections)
            _LOG.error("%s (room %s)", sentence, found.room)
            now_ns = self._clock.utc_ns()
            self._later.append(
                Notice(
                    node=found.node, kind="connections", room=found.room, sentence=sentence,
                    first_utc_ns=now_ns, last_utc_ns=now_ns,
                )
            )  # fmt: skip


def _buttons(usable: Sequence[_Usable]) -> tuple[tuple[str, str, str, bool], ...]:
    """What kits report of their buttons, in the order of arrival."""
    found = []
    for message, record in usable:
        if isinstance(record, Health) and record.reported is not None:
            name = Topic.parse(message.topic)
            is_pressed = record.reported.button_since_utc_ns is not None
            found.append((name.site, name.room, name.node, is_pressed))
    return tuple(found)
