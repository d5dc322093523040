"""The ingest process: from the broker into the store, and acks back. One thread keeps; the link
has its own for the network.

Each tick: take what has arrived, keep it in one durable commit, and only then acknowledge it on
MQTT and to the nodes. While the store fails nothing is acknowledged: the tick's messages wait,
the link's queue fills, its thread stops reading, and what comes next waits at the broker and at
the nodes, which hold everything until ingest acknowledges it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from contract.backoff import Backoff
from contract.clock import Clock
from contract.errors import DecodeError, StoreError
from contract.mqtt.client_id import program_client_id
from contract.mqtt.link import LinkDown, LinkUp, MqttLink, Received, Refused
from contract.wire.suspects import Suspects
from ingest.claims.claim import new_instance, place_of
from ingest.claims.claims import SiteClaims
from ingest.clocks.server_clock import ServerClock, kernel_boot
from ingest.health_topic.json_health import HealthTopic
from ingest.monitoring.condition import Condition
from ingest.mqtt.client_choice import mqtt_5_through
from ingest.nodes.accounting import SeatSeconds
from ingest.nodes.button_releases import ButtonReleases
from ingest.nodes.configuration import LessonConfig
from ingest.nodes.kit_requests import KitRequests
from ingest.purge.maintenance import KeptUpkeep
from ingest.receiving.aside.replay import ReplayRequest, replay, request_topic, result_topic
from ingest.receiving.classify import subscriptions
from ingest.receiving.keeper import Keeper, Kept
from ingest.receiving.metrics import IngestCounters, IngestFigures
from ingest.receiving.outgoing_queue import Outgoing
from ingest.receiving.rare_log import RareLog
from ingest.receiving.sealed_check import SealedChecking
from ingest.receiving.sealing_rounds import Sealing
from ingest.settings import ServerSettings
from ingest.stores.protocol import PeriodStore
from school.lessons.protocol import RoomSchedule

__all__ = ["Ingest"]

_LOG = logging.getLogger("ingest")
S = TypeVar("S")
_RETRY_S: Final = 0.2
_RETRY_MAX_S: Final = 5.0
_DOWN_AFTER: Final = 3
"""Failed commits after which nodes get the word to hold their data."""
_MAX_TICK_BYTES: Final = 16 << 20
"""A commit comes earlier, too, when so much is in hand: a thousand full batches of 30 seats are 9 MB."""
_LOG_EACH_NS: Final = 60_000_000_000
_COUNT_NS: Final = 5_000_000
"""Of each tick, at most this goes into counting what was kept before ingest began."""

_FOR_TOOLS: Final = 4
"""Times `max_outgoing`: a kit has three words for others' tools, and one ack."""
_FOR_TOOLS_A_TICK: Final = 100


class _Parts:
    """What works together while the stores are open."""

    def __init__(
        self,
        settings: ServerSettings,
        clock: Clock,
        store: PeriodStore,
        lessons: RoomSchedule,
        link: MqttLink,
        claims: SiteClaims,
    ) -> None:
        limits = settings.ingest
        self.store = store
        self.link = link
        self.is_linking = False
        """Whether the link was started: only once every site is claimed."""
        self.claims = claims
        self.outgoing = Outgoing(limits.max_outgoing)
        self.seat_seconds = SeatSeconds(store=store, clock=clock, max_runs=limits.max_counted)
        suspects = Suspects(settings.data_dir / "ingest-reading")
        suspects.begin()
        self.keeper = Keeper(
            store=store, site=settings.site, more_sites=settings.more_sites, clock=clock,
            settings=limits, seat_seconds=self.seat_seconds, suspects=suspects,
        )  # fmt: skip
        self.server_clock = ServerClock(
            store=store, clock=clock, boot=kernel_boot(), bound_ns=limits.clock_bound_ns
        )
        self.config = LessonConfig(
            lessons=lessons, site=settings.site, clock=clock, longest_ns=settings.lessons.longest_ns
        )
        self.kit_requests = KitRequests(lessons=lessons, clock=clock)
        self.releases = ButtonReleases(store, self.config, self.kit_requests, clock)
        self.upkeep = KeptUpkeep(
            settings=settings, clock=clock, store=store, server_clock=self.server_clock
        )
        # Of its own: a thousand births at a reconnect must not push out a kit's configuration.
        self.for_tools = Outgoing(_FOR_TOOLS * limits.max_outgoing)
        self.health_topic = HealthTopic(settings.health_topic, settings.sites)
        self.sealing = Sealing(store=store, clock=clock, settings=limits)
        self.checking = SealedChecking(store=store, clock=clock, seat_seconds=self.seat_seconds)


class Ingest:
    """Keeps what its sites' nodes send, until it is stopped or another ingest turns out to."""

    def __init__(
        self,
        *,
        settings: ServerSettings,
        clock: Clock,
        open_store: Callable[[Path], PeriodStore],
        open_lessons: Callable[[Path], RoomSchedule],
    ) -> None:
        self.ready = threading.Event()
        """Set once ingest has said that it is up."""
        self.condition = Condition(
            clock=clock,
            stall_s=settings.ingest.stall_s,
            missing={"store": "the store is not open yet", "link": "there is no broker yet"},
        )
        self.metrics = IngestFigures(
            clock=clock, condition=self.condition, counters=IngestCounters(), queues={}
        )
        """What `/metrics` shows; any thread may collect it."""
        self._settings = settings
        self._clock = clock
        self._open_store = open_store
        self._open_lessons = open_lessons
        self._requests = {request_topic(site): site for site in settings.sites}
        self._backoff = Backoff(first_s=_RETRY_S, max_s=_RETRY_MAX_S)
        self._rare_log = RareLog(_LOG, clock)
        self._logged_ns = clock.elapsed_ns()

    def run(self, stop: threading.Event) -> None:
        """Keep until `stop` is set, then say that ingest is down.

        What has arrived by then and is not acknowledged stays with the nodes. Raises LinkError where
        another ingest keeps one of the sites.
        """
        store = self._opened(self._open_store, stop)
        if store is None:
            return
        with closing(store):
            lessons = self._opened(self._open_lessons, stop)
            if lessons is None:
                return
            with closing(lessons):
                self._run(stop, store, lessons)

    def _opened(self, opener: Callable[[Path], S], stop: threading.Event) -> S | None:
        """The store, tried again with back-off; None when stopped meanwhile."""
        backoff = Backoff(first_s=_RETRY_S, max_s=_RETRY_MAX_S)
        while not stop.is_set():
            self.condition.turn()
            try:
                opened = opener(self._settings.data_dir)
            except StoreError as error:
                self.condition.set_missing("store", str(error))
                wait_s = backoff.failed()
                _LOG.error("%s Trying again in %g s.", error, wait_s)
                stop.wait(wait_s)
                continue
            return opened
        return None

    def _run(self, stop: threading.Event, store: PeriodStore, lessons: RoomSchedule) -> None:
        claims = SiteClaims(
            settings=self._settings, clock=self._clock, instance=new_instance(),
            place=place_of(self._settings.data_dir),
        )  # fmt: skip
        parts = _Parts(self._settings, self._clock, store, lessons, self._link(), claims)
        self.metrics.counters = parts.keeper.counters
        self.metrics.seat_seconds = parts.seat_seconds
        self.metrics.connections = parts.keeper.connections
        parts.config.begin(store, self._settings.sites)
        parts.seat_seconds.begin()
        self.condition.set_present("store")
        claims.start()
        try:
            while not stop.is_set():
                claims.require()
                if parts.is_linking and not parts.link.is_alive:
                    _LOG.error(
                        "the thread of the MQTT link has ended, which is a defect; starting another"
                    )
                    parts.link = self._link()
                    parts.link.start()
                self._tick(parts, stop)
        finally:
            claims.stop()
            parts.link.stop()
            self._log_progress(parts.outgoing, is_last=True)

    def _link(self) -> MqttLink:
        settings = self._settings
        return MqttLink(
            broker=settings.broker,
            client_id=program_client_id("ingest"),
            others_write=True,
            mqtt_5=mqtt_5_through(settings.ingest.mqtt_client),
            will=None,  # each site has its own: see `ingest/claims/`
            subscriptions=(
                *(topic for site in settings.sites for topic in subscriptions(site)),
                *self._requests,
            ),
            max_events=settings.ingest.max_waiting,
            max_in_flight=1_000,
            max_queued=settings.ingest.max_outgoing,
            max_unsent=settings.ingest.max_outgoing,
        )

    def _tick(self, parts: _Parts, stop: threading.Event) -> None:
        self.condition.turn()
        if not parts.is_linking:
            self._begin_link(parts)
        received = self._gather(parts)
        messages = []
        for message in received:
            if parts.kit_requests.take(message):
                parts.link.acknowledge(message)
            elif message.topic not in self._requests:
                messages.append(message)
        if parts.server_clock.look():  # before anything is stamped by it
            parts.keeper.clocks.forget()
        if messages:
            self._keep(messages, parts, stop)
        for message in received:
            if message.topic in self._requests:
                self._replay(message, parts)
        try:
            for topic, config in parts.config.due():
                parts.outgoing.say(topic, topic, config.encode(), retain=True)
            for topic, command in parts.kit_requests.due(parts.config.sites_of):
                parts.outgoing.say(command.id, topic, command.encode())
            parts.releases.step()
            if len(received) < self._settings.ingest.max_in_tick:
                parts.sealing.step()
                parts.checking.step()
                if parts.upkeep.step():
                    parts.keeper.forget_aside()
                parts.seat_seconds.count_on(_COUNT_NS)
                parts.keeper.clocks.look(parts.store)
        except StoreError as error:
            _LOG.error("%s Trying again.", error)
            stop.wait(_RETRY_S)
        self._say_up(parts)
        parts.outgoing.flush(parts.link)
        parts.for_tools.flush(parts.link, max_words=_FOR_TOOLS_A_TICK)
        self._note_figures(parts)
        self._log_progress(parts.outgoing)

    def _note_figures(self, parts: _Parts) -> None:
        limits = self._settings.ingest
        figures = self.metrics
        figures.link_is_up = parts.link.is_up
        figures.words_dropped = parts.outgoing.dropped
        figures.damaged = dict(parts.checking.damaged)
        figures.clocks = dict(parts.keeper.clocks.refuted)
        figures.timebases_refused = parts.store.refused_timebases
        figures.retention_from_utc_ns = parts.server_clock.retention_from_utc_ns
        figures.queues = {
            "received": (parts.link.events.qsize(), limits.max_waiting),
            "outgoing": (len(parts.outgoing), limits.max_outgoing),
            "aside": (parts.keeper.aside.messages, limits.max_aside_messages),
            "aside_bytes": (parts.keeper.aside.size, limits.max_aside_mb << 20),
            "counted": (len(parts.seat_seconds), limits.max_counted),
        }

    def _begin_link(self, parts: _Parts) -> None:
        """Ask for the sites' data once they are this ingest's; until then another may keep it."""
        if parts.claims.are_held:
            parts.is_linking = True
            parts.link.start()
        elif trouble := parts.claims.trouble:
            self._note_no_broker(trouble)

    def _note_no_broker(self, reason: str) -> None:
        reason = reason.rstrip(".")
        self.condition.set_missing("link", f"no broker: {reason}")
        # It is tried again every few seconds.
        self._rare_log.say(reason, "no broker: %s. Trying again.", reason)

    def _gather(self, parts: _Parts) -> list[Received]:
        """What arrives within a tick, or as much as a commit takes."""
        settings = self._settings.ingest
        received: list[Received] = []
        for event in parts.link.events.take(
            max_events=settings.max_in_tick,
            max_bytes=_MAX_TICK_BYTES,
            timeout_s=settings.tick_ms / 1e3,
        ):
            if isinstance(event, Received):
                received.append(event)
            elif isinstance(event, LinkUp):
                _LOG.info(
                    "connected to the broker %s:%d, MQTT %s through %s",
                    self._settings.broker.host, self._settings.broker.port, event.protocol,
                    event.client,
                )  # fmt: skip
                parts.config.forget_sent()
                self.condition.set_present("link")
                self._rare_log.forget()
                self._say_up(parts)
            elif isinstance(event, LinkDown):
                parts.claims.say("down")
                self._note_no_broker(event.reason)
            elif isinstance(event, Refused):
                _LOG.error(
                    "the broker refused what ingest published (%s: %s): look at its ACL",
                    event.topic, event.reason,
                )  # fmt: skip
        return received

    def _say_up(self, parts: _Parts) -> None:
        """Say that data may come, unless the store has been failing or nothing would arrive."""
        if self._backoff.failures >= _DOWN_AFTER or not parts.link.is_up:
            return
        parts.claims.say("up")
        if not self.ready.is_set() and parts.claims.have_said_up:
            self.ready.set()
            _LOG.info(
                "keeping %s into %s, broker %s:%d",
                ", ".join(self._settings.sites),
                self._settings.data_dir,
                self._settings.broker.host,
                self._settings.broker.port,
            )

    def _keep(self, messages: list[Received], parts: _Parts, stop: threading.Event) -> None:
        """Commit, and only then acknowledge; try until it works or ingest is stopped."""
        kept: Kept | None = None
        while kept is None:
            try:
                kept = parts.keeper.keep(messages)
            except StoreError as error:
                self.condition.turn()
                self.condition.set_missing("commit", str(error))
                self.metrics.commit_failures += 1
                wait_s = self._backoff.failed()
                _LOG.error(
                    "%s Nothing is acknowledged; %d messages wait. Trying again in %g s.",
                    error, len(messages) + parts.link.events.qsize(), wait_s,
                )  # fmt: skip
                if self._backoff.failures == _DOWN_AFTER:
                    parts.claims.say("down")
                if stop.wait(wait_s):
                    return
                parts.claims.require()  # else it might keep later what another has kept by then
        if self._backoff.failures >= _DOWN_AFTER:
            _LOG.info("the store can be written again")
        self._backoff.reset()
        self.condition.set_present("commit")
        for message in messages:
            parts.link.acknowledge(message)
        for word in kept.acks:
            # QoS 0: an ack says all that is kept, so the next one makes up for one that is lost.
            parts.outgoing.say(word.about, word.topic, word.ack.encode(), qos=0)
        for said in parts.health_topic.of(messages):
            parts.for_tools.say(said.topic, said.topic, said.payload, retain=said.is_retained)
        for site, room, node in kept.births:
            parts.config.add_node(room, node, site=site)
        for site, room, node, is_pressed in kept.buttons:
            parts.config.hear_button(site, room, node, is_pressed=is_pressed)

    def _replay(self, message: Received, parts: _Parts) -> None:
        """Play kept-aside messages again and answer; a request that fails is just not answered."""
        try:
            request = ReplayRequest.decode(message.payload)
            done = replay(
                parts.store, request, site=self._settings.site, clock=self._clock,
                more_sites=self._settings.more_sites,
            )  # fmt: skip
        except (OSError, MemoryError, DecodeError) as error:
            _LOG.error("can't play again what was kept aside: %s", error)
        else:
            topic = result_topic(self._requests[message.topic])
            parts.outgoing.say(("replay", done.id), topic, done.encode())
        parts.keeper.forget_aside()
        parts.link.acknowledge(message)

    def _log_progress(self, outgoing: Outgoing, *, is_last: bool = False) -> None:
        now_ns = self._clock.elapsed_ns()
        if not is_last and now_ns - self._logged_ns < _LOG_EACH_NS:
            return
        self._logged_ns = now_ns
        c = self.metrics.counters
        _LOG.info(
            "%d messages; of %d s that arrived %d kept, %d in gaps, %d trimmed; %d aside; "
            "%d ticks, worst commit %.1f ms; %d words dropped",
            c.messages, c.arrived, c.kept, c.gap, c.trimmed, c.aside, c.ticks,
            c.worst_commit_ms, outgoing.dropped,
        )  # fmt: skip
