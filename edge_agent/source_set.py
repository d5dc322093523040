"""All sources of a node: makes them, runs each on its own thread, and says how they are."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from contract.clock import Clock
from contract.wire.messages import Hub, SensorFault
from edge_agent.fault_note import merged
from edge_agent.sensing.sensor_watch import SensorWatch
from edge_agent.settings import EdgeSettings
from edge_agent.sources import open_source
from edge_agent.sources.hub import HubSettings, flat
from edge_agent.sources.protocol import SourceSettings, Wiring
from firmware_bridge.events import HubCounters, HubDown, HubEvent, HubUp
from firmware_bridge.frames import Hello

__all__ = ["OpenReader", "Reader", "SourceSet"]

log = logging.getLogger(__name__)


class Reader(Protocol):
    """The methods of a source, or of `firmware_bridge.reader.HubReader`, that the agent uses."""

    def run(self, stop: threading.Event) -> None: ...
    def identify(self, seconds: int = 5) -> None: ...
    def counters(self) -> HubCounters | Mapping[str, int]: ...


OpenReader = Callable[[HubSettings, Clock, Callable[[HubEvent], None]], Reader]


class SourceSet:
    """The node's sources by name. `start` starts their threads, which end with `stop`."""

    def __init__(
        self,
        *,
        settings: EdgeSettings,
        wiring: Wiring,
        stop: threading.Event,
        open_reader: OpenReader | None = None,
    ) -> None:
        self._settings = settings
        self._wiring = wiring
        self._stop = stop
        self._open_reader = open_reader
        self._sources = {source.name: self._opened(source) for source in settings.sources}
        self._hellos: dict[str, Hello] = {}
        self._watch = SensorWatch(
            {
                source.name: source.seat_numbers
                for source in settings.seat_sources
                if not source.has_switches
            },
            excluded=lambda: wiring.gate.excluded,
        )
        self._threads: list[threading.Thread] = []
        self.failed: str | None = None
        """What a bug in a source's thread did, as a sentence: it ends the program."""

    def start(self) -> None:
        """Start a thread for each source."""
        for source in self._settings.sources:
            run = self._sources[source.name].run
            name = f"{source.kind} {source.name}" if source.seat_numbers else source.name
            self.start_also(name, run)

    def start_also(self, name: str, run: Callable[[threading.Event], None]) -> None:
        """Start a thread that ends as those of the sources do, and is as well guarded."""
        thread = threading.Thread(target=self._guarded, args=(name, run), name=name)
        self._threads.append(thread)
        thread.start()

    def join(self, timeout_s: float) -> None:
        for thread in self._threads:
            thread.join(timeout_s)

    def look(self, event: HubEvent) -> tuple[HubEvent, bool]:
        """The event as it may be used, and whether the node's birth has changed with it."""
        has_new_birth = False
        match event:
            case HubUp(hub=hub, hello=hello):
                log.info("%s is up: %s, %d seats.", hub, hello.firmware, hello.seats)
                has_new_birth = self._hellos.get(hub) != hello
                self._hellos[hub] = hello
            case HubDown(hub=hub, reason=reason):
                log.warning("%s is down: %s", hub, reason)
        return self._watch.look(event), has_new_birth

    def identify(self, hub: str | None) -> str | None:
        """Make one of them blink, or all; why not, if there is none of that name."""
        if hub is not None and hub not in self._sources:
            return f"no hub {hub!r}: there are {', '.join(self._sources)}"
        for name, source in self._sources.items():
            if hub in {None, name}:
                source.identify()
        return None

    def hubs(self) -> tuple[Hub, ...]:
        """The sources with seats, for the birth."""
        return tuple(self._hub(source) for source in self._settings.seat_sources)

    def counters(self) -> dict[str, dict[str, int]]:
        """The counters of the sources with seats, by name."""
        return {
            source.name: _flat(self._sources[source.name].counters())
            for source in self._settings.seat_sources
        }

    def up(self) -> tuple[int, int]:
        """How many of the sources with seats are up, and how many there are."""
        counters = self.counters().values()
        return sum(bool(each.get("is_up")) for each in counters), len(counters)

    def faults(self) -> tuple[SensorFault, ...]:
        """What is wrong with the sensors now, one fault for a seat."""
        specific = tuple(
            fault
            for source in self._sources.values()
            for fault in getattr(source, "faults", tuple)()
        )
        return merged(specific, self._watch.faults())

    def _opened(self, settings: SourceSettings) -> Reader:
        if self._open_reader is not None and isinstance(settings, HubSettings):
            return self._open_reader(settings, self._wiring.clock, self._wiring.sink)
        return open_source(settings, self._wiring)

    def _guarded(self, name: str, run: Callable[[threading.Event], None]) -> None:
        """The top of a source's thread: a bug there ends the program cleanly."""
        try:
            run(self._stop)
        except Exception as error:
            log.exception("The thread of %s failed.", name)
            self.failed = f"The thread of {name} failed ({type(error).__name__}: {error})."

    def _hub(self, settings: SourceSettings) -> Hub:
        """A source as its HELLO describes it; before a HELLO, as the settings do."""
        hello = self._hellos.get(settings.name)
        return Hub(
            hub=settings.name,
            kind=settings.kind,
            firmware=f"{hello.firmware} {hello.firmware_version}" if hello else "",
            seats=settings.seat_numbers,
            sample_rate_hz=hello.sample_rate_hz if hello else 0.0,
            has_sound=hello.has_levels if hello else False,
        )


def _flat(counters: HubCounters | Mapping[str, int]) -> dict[str, int]:
    return flat(counters) if isinstance(counters, HubCounters) else dict(counters)
