"""The edge agent: owns the threads and connects readers, sensing, delivery and publisher.

    hub reader threads, microphone ──► inbox ──► sensing ──► delivery ──► publisher ──► link
                                                               ▲  ▼           │ acks
                                                              outbox ◄────────┘

Everything to the right of the inbox runs on the thread that calls `run`; the link has a network
thread of its own. Nothing starts before `run`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Literal, Protocol

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
    Hub,
    Timebase,
)
from contract.wire.payload import FULL_LAYOUT_CODES
from contract.wire.suspects import Suspects
from edge_agent.identity import Identity
from edge_agent.memory import Tidying
from edge_agent.orders import Orders
from edge_agent.outbox.run_book import RunBook, RunNote
from edge_agent.outbox.store import Outbox
from edge_agent.publishing.delivery import Delivery
from edge_agent.publishing.link_note import LinkNote
from edge_agent.publishing.publisher import EdgePublisher, Link, OpenLink
from edge_agent.sensing.inbox import Inbox
from edge_agent.sensing.seconds import Sensing
from edge_agent.service_status import ServiceStatus
from edge_agent.settings import PERIOD_NS, EdgeSettings, HubSettings
from edge_agent.switch.off_switch import OffSwitch
from edge_agent.switch.pins import OpenPins, open_pins
from edge_agent.timebase import QualitySource, UtcWatch, quality_of
from firmware_bridge.events import HubCounters, HubDown, HubEvent, HubUp
from firmware_bridge.frames import Hello
from firmware_bridge.reader import HubReader

__all__ = ["EdgeAgent", "OpenReader", "Outcome", "Reader"]

log = logging.getLogger(__name__)

Outcome = Literal["stopped", "restart"]

_LOOK_S: Final = 0.01
_IDLE_S: Final = 0.25
# In observed time, so that a fast simulation never gathers more bytes than a port can hold.
_SHORT_GATHER_NS: Final = 8_000_000
_LONG_GATHER_NS: Final = 350_000_000


class Reader(Protocol):
    """The methods of `firmware_bridge.reader.HubReader` that the agent uses."""

    def run(self, stop: threading.Event) -> None: ...
    def identify(self, seconds: int = 5) -> None: ...
    def counters(self) -> HubCounters: ...


OpenReader = Callable[[HubSettings, Clock, Callable[[HubEvent], None]], Reader]


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
        make = open_reader or self._hub_reader
        self._readers = {hub.name: make(hub, clock, self._inbox.put) for hub in settings.hub}
        self._service = ServiceStatus(service or ServiceManager(), self._readers)
        self._hellos: dict[str, Hello] = {}
        self._switch = OffSwitch(
            settings=settings.switch, path=settings.outbox.dir / "pause.json", clock=clock,
            pins=pins or open_pins,
        )  # fmt: skip
        self.orders = Orders(
            sensing=self._sensing,
            switch=self._switch,
            readers=self._readers,
            config_path=settings.outbox.dir / "config.cbor",
            max_commands=settings.limits.max_commands,
        )
        self._was_sampling = False
        self._note = LinkNote(settings.outbox.dir)
        self._tidying = Tidying(now_ns=clock.elapsed_ns())
        self._nap = threading.Event()
        self._fault: str | None = None
        self._threads: list[threading.Thread] = []

    def run(self, stop: threading.Event) -> Outcome:
        """Sense and deliver until `stop` is set or a `restart` command comes, then stop cleanly."""
        self._look_at_clock(self._clock.elapsed_ns())
        self.orders.start()
        # Record what an earlier run lost before this run samples anything.
        self.delivery.tick(self._clock.elapsed_ns())
        self._publisher.names.known = self.book.earlier_runs
        self._start()
        try:
            is_busy = False
            while not (stop.is_set() or self.orders.is_restarting or self._fault):
                is_busy = self._round()
                stop.wait(self._pause_s(is_busy=is_busy))
            self._finish()
        finally:
            self._stop_readers.set()
            for thread in self._threads:
                thread.join(2.0)
            self._switch.close()
            self.book.close()
            self.outbox.close()
        if self._fault:
            raise RoomtoneError(self._fault)
        return "restart" if self.orders.is_restarting else "stopped"

    def birth(self) -> Birth:
        return Birth(
            node=self._identity.node,
            run=self._identity.run,
            boot=self._identity.boot,
            software=_software(),
            period_ns=PERIOD_NS,
            run_boot_ns=self._identity.run_boot_ns,
            hubs=tuple(self._hub(hub) for hub in self._settings.hub),
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
                name: _flat(reader.counters()) | unused[name]
                for name, reader in self._readers.items()
            },
        )

    def config_reported(self) -> ConfigReported:
        return self.orders.config_reported()

    def handle_config(self, config: Config) -> None:
        self.orders.handle_config(config)

    def handle_command(self, command: Command) -> CommandResult:
        return self.orders.handle_command(command, boot_ns=self._clock.boot_ns())

    def _start(self) -> None:
        self._publisher.start()
        sources: dict[str, Callable[[threading.Event], None]] = {
            f"hub {name}": reader.run for name, reader in self._readers.items()
        }
        if self._settings.switch.led_pin is not None:
            sources["light"] = self._switch.run
        sound = self._settings.sound
        if sound.source == "microphone":
            # Imported only where there is a microphone: a Pi has little memory.
            from edge_agent.sensing.microphone import Microphone  # noqa: PLC0415

            sources["microphone"] = Microphone(
                command=sound.command, full_scale_db=sound.full_scale_db,
                clock=self._clock, sink=self._inbox.put,
            ).run  # fmt: skip
        for name, run in sources.items():
            thread = threading.Thread(target=self._guarded, args=(name, run), name=name)
            self._threads.append(thread)
            thread.start()

    def _guarded(self, name: str, run: Callable[[threading.Event], None]) -> None:
        """The top of a reader's thread: a bug there ends the program cleanly."""
        try:
            run(self._stop_readers)
        except Exception as error:
            log.exception("The thread of %s failed.", name)
            self._fault = f"The thread of {name} failed ({type(error).__name__}: {error})."

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
        is_busy = self._publisher.step(self._clock.elapsed_ns())
        self._note.look(self._publisher.link_state(), now_ns)
        self._service.turned(
            now_ns, self._publisher.link_state, is_sampling=self._sensing.is_sampling
        )
        return is_busy

    def _take(self, event: HubEvent) -> None:
        match event:
            case HubUp(hub=hub, hello=hello):
                log.info("%s is up: %s, %d seats.", hub, hello.firmware, hello.seats)
                if self._hellos.get(hub) != hello:
                    self._hellos[hub] = hello
                    self._publisher.request("state")
            case HubDown(hub=hub, reason=reason):
                log.warning("%s is down: %s", hub, reason)
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
        if not self._is_restarting:
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

    def _hub(self, settings: HubSettings) -> Hub:
        """A hub as its HELLO describes it; before a HELLO, as the settings do."""
        hello = self._hellos.get(settings.name)
        return Hub(
            hub=settings.name,
            firmware=f"{hello.firmware} {hello.firmware_version}" if hello else "",
            seats=settings.seats,
            sample_rate_hz=hello.sample_rate_hz if hello else 0.0,
            has_sound=hello.has_levels if hello else False,
        )

    def _hub_reader(
        self, hub: HubSettings, clock: Clock, sink: Callable[[HubEvent], None]
    ) -> Reader:
        return HubReader(
            hub=hub.name, port=hub.port, clock=clock, sink=sink, baudrate=hub.baudrate,
            gather_s=self._gather_s, max_undated=self._settings.limits.max_undated,
        )  # fmt: skip

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


def _flat(counters: HubCounters) -> dict[str, int]:
    """A reader's counters by name; a counter by reason gets one name for each reason."""
    flat: dict[str, int] = {}
    for name in HubCounters.__dataclass_fields__:
        value = getattr(counters, name)
        if isinstance(value, Mapping):
            flat |= {f"{name}_{reason}": int(count) for reason, count in value.items()}
        elif value is not None:
            flat[name] = int(value)
    return flat


def _software() -> str:
    try:
        return f"roomtone {version('roomtone')}"
    except PackageNotFoundError:
        return "roomtone"
