"""A sound-level meter on a serial line that says its level in lines of text.

Levels only: such a meter has no samples. Outside lessons it is not asked, and what it says by
itself is dropped unread.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

import numpy as np
from pydantic import Field, field_validator

from contract.backoff import Backoff
from contract.errors import LinkError
from contract.finding import Finding
from contract.wire.messages import SensorFault
from edge_agent.sources.level_lines import LevelLines, LevelSlots, Slot
from edge_agent.sources.protocol import SourceSettings, Wiring
from firmware_bridge.events import HubDown, HubUp, Levels
from firmware_bridge.frames import Hello
from firmware_bridge.ports import BytePort, open_port, port_fault

__all__ = ["MeterSettings", "MeterSource"]

log = logging.getLogger(__name__)

_LOOK_S: Final = 0.1
_SILENT_S: Final = 5.0
_STUCK_NS: Final = 60_000_000_000
"""No lesson is equally loud to a tenth of a decibel for so long: a meter that says so is stuck, or
the room is below or above what it can measure."""
_COARSE_S: Final = 0.25
_NUMBER: Final = r"(\d{1,3}\.\d+|\d{1,3}(?=\s*dB))"


class MeterSettings(SourceSettings):
    """A meter: where it is plugged in, how it is asked, and what its numbers mean."""

    kind: Literal["meter"] = "meter"
    """A sound-level meter on a serial line."""
    port: Annotated[str, Field(min_length=1)]
    """A serial device, preferably one in /dev/serial/by-id, or a URL that pyserial knows."""
    baudrate: Annotated[int, Field(ge=300, le=4_000_000)] = 9_600
    """Speed of the line, 8 data bits, no parity, one stop bit."""
    begin: Annotated[str, Field(max_length=200)] = ""
    """Sent once when the line is opened, such as what makes the meter measure."""
    ask: Annotated[str, Field(max_length=200)] = ""
    """Sent each `interval_s`, for a meter that says a level only when it is asked."""
    interval_s: Annotated[float, Field(ge=0.05, le=2.0)] = 1.0
    """How often it says a level, or is asked for one."""
    measures: Literal["laeq", "fast", "slow"] = "laeq"
    """What a level is: LAeq since the one before, or with time weighting F or S. Always dB(A)."""
    pattern: Annotated[str, Field(max_length=200)] = _NUMBER
    """A regular expression whose first group is the level in a line; the first number by default."""

    @property
    def claims(self) -> tuple[tuple[str, Any], ...]:
        return (("port", self.port),)

    @property
    def may_have_sound(self) -> bool:
        return True

    @property
    def is_coarse(self) -> bool:
        """Whether its levels say no more than how loud a second was on average."""
        return self.measures == "slow" or self.interval_s > _COARSE_S

    @field_validator("pattern")
    @classmethod
    def _can_find_a_level(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"a regular expression ({error})") from error
        if groups < 1:
            raise ValueError("a regular expression with a group, ( ), around the level")
        return pattern


class MeterSource:
    """Reads one meter on a thread of its own."""

    Settings: ClassVar = MeterSettings

    def __init__(
        self,
        settings: MeterSettings,
        wiring: Wiring,
        *,
        open_line: Callable[[str, int], BytePort] = open_port,
    ) -> None:
        self._settings = settings
        self._wiring = wiring
        self._open_line = open_line
        self._lines = LevelLines(settings.pattern)
        self._slots = LevelSlots(interval_s=settings.interval_s)
        self._counts = {"levels": 0, "reconnects": 0, "is_up": 0}
        self._down: str | None = None
        self._last_db: float | None = None
        self._changed_ns = 0
        self._is_stuck = False

    def run(self, stop: threading.Event) -> None:
        backoff = Backoff(first_s=0.5, max_s=15.0)
        while not stop.is_set():
            known = self._counts["levels"]
            try:
                line = self._open_line(self._settings.port, self._settings.baudrate)
            except LinkError as error:
                self._report_down(str(error))
            else:
                try:
                    self._serve(line, stop)
                except LinkError as error:
                    self._report_down(str(error))
                finally:
                    line.close()
                    self._counts["is_up"] = 0
            if self._counts["levels"] > known:
                backoff.reset()
            if not stop.is_set():
                self._counts["reconnects"] += 1
                stop.wait(backoff.failed())

    def identify(self, seconds: int = 5) -> None:
        """A meter has no light that we could use."""

    def counters(self) -> Mapping[str, int]:
        return {**self._counts, "lines_refused": self._lines.refused}

    def faults(self) -> tuple[SensorFault, ...]:
        name = self._settings.name
        if self._down is not None:
            return (SensorFault(hub=name, kind="absent", said=self._down[:300]),)
        if self._is_stuck:
            said = (
                f"{name} has said {self._last_db:g} dB for {_STUCK_NS // 10**9} s: see whether it "
                "hangs, or whether its range fits the room. Its levels are left out."
            )
            return (SensorFault(hub=name, kind="stuck", said=said),)
        return ()

    @classmethod
    def look_over(cls, settings: MeterSettings) -> Iterator[Finding]:
        """Whether its port is there. The level itself is for `roomtone sound`."""
        fault = port_fault(settings.port)
        yield Finding(
            about=settings.name, state="fine" if fault is None else "wrong",
            said=f"{settings.port} is there; `roomtone sound` says the level"
            if fault is None else f"port {settings.port}: {fault}",
            advice="" if fault is None else "plug the meter in, or correct its port",
        )  # fmt: skip

    def _serve(self, line: BytePort, stop: threading.Event) -> None:
        """Read until the meter is gone or silent (LinkError), or `stop` is set."""
        clock, settings = self._wiring.clock, self._settings
        self._forget()
        if settings.begin:
            line.write(settings.begin.encode())
        heard_ns = ask_ns = clock.elapsed_ns()
        is_on = False
        while not stop.is_set():
            now_ns = clock.elapsed_ns()
            was_on, is_on = is_on, self._wiring.gate.is_open(clock.boot_ns())
            if not is_on or not was_on:
                self._forget()
                heard_ns = ask_ns = now_ns
            if is_on and settings.ask and now_ns >= ask_ns:
                line.write(settings.ask.encode())
                ask_ns = max(ask_ns + round(settings.interval_s * 1e9), now_ns)
            if line.wait(min(_LOOK_S, settings.interval_s)):
                data, at_ns = line.read(), clock.boot_ns()
                if is_on and self._take(data, at_ns):
                    heard_ns = clock.elapsed_ns()
            if is_on and clock.elapsed_ns() - heard_ns > _SILENT_S * 1e9:
                raise self._silent()

    def _take(self, data: bytes, at_ns: int) -> bool:
        """Whether there was a level in it."""
        levels = list(self._lines.feed(data))
        for level in levels:
            if not self._counts["is_up"]:
                self._counts["is_up"], self._down = 1, None
                self._wiring.sink(HubUp(hub=self._settings.name, hello=self._hello()))
            if level != self._last_db:
                self._last_db, self._changed_ns = level, at_ns
            self._is_stuck = at_ns - self._changed_ns >= _STUCK_NS
            self._counts["levels"] += 1
        # A line is as long as some milliseconds; if several came at once, the last is the newest.
        if levels and not self._is_stuck:
            self._hand_over(tuple(self._slots.add(at_ns, levels[-1])))
        return bool(levels)

    def _hand_over(self, slots: tuple[Slot, ...]) -> None:
        if not slots:
            return
        highest = np.array([slot.highest_db for slot in slots], np.float32)
        self._wiring.sink(
            Levels(
                hub=self._settings.name,
                boot_ns=np.array([slot.begins_ns for slot in slots], np.int64),
                laeq=np.array([slot.mean_db for slot in slots], np.float32),
                lafmax=highest if self._settings.measures == "fast" else None,
                is_coarse=self._settings.is_coarse,
            )
        )

    def _forget(self) -> None:
        self._lines.forget()
        self._slots.forget()
        self._last_db = None

    def _silent(self) -> LinkError:
        name, port = self._settings.name, self._settings.port
        said = (
            f"said {self._lines.last_refused!r}, and no level"
            if self._lines.refused
            else "said no level"
        )
        return LinkError(
            f"Meter {name} on {port} {said} for {_SILENT_S:g} s: check that it is on and measures, "
            f"and its baudrate, ask and pattern."
        )

    def _hello(self) -> Hello:
        return Hello(
            is_start=True, has_levels=True, tick_hz=1, sample_rate_hz=1.0 / self._settings.interval_s,
            counts_per_g=1, seats=0, hub_id=self._settings.name, firmware="meter",
            firmware_version=self._settings.measures,
        )  # fmt: skip

    def _report_down(self, reason: str) -> None:
        if reason != self._down:
            self._down = reason
            self._wiring.sink(HubDown(hub=self._settings.name, reason=reason))
