"""The edge agent: owns the threads and connects readers, sensing, delivery and publisher.

    sources, a thread each ──► inbox ──► sensing ──► delivery ──► publisher ──► link
                                                   ▲  ▼           │ acks
                                                  outbox ◄────────┘

Everything to the right of the inbox runs on the thread that calls `run`; the link has a network
thread of its own. Nothing starts before `run`.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Literal

from contract.clock import SECOND_NS, Clock
from contract.errors import RoomtoneError
from contract.mqtt.link import MqttLink, Will
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from contract.service_manager import ServiceManager
from contract.wire.messages import (
    Birth,
    Command,
    CommandResult,
    Config,
    ConfigReported,
    Health,
    Timebase,
)
from contract.wire.payload import FULL_LAYOUT_CODES
from contract.wire.suspects import Suspects
from edge_agent.fault_note import FaultNote
from edge_agent.identity import Identity
from edge_agent.memory import Tidying
from edge_agent.orders import Orders
from edge_agent.outbox.run_book import RunBook, RunNote
from edge_agent.outbox.store import Outbox
from edge_agent.publishing.delivery import Delivery
from edge_agent.publishing.link_note import LinkNote
from edge_agent.publishing.publisher import EdgePublisher, Link, OpenLink
from edge_agent.pushed_settings import PushedSettings
from edge_agent.sensing.inbox import Inbox
from edge_agent.sensing.seconds import Sensing
from edge_agent.service_status import ServiceStatus
from edge_agent.settings import PERIOD_NS, EdgeSettings
from edge_agent.source_set import OpenReader, SourceSet
from edge_agent.sources.protocol import Wiring
from edge_agent.switch.off_switch import OffSwitch
from edge_agent.switch.pins import OpenPins, open_pins
from edge_agent.timebase import QualitySource, UtcWatch, quality_of
from firmware_bridge.events import HubEvent

__all__ = ["EdgeAgent", "Outcome"]

log = logging.getLogger(__name__)

Outcome = Literal["stopped", "restart"]

_LOOK_S: Final = 0.01
_IDLE_S: Final = 0.25
# In observed time, so that a fast simulation never gathers more bytes than a port can hold.
_SHORT_GATHER_NS: Final = 8_000_000
_LONG_GATHER_NS: Final = 350_000_000


class EdgeAgent:
    """One run of the program on a room's Pi."""

    def __init__(
        self,
        *,
        settings: EdgeSettings,
        clock: Clock,
        quality: QualitySource | None = None,
        open_reader: OpenReader | None = None,
        open_link: OpenLink | None = None,
        pins: OpenPins | None = None,
        service: ServiceManager | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._identity = Identity.new_run(settings.node, clock)
        self._utc = UtcWatch(identity=self._identity, clock=clock, ask=quality or quality_of(clock))
        self._stop_readers = threading.Event()
        self._inbox = Inbox(max_events=settings.limits.max_events, stop=self._stop_readers)
        self.outbox = Outbox(
            directory=settings.outbox.dir,
            max_bytes=settings.outbox.max_bytes,
            node=settings.node,
            timebase=lambda: self.timebase().encode(),
        )
        self.book = RunBook(
            path=settings.outbox.dir / "runs",
            run=RunNote(
                run=self._identity.run,
                boot=self._identity.boot,
                run_boot_ns=self._identity.run_boot_ns,
                period_ns=PERIOD_NS,
                seats=settings.seats,
            ),
        )
        self.delivery = Delivery(
            run=self._identity.run, settings=settings.delivery, outbox=self.outbox, book=self.book
        )
        self._sensing = Sensing(
            settings=settings, identity=self._identity, clock=clock, delivery=self.delivery
        )
        self._publisher = EdgePublisher(
            settings=settings,
            identity=self._identity,
            delivery=self.delivery,
            host=self,
            open_link=open_link or self._mqtt_link,
            suspects=Suspects(settings.outbox.dir / "reading"),
        )
        self._sources = SourceSet(
            settings=settings,
            wiring=Wiring(
                clock=clock, sink=self._inbox.put, gate=self._sensing.gate, gather_s=self._gather_s,
                max_undated=settings.limits.max_undated,
            ),
            stop=self._stop_readers,
            open_reader=open_reader,
        )  # fmt: skip
        self._service = ServiceStatus(service or ServiceManager(), self._sources.up)
        self._switch = OffSwitch(
            settings=settings.switch, path=settings.outbox.dir / "pause.json", clock=clock,
            pins=pins or open_pins,
        )  # fmt: skip
        self.orders = Orders(
            sensing=self._sensing,
            switch=self._switch,
            pushed=PushedSettings(settings=settings, delivery=self.delivery, switch=self._switch),
            identify=self._sources.identify,
            config_path=settings.outbox.dir / "config.cbor",
            max_commands=settings.limits.max_commands,
        )
        self._was_sampling = False
        self._note = LinkNote(settings.outbox.dir)
        self._fault_note = FaultNote(settings.outbox.dir)
        self._tidying = Tidying(now_ns=clock.elapsed_ns())
        self._nap = threading.Event()

    def run(self, stop: threading.Event) -> Outcome:
        """Sense and deliver until `stop` is set or a `restart` command comes, then stop cleanly."""
        self._look_at_clock(self._clock.elapsed_ns())
        self.orders.start()
        # Record what an earlier run lost before this run samples anything.
        self.delivery.tick(self._clock.elapsed_ns())
        self._publisher.names.known = self.book.earlier_runs
        self._publisher.start()
        if self._settings.switch.led_pin is not None:
            self._sources.start_also("light", self._switch.run)
        self._sources.start()
        try:
            is_busy = False
            while not (stop.is_set() or self.orders.is_restarting or self._sources.failed):
                is_busy = self._round()
                stop.wait(self._pause_s(is_busy=is_busy))
            self._finish()
        finally:
            self._stop_readers.set()
            self._sources.join(2.0)
            self._switch.close()
            self.book.close()
            self.outbox.close()
        if self._sources.failed:
            raise RoomtoneError(self._sources.failed)
        return "restart" if self.orders.is_restarting else "stopped"

    def birth(self) -> Birth:
        return Birth(
            node=self._identity.node,
            run=self._identity.run,
            boot=self._identity.boot,
            software=_software(),
            period_ns=PERIOD_NS,
            run_boot_ns=self._identity.run_boot_ns,
            hubs=self._sources.hubs(),
            seat_codes=FULL_LAYOUT_CODES[0],
            room_codes=FULL_LAYOUT_CODES[1],
            units={q.name: q.unit for q in SEAT_QUANTITIES + ROOM_QUANTITIES},
            synchronised=self._utc.synchronised,
        )

    def timebase(self) -> Timebase:
        return self._utc.timebase()

    def health(self, *, is_finished: bool) -> Health:
        unused = self._sensing.assembler.counters()
        return Health(
            node=self._identity.node,
            run=self._identity.run,
            **asdict(self.delivery.counters()),
            is_sampling=self._sensing.is_sampling and not is_finished,
            is_finished=is_finished,
            outbox_bytes=self.outbox.bytes_used,
            ack_age_ms=self._publisher.ack_age_ms,
            twins=self._publisher.names.twins,
            reported=self.config_reported(),
            hubs={
                name: counters | unused[name] for name, counters in self._sources.counters().items()
            },
            faults=self._sources.faults(),
        )

    def config_reported(self) -> ConfigReported:
        return self.orders.config_reported()

    def handle_config(self, config: Config) -> None:
        self.orders.handle_config(config)

    def handle_command(self, command: Command) -> CommandResult:
        return self.orders.handle_command(command, boot_ns=self._clock.boot_ns())

    def _round(self) -> bool:
        """Do everything that is due; returns whether more data waits to be sent."""
        now_ns = self._clock.elapsed_ns()
        self._look_at_clock(now_ns)
        for event in self._inbox.drain():
            self._take(event)
        self._sensing.close_due()
        if self._sensing.is_sampling != self._was_sampling:
            self._was_sampling = self._sensing.is_sampling
            log.info("Sampling %s.", "begins" if self._was_sampling else "ends")
        if self.orders.step():
            self._publisher.request("config/reported")
            self._publisher.request("health")
        self._tidying.look(now_ns)
        if self._fault_note.look(self._sources.faults, now_ns):
            self._publisher.request("health")
        is_busy = self._publisher.step(self._clock.elapsed_ns())
        self._note.look(self._publisher.link_state(), now_ns)
        self._service.turned(
            now_ns, self._publisher.link_state, is_sampling=self._sensing.is_sampling
        )
        return is_busy

    def _take(self, event: HubEvent) -> None:
        event, has_new_birth = self._sources.look(event)
        if has_new_birth:
            self._publisher.request("state")
        self._sensing.take(event)

    def _pause_s(self, *, is_busy: bool) -> float:
        until_end_s = self._clock.elapsed_until(self._sensing.assembler.end_ns)
        if is_busy or until_end_s <= 0:
            return _LOOK_S
        return min(until_end_s + _LOOK_S, _IDLE_S)

    def _look_at_clock(self, now_ns: int) -> None:
        news = self._utc.look(now_ns)
        if news is None:
            return
        if news.has_changed:
            self._publisher.request("timebase")
        if news.step is not None:
            self._publisher.stepped(*news.step)
        self._sensing.synchronised = self._utc.synchronised

    def _finish(self) -> None:
        """Close the last whole period, send, wait for acks, write the rest to disk, say goodbye."""
        if not self.orders.is_restarting:
            self._service.stopping()
        last_ns = self._clock.boot_ns()
        while self._sensing.assembler.end_ns <= last_ns:
            self._round()
            self._nap.wait(_LOOK_S)
        self._stop_readers.set()
        self._sensing.end()
        wait_ns = round(self._settings.delivery.stop_wait_s * SECOND_NS)
        until_ns = self._clock.elapsed_ns() + wait_ns
        while not self.delivery.is_empty and self._clock.elapsed_ns() < until_ns:
            self._publisher.step(self._clock.elapsed_ns())
            if not self.delivery.is_open:
                break
            self._nap.wait(_LOOK_S)
        if self.delivery.has_held and not self.delivery.spill(self._clock.elapsed_ns()):
            log.error(
                "What is in memory is lost with this stop: neither ingest nor the disk took it."
            )
        else:
            self.book.end(self.outbox, until_seq=self._sensing.assembler.seq)
        self._publisher.farewell()

    def _gather_s(self) -> float:
        """How long bytes may collect at a reader: long, but not past the end of the second.

        The second closes soon after its end; before that nothing waits for the bytes.
        """
        boot_ns, end_ns = self._clock.boot_ns(), self._sensing.assembler.end_ns
        if boot_ns < end_ns:
            wake_ns = min(boot_ns + _LONG_GATHER_NS, end_ns + _SHORT_GATHER_NS)
        else:
            wake_ns = boot_ns + _SHORT_GATHER_NS
        return self._clock.elapsed_until(wake_ns)

    def _mqtt_link(self, client_id: str, will: Will, subscriptions: tuple[str, ...]) -> Link:
        limits = self._settings.limits
        return MqttLink(
            broker=self._settings.broker,
            client_id=client_id,
            will=will,
            subscriptions=subscriptions,
            max_events=limits.max_received,
            max_in_flight=limits.max_in_flight,
            max_queued=limits.max_queued,
        )


def _software() -> str:
    try:
        return f"roomtone {version('roomtone')}"
    except PackageNotFoundError:
        return "roomtone"
