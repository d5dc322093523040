"""A hub without hardware: the hub program on a pseudo-terminal, paced by a clock.

    hub = VirtualHub(signal=signal, clock=SystemClock(), hub_id="hub-1")
    with running([hub]):
        ...  # the host opens hub.path

Other threads may call `reboot`, `unplug`, `plug`, `stall`, `resume`, and unplug a seat's sensor.
"""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from contract.clock import Clock
from simulators.hubs.hub_program import MAX_SAMPLES_PER_FRAME, HubProgram, HubSignal, HubTrace
from simulators.hubs.link_faults import FaultyLink, LinkFaults
from simulators.hubs.pty_port import PtyPort
from simulators.hubs.trace import LineTrace

__all__ = ["HubSignal", "HubTrace", "LinkFaults", "VirtualHub", "running"]

_POLL_S: Final = 0.1
_PACE_S: Final = 0.004
"""If time runs fast, the hub wakes up this often and sends several frames."""
_FAST: Final = 2.0
_ROOM: Final = 4096
"""Buffered bytes for a host that does not read, per unit of speed."""
_FAR_NS: Final = 1_000_000_000_000
_MAX_STOP_S: Final = 60.0


class VirtualHub:
    """One simulated hub of up to eight seats.

    Sample 0 of the signal is taken when the boot clock shows `start_ns` (None: now).
    Like firmware behind USB, the hub is silent until a host sends HELLO_REQUEST; samples before
    count neither as sent nor as dropped. `link` gives the terminal a name that stays the same over
    `unplug` and `plug`. `room` is the size
    of the buffer for a host that does not read (None: 4,096 bytes per unit of speed), in addition
    to the 64 kB of the terminal; what does not fit is dropped and counted. `trace` records what
    goes over the line.
    """

    def __init__(
        self,
        *,
        signal: HubSignal,
        clock: Clock,
        hub_id: str,
        link: Path | None = None,
        start_ns: int | None = None,
        drift_ppm: float = 0.0,
        faults: LinkFaults | None = None,
        seed: int = 0,
        room: int | None = None,
        trace: LineTrace | None = None,
    ) -> None:
        speed = _speed(clock)
        self.hub_id = hub_id
        self._clock = clock
        self._is_fast = speed > _FAST
        self._port = PtyPort(link)
        self._program = HubProgram(
            signal=signal,
            hub_id=hub_id,
            start_ns=clock.boot_ns() if start_ns is None else start_ns,
            drift_ppm=drift_ppm,
            block=MAX_SAMPLES_PER_FRAME if self._is_fast else 1,
            status_every_s=max(1, round(speed / 4)),
            trace=trace,
        )
        self._commands: deque[Callable[[], None]] = deque()
        self._wake_reader, self._wake_writer = -1, -1
        self._wake_lock = threading.Lock()
        self._is_plugged = True
        self._is_stalled = False
        self._to_host = bytearray()
        self._room = round(_ROOM * max(1.0, speed)) if room is None else room
        self._line_trace = trace
        self._down = FaultyLink(faults, seed=2 * seed) if faults else None
        self._up = FaultyLink(faults, seed=2 * seed + 1) if faults else None

    @property
    def path(self) -> str:
        """The path for a host to open; known after `open`, or at once if `link` was given."""
        return self._port.path

    @property
    def is_over(self) -> bool:
        """Whether the signal has ended and all of it has been sent to the line."""
        is_sent = not self._to_host and (self._down is None or self._down.waiting == 0)
        return self._program.is_over and is_sent

    @property
    def identify_seconds(self) -> int | None:
        """The seconds of the last IDENTIFY; None if there was none."""
        return self._program.identify_seconds

    def trace(self) -> HubTrace:
        """What was sent to the line so far, by seat and second; callable from any thread."""
        return self._program.trace()

    def open(self) -> None:
        """Open the terminal, so that `path` is known before `run`; may raise OSError."""
        self._port.open()

    def reboot(self) -> None:
        """Reset the hub: ticks, sequence and counters start again, the line stays."""
        self._enqueue(self._do_reboot)

    def unplug(self) -> None:
        """Pull the plug: the terminal disappears, the hub has no power."""
        self._enqueue(self._do_unplug)

    def plug(self) -> None:
        """Plug it in again: the terminal comes back, the hub starts."""
        self._enqueue(self._do_plug)

    def stall(self) -> None:
        """Stop communicating: the hub keeps sampling, and drops nothing."""
        self._enqueue(lambda: self._set_stalled(is_stalled=True))

    def resume(self) -> None:
        """Communicate again; the hub first sends what it has kept."""
        self._enqueue(lambda: self._set_stalled(is_stalled=False))

    def unplug_seat(self, seat: int) -> None:
        """Remove a seat's sensor (from 0); it no longer answers."""
        self._enqueue(lambda: self._program.seats_missing.add(seat))

    def plug_seat(self, seat: int) -> None:
        """Put a seat's sensor back; it answers again."""
        self._enqueue(lambda: self._program.seats_missing.discard(seat))

    def run(self, stop: threading.Event) -> None:
        """Run the hub until `stop` is set; closes the terminal at the end."""
        self.open()
        with self._wake_lock:
            self._wake_reader, self._wake_writer = os.pipe()
        try:
            while not stop.is_set():
                self._turn()
        finally:
            self._port.close()
            with self._wake_lock:
                os.close(self._wake_reader)
                os.close(self._wake_writer)
                self._wake_reader = self._wake_writer = -1

    def _turn(self) -> None:
        """Wait for the host, the clock or a command, then do what is due."""
        clock, program = self._clock, self._program
        wait_s = _POLL_S
        if self._is_plugged and program.has_host:
            wait_s = min(wait_s, clock.elapsed_until(program.due_ns))
            if self._is_fast:
                wait_s = max(wait_s, _PACE_S)
        for faulty in (self._down, self._up):
            if faulty is not None and faulty.due_ns is not None:
                wait_s = min(wait_s, (faulty.due_ns - clock.elapsed_ns()) / 1e9)
        poll = select.poll()
        poll.register(self._wake_reader, select.POLLIN)
        if self._port.is_open and not self._is_stalled:
            wanted = select.POLLIN | (select.POLLOUT if self._to_host else 0)
            poll.register(self._port.fileno(), wanted)
        # Rounded up, so that the hub does not wake up just before something is due.
        ready = dict(poll.poll(max(0.0, -(-wait_s * 1000 // 1))))
        if self._wake_reader in ready:
            os.read(self._wake_reader, 4096)
        while self._commands:
            self._commands.popleft()()
        if not self._is_plugged:
            return
        if self._port.fileno() in ready:
            self._answer(self._port.read())
        elif self._up is not None:
            self._answer(b"")
        program.take(clock.boot_ns(), self._offer)
        if not self._is_stalled:
            self._write_host()

    def _answer(self, data: bytes) -> None:
        boot_ns = self._clock.boot_ns()
        if self._up is not None:
            now_ns = self._clock.elapsed_ns()
            self._up.send(data, elapsed_ns=now_ns)
            data = b"".join(self._up.receive(elapsed_ns=now_ns))
        answer = self._program.receive(data, boot_ns)
        if answer:
            self._offer(answer)

    def _offer(self, data: bytes) -> bool:
        in_flight = self._down.waiting if self._down is not None else 0
        is_full = len(self._to_host) + in_flight + len(data) > self._room
        if is_full and not self._is_stalled:
            return False
        if self._down is not None:
            self._down.send(data, elapsed_ns=self._clock.elapsed_ns())
        else:
            self._to_host += data
        return True

    def _write_host(self) -> None:
        if self._down is not None:
            pieces = self._down.receive(elapsed_ns=self._clock.elapsed_ns())
            for piece in pieces:
                taken = 0 if self._to_host else self._write(piece)
                self._to_host += piece[taken:]
        if self._to_host:
            taken = self._write(self._to_host)
            del self._to_host[:taken]

    def _write(self, data: bytes | bytearray) -> int:
        taken = self._port.write(data)
        if self._line_trace is not None:
            self._line_trace.wrote(bytes(data[:taken]))
        return taken

    def _enqueue(self, command: Callable[[], None]) -> None:
        self._commands.append(command)
        with self._wake_lock:
            if self._wake_writer >= 0:
                os.write(self._wake_writer, b"!")

    def _do_reboot(self) -> None:
        has_host = self._program.has_host
        self._offer(self._program.reset(self._clock.boot_ns(), has_host=has_host))

    def _set_stalled(self, *, is_stalled: bool) -> None:
        self._is_stalled = is_stalled

    def _do_unplug(self) -> None:
        self._is_plugged = False
        self._port.close()
        self._to_host.clear()
        if self._line_trace is not None:
            self._line_trace.cut()
        for faulty in (self._down, self._up):
            if faulty is not None:
                faulty.clear()

    def _do_plug(self) -> None:
        if not self._is_plugged:
            self._port.open()
            self._program.reset(self._clock.boot_ns(), has_host=False)
            self._is_plugged = True


@contextmanager
def running(hubs: Sequence[VirtualHub]) -> Iterator[None]:
    """Open the hubs' terminals and run each hub in its own thread; on leaving, stop all of them."""
    stop = threading.Event()
    threads = [threading.Thread(target=hub.run, args=(stop,), name=hub.hub_id) for hub in hubs]
    for hub in hubs:
        hub.open()
    try:
        for thread in threads:
            thread.start()
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(_MAX_STOP_S)
            if thread.is_alive():
                raise RuntimeError(f"{thread.name} did not end within {_MAX_STOP_S:g} s")


def _speed(clock: Clock) -> float:
    """The speed of the clock's observed time relative to elapsed time."""
    now_ns = clock.boot_ns()
    return _FAR_NS / 1e9 / (clock.elapsed_until(now_ns + _FAR_NS) - clock.elapsed_until(now_ns))
