"""Reads one hub: opens its port, keeps the link and the clock, and hands events to a sink."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from contract.backoff import Backoff
from contract.clock import Clock
from contract.errors import LinkError
from firmware_bridge.conversation import MAX_HELD, Conversation
from firmware_bridge.events import HubCounters, HubDown, HubEvent, HubUp
from firmware_bridge.frames import ALL_SEATS, Identify, encode
from firmware_bridge.framing import frame
from firmware_bridge.ports import BytePort, open_port

__all__ = ["HubReader"]

_LOOK_UP_S: Final = 0.1
"""How long a read may block. A stop or an identify is noticed within this time; an identify may
also wait while bytes collect."""
_NAP_S: Final = 0.005


class HubReader:
    """One hub on one port. `run` never raises for what a line or a hub does.

    `port` is anything that pyserial can open: a device, a pseudo-terminal, `socket://host:port`,
    `loop://`. The sink is called on the thread of `run`.

    The reader retries a port that is missing or gone after `retry_first_s`, then twice as long each
    time, up to `retry_max_s`. It reopens a port that gave no good frame for `silent_after_s`.
    `gather_s`, a number or a function called each time, is how long bytes may collect after the
    first one, except while a clock reply is on its way or a request is due. 0.002 is enough to read
    a slow frame at once; 0.05 takes less processor time, and the sink gets samples up to 50 ms
    later with the same dates. All of these are elapsed times. Up to `max_undated` frames of samples
    wait until the hub's clock is known; beyond that the oldest are dropped. `seats_wanted` says for a
    time on the boot clock which seats the hub may read, as a bit mask; it is asked many times a second.
    """

    def __init__(
        self,
        *,
        hub: str,
        port: str,
        clock: Clock,
        sink: Callable[[HubEvent], None],
        baudrate: int = 500_000,
        retry_first_s: float = 0.5,
        retry_max_s: float = 15.0,
        silent_after_s: float = 5.0,
        gather_s: float | Callable[[], float] = 0.002,
        max_undated: int = MAX_HELD,
        seats_wanted: Callable[[int], int] = lambda _: ALL_SEATS,
        open_line: Callable[[str, int], BytePort] = open_port,
    ) -> None:
        self._hub = hub
        self._port = port
        self._clock = clock
        self._sink = sink
        self._baudrate = baudrate
        self._backoff = Backoff(first_s=retry_first_s, max_s=retry_max_s)
        self._silent_after_ns = round(silent_after_s * 1e9)
        self._gather_s = gather_s
        self._talk = Conversation(hub=hub, max_held=max_undated)
        self._seats_wanted = seats_wanted
        self._open_line = open_line
        self._reported: str | None = None
        self._is_up = False
        self._opened = 0
        self._identify = -1

    def run(self, stop: threading.Event) -> None:
        """Read until `stop` is set; returns within about a tenth of a second after that."""
        talk = self._talk
        while not stop.is_set():
            try:
                line = self._open_line(self._port, self._baudrate)
            except LinkError as error:
                self._report_down(str(error))
            else:
                self._opened += 1
                self._identify = -1
                hellos = talk.counts.hellos
                try:
                    self._serve(line, stop)
                except LinkError as error:
                    self._report_down(str(error))
                finally:
                    line.close()
                    talk.close()
                if talk.counts.hellos > hellos:
                    self._backoff.reset()
            if stop.wait(self._backoff.failed()):
                return

    def identify(self, seconds: int = 5) -> None:
        """Make the hub blink so that a person finds it; from any thread, no effect while down."""
        self._identify = min(255, max(0, seconds))

    def counters(self) -> HubCounters:
        """The counts since this reader was made; any thread may call it."""
        talk, unframer = self._talk, self._talk.unframer
        return replace(
            talk.counts,
            frames_good=talk.frames_good,
            frames_refused=Counter(unframer.refused) + Counter(talk.refused),
            bytes_skipped=unframer.bytes_skipped,
            reconnects=max(0, self._opened - 1),
            clock_error_ns=talk.clock_error_ns,
            is_up=self._is_up,
        )

    def _serve(self, line: BytePort, stop: threading.Event) -> None:
        """Talk to the hub until it is gone (LinkError) or `stop` is set."""
        clock, talk = self._clock, self._talk
        heard_ns, heard, takes_bytes = clock.elapsed_ns(), talk.frames_good, True
        while not stop.is_set():
            now_ns = clock.elapsed_ns()
            if now_ns >= talk.due_ns:
                # A hub that doesn't listen may still send: only silence ends the connection.
                request = talk.request(elapsed_ns=now_ns, boot_ns=clock.boot_ns())
                takes_bytes = line.write(request)
            wanted = self._seats_wanted(clock.boot_ns())
            if request := talk.sense(wanted, elapsed_ns=now_ns):
                line.write(request)
            if self._identify >= 0:
                seconds, self._identify = self._identify, -1
                line.write(frame(encode(Identify(seconds=seconds))))
            gather_s = self._gather(now_ns)
            if gather_s >= _NAP_S:
                # Long enough to sleep first: then one wake-up reads everything.
                if stop.wait(gather_s):
                    return
                now_ns, gather_s = clock.elapsed_ns(), 0.0
            if line.wait(min(_LOOK_UP_S, max(0.0, (talk.due_ns - now_ns) / 1e9))):
                data = line.read(gather_s)
                # Stamp right after the read: any later work would count as travel time.
                boot_ns, now_ns = clock.boot_ns(), clock.elapsed_ns()
                for event in talk.receive(data, elapsed_ns=now_ns, boot_ns=boot_ns):
                    self._hand_over(event)
            if talk.frames_good > heard:
                heard_ns, heard = now_ns, talk.frames_good
            elif now_ns - heard_ns > self._silent_after_ns:
                raise self._silent(takes_bytes=takes_bytes)

    def _silent(self, *, takes_bytes: bool) -> LinkError:
        silent_s = self._silent_after_ns / 1e9
        if not takes_bytes:
            return LinkError(
                f"Port {self._port} gave no good frame for {silent_s:g} s and takes no bytes any "
                "more: unplug the hub and plug it in again."
            )
        return LinkError(
            f"Port {self._port} gave no good frame for {silent_s:g} s: check that a hub "
            f"with Roomtone's firmware is on it at {self._baudrate} baud."
        )

    def _gather(self, now_ns: int) -> float:
        """How long bytes may collect now."""
        if self._talk.awaits_clock:
            return 0.0
        wished = self._gather_s() if callable(self._gather_s) else self._gather_s
        return max(0.0, min(wished, (self._talk.due_ns - now_ns) / 1e9))

    def _hand_over(self, event: HubEvent) -> None:
        if isinstance(event, HubUp):
            self._is_up, self._reported = True, None
        elif isinstance(event, HubDown):
            self._is_up, self._reported = False, event.reason
        self._sink(event)

    def _report_down(self, reason: str) -> None:
        if reason != self._reported:
            self._hand_over(HubDown(hub=self._hub, reason=reason))
