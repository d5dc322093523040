"""The keeper: a tick's messages in, one durable commit, and what may be acknowledged out.

Nothing here knows of MQTT or of threads, so that any mixture of messages can be tried on it.

A message can't stop it. What does not fit is kept aside with the reason, and so is a message that
makes anything raise which is not the machine's own: the tick is split until that message is found,
and goes on without it. A full disk or an I/O error is the machine's: StoreError, and nothing of it
is acknowledged.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from contract.clock import Clock
from contract.errors import DecodeError, RefusedError, StoreError, brief_of, shortened
from contract.payload import Batch
from contract.suspects import Suspects, digest_of
from ingest.clocks.watch import ClockWatch
from ingest.nodes.accounting import SeatSeconds
from ingest.nodes.budget import NodeBudget
from ingest.nodes.connection_rate import ConnectionRate
from ingest.nodes.message import NodeMessage
from ingest.nodes.name_clash import NameClash
from ingest.receiving.acks import NodeAck, acks_of
from ingest.receiving.aside_book import DEADLY, AsideBook, node_of
from ingest.receiving.classify import sort_message
from ingest.receiving.counters import Counters
from ingest.receiving.rare_log import RareLog
from ingest.settings import IngestSettings
from ingest.stores.notices import Notice, NoticeKind
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival, Aside, Tick
from ingest.stores.upkeep.aside_pages import every_aside

__all__ = ["Counters", "Keeper", "Kept", "NodeAck"]

_LOG = logging.getLogger("ingest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a commit has made safe: only now may the tick's messages be acknowledged."""

    acks: tuple[NodeAck, ...] = ()
    births: tuple[tuple[str, str], ...] = ()
    """(room, node) of each birth"""

    def __add__(self, other: Kept) -> Kept:
        return Kept(acks=self.acks + other.acks, births=self.births + other.births)


@dataclass(frozen=True, slots=True)
class _Unusable:
    """A message that is to be kept aside."""

    message: NodeMessage
    reason: str
    is_limit: bool = False
    is_defect: bool = False


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
    ) -> None:
        self.counters = Counters()
        self.connections = ConnectionRate()
        self._seat_seconds = seat_seconds
        self._suspects = suspects
        self._store = store
        self._site = site
        self._clock = clock
        self._settings = settings
        self._book = AsideBook(
            every=lambda: every_aside(store),
            max_messages=settings.most_aside,
            max_bytes=settings.max_aside_mb << 20,
        )
        self.clocks = ClockWatch(clock=clock)
        self._budget = NodeBudget(burst_bytes=settings.max_node_burst_mb << 20)
        self._clash = NameClash()
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

    @property
    def aside(self) -> AsideBook:
        """What is kept aside, counted."""
        return self._book

    def forget_aside(self) -> None:
        """Messages were taken out of what is kept aside: count again, and let them come again."""
        self._book.forget()
        if self._seat_seconds is not None:
            self._seat_seconds.forget_aside()

    def _keep_suspects(
        self, messages: Sequence[NodeMessage], retained: list[NodeMessage], suspects: Suspects
    ) -> Kept:
        """Retained messages come again at each start: note which are in hand, for the next one."""
        culprit = suspects.culprit
        alone = [m for m in retained if digest_of(m.topic, m.payload) in suspects]
        bad = [
            m
            for m in retained
            if digest_of(m.topic, m.payload) == culprit or self._book.is_deadly(m.topic, m.payload)
        ]
        kept = Kept()
        if bad:
            kept += self._set_aside(bad, DEADLY)
        for message in alone:
            if not any(message is each for each in bad):
                with suspects.holding([digest_of(message.topic, message.payload)]):
                    kept += self._keep([message])
        rest = [m for m in messages if not any(m is each for each in (*alone, *bad))]
        with suspects.holding([digest_of(m.topic, m.payload) for m in rest if m.is_retained]):
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
            return self._commit((), [_Unusable(m, reason, is_defect=True) for m in messages])
        except (OSError, MemoryError):
            raise
        except Exception:  # noqa: BLE001
            self.counters.aside_refused += len(messages)
            _LOG.exception("%d messages can't even be put aside (%s)", len(messages), reason)
            return Kept()

    def _commit(self, messages: Sequence[NodeMessage], unusable: Sequence[_Unusable] = ()) -> Kept:
        tick = Tick(received_utc_ns=self._clock.utc_ns(), notices=[*self._later])
        source: dict[int, NodeMessage] = {}
        aside = list(unusable)
        for message in messages:
            try:
                record = self._sort(tick, message)
            except DecodeError as error:
                aside.append(_Unusable(message, str(error)))
            except (OSError, MemoryError):
                raise
            except Exception as error:  # noqa: BLE001  # whatever its bytes can cause
                aside.append(_Unusable(message, brief_of(error), is_defect=True))
            else:
                source[id(record)] = message
        aside += self._over_budget(tick, source)
        try:
            streams, commit_ms = self._commit_tick(tick, aside, source)
        except BaseException:
            self._book.undo()
            self._budget.undo()
            self.clocks.forget()  # what was seen was not kept: it is seen again
            raise
        self._book.settle()
        self._budget.settle()
        self._later.clear()
        # From here on everything is kept; what follows must not raise for a message's sake.
        counters = self.counters
        counters.messages += len(messages) + len(unusable)
        counters.ticks += 1
        counters.worst_commit_ms = max(counters.worst_commit_ms, commit_ms)
        counters.commit_s.observe(commit_ms / 1e3)
        for each in aside:
            counters.over_limit += each.is_limit
            counters.defects += each.is_defect
        self._count_aside(tick, aside)
        self._count(tick, streams)
        self._watch_names(tick)
        return Kept(
            acks=self._acks(tick, streams),
            births=tuple((room, birth.node) for _, room, birth in tick.births),
        )

    def _over_budget(self, tick: Tick, source: dict[int, NodeMessage]) -> list[_Unusable]:
        """Take what is more than a kit can have sensed out of the tick."""
        now_ns = self._clock.elapsed_ns()
        granted: list[Arrival] = []
        over: list[_Unusable] = []
        for arrival in tick.arrivals:
            message = arrival.message
            size = message.values.nbytes if isinstance(message, Batch) else 0
            if self._budget.take(message.node, size, now_ns):
                granted.append(arrival)
            else:
                reason = f"{message.node} sends more than a kit can have sensed"
                over.append(_Unusable(source[id(arrival)], reason, is_limit=True))
        tick.arrivals[:] = granted
        return over

    def _acks(self, tick: Tick, streams: list[int]) -> tuple[NodeAck, ...]:
        try:
            return tuple(acks_of(self._store, tick.arrivals, streams))
        except StoreError as error:
            _LOG.error("%s Nodes send again, and are acknowledged then.", error)
            return ()

    def _sort(self, tick: Tick, message: NodeMessage) -> object:
        return sort_message(
            tick,
            site=self._site,
            topic=message.topic,
            payload=message.payload,
            is_retained=message.is_retained,
            live_age_ms=self._settings.live_age_s * 1e3,
        )

    def _commit_tick(
        self, tick: Tick, aside: list[_Unusable], source: dict[int, NodeMessage]
    ) -> tuple[list[int], float]:
        """The tick's streams, and how long the commit took; `aside` grows by what is refused."""
        shelved = 0
        while True:
            for each in aside[shelved:]:
                self._shelve(tick, each)
            shelved = len(aside)
            self._cursor = self._store.newest_cursor()
            began_ns = self._clock.elapsed_ns()
            self.clocks.see(tick)
            try:
                streams = self._store.commit(tick)
            except RefusedError as error:
                self.clocks.forget()
                reasons = {id(record): reason for record, reason in error.refused}
                tick.births[:] = [birth for birth in tick.births if id(birth) not in reasons]
                tick.arrivals[:] = [each for each in tick.arrivals if id(each) not in reasons]
                aside += [
                    _Unusable(source[key], reason, is_limit=True) for key, reason in reasons.items()
                ]
                continue
            return streams, (self._clock.elapsed_ns() - began_ns) / 1e6

    def _shelve(self, tick: Tick, unusable: _Unusable) -> None:
        """Put a message aside in the tick, if there is room for it."""
        message = unusable.message
        fate = self._book.admit(message.topic, message.payload)
        if unusable.is_limit:
            self._notice(tick, "limit", message.topic, unusable.reason)
        if fate == "kept":
            tick.aside.append(
                Aside(
                    received_utc_ns=tick.received_utc_ns,
                    topic=message.topic,
                    reason=unusable.reason,
                    payload=message.payload,
                )
            )
        elif fate == "refused":
            sentence = "more bad messages than are kept aside: further ones are only counted"
            self._notice(tick, "aside", message.topic, sentence)

    @staticmethod
    def _notice(tick: Tick, kind: NoticeKind, topic: str, sentence: str) -> None:
        node = node_of(topic)
        if not node:
            return
        for at, known in enumerate(tick.notices):
            if (known.node, known.kind) == (node, kind):
                tick.notices[at] = replace(known, count=known.count + 1)
                return
        now_ns = tick.received_utc_ns
        tick.notices.append(
            Notice(
                node=node, kind=kind, room=shortened(topic.split("/")[3], 32), sentence=sentence,
                first_utc_ns=now_ns, last_utc_ns=now_ns,
            )
        )  # fmt: skip

    def _count(self, tick: Tick, streams: list[int]) -> None:
        arrived = sum(arrival.message.n for arrival in tick.arrivals)
        kept = gap = 0
        try:
            changes = self._store.changes(self._cursor, own=True)[1] if tick.arrivals else []
        except StoreError as error:
            # The tick is kept: a figure that is short must not make it be kept again.
            _LOG.error("%s A tick is missing in the figures.", error)
            return
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

    def _count_aside(self, tick: Tick, aside: list[_Unusable]) -> None:
        counters = self.counters
        kept = len(tick.aside)
        counters.aside += kept
        refused = sum(notice.count for notice in tick.notices if notice.kind == "aside")
        counters.aside_refused += refused
        counters.aside_repeated += len(aside) - kept - refused
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
                    counters.aside_refused, self._book.messages, notice.node,
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
            sentence = (
                f"{found.node} has connected {found.connections} times in ten minutes: its network "
                "or its power is bad, it has a twin, or somebody else has its key"
            )
            _LOG.error("%s (room %s)", sentence, found.room)
            now_ns = self._clock.utc_ns()
            self._later.append(
                Notice(
                    node=found.node, kind="connections", room=found.room, sentence=sentence,
                    first_utc_ns=now_ns, last_utc_ns=now_ns,
                )
            )  # fmt: skip
