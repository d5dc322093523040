"""The program of a virtual hub: the firmware's side of docs/serial-protocol.md, without a port.

Time and bytes are passed in, so a test can simulate hours of a hub quickly.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from contract.errors import FrameError
from firmware_bridge.frames import (
    LEVEL_INTERVAL_S,
    LEVEL_MISSING,
    SEAT_MISSING,
    ClockReply,
    ClockRequest,
    Frame,
    Hello,
    HelloRequest,
    Identify,
    LevelBlock,
    SampleBlock,
    Status,
    decode,
    encode,
)
from firmware_bridge.framing import Unframer, frame
from simulators.hubs.trace import LineLevels, LineSamples, LineTrace

__all__ = ["MAX_SAMPLES_PER_FRAME", "HubProgram", "HubSignal", "HubTrace"]

MAX_SAMPLES_PER_FRAME: Final = 5
"""Maximum number of samples of eight seats in one frame."""

_CHUNK: Final = 500
_TICK_HZ: Final = 250_000
_TICK_MASK: Final = (1 << 32) - 1
_LEVEL_STEP: Final = _TICK_HZ * LEVEL_INTERVAL_S
_LEVELS_IN_A_FRAME: Final = 8


class HubSignal(Protocol):
    """What the sensors of one hub measure. Sample 0 is at the hub's `start_ns`."""

    @property
    def seats(self) -> int:
        """One to eight."""

    @property
    def sample_rate_hz(self) -> float: ...

    @property
    def counts_per_g(self) -> int: ...

    @property
    def ends_at(self) -> int:
        """Number of samples."""

    def acceleration(self, first: int, count: int) -> NDArray[np.int16]:
        """Samples as (count, seats, 3); -32768 on an axis means a seat without sensor."""

    def levels(self, first: int, count: int) -> NDArray[np.float64] | None:
        """LAeq in dB(A) of intervals of 125 ms (count,), NaN where missing; None: no sensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubTrace:
    """What a hub sent to its line, by whole seconds of the boot clock.

    `sent[second]` is (seats,) int: samples with a value, by the second in which they were truly
    taken. `dropped[second]` are those that did not fit into the hub's buffer.
    """

    sent: dict[int, NDArray[np.int64]]
    dropped: dict[int, NDArray[np.int64]]

    def seat_seconds(self, *, at_least: int = 1) -> int:
        """Number of pairs of a seat and a second with at least this many sent samples."""
        return sum(int((seats >= at_least).sum()) for seats in self.sent.values())


class HubProgram:
    """One powered hub. Times are true boot clock nanoseconds.

    The crystal runs `drift_ppm` fast: ticks and the sample interval follow it. Sample 0 is taken
    at `start_ns`, when the tick is `first_tick`. `trace` gets each frame of samples or sound levels
    that the line accepts, with the truth about it.
    """

    def __init__(
        self,
        *,
        signal: HubSignal,
        hub_id: str,
        start_ns: int,
        drift_ppm: float = 0.0,
        first_tick: int = 0,
        block: int = 1,
        status_every_s: int = 1,
        has_host: bool = False,
        trace: LineTrace | None = None,
    ) -> None:
        self.signal = signal
        self.hub_id = hub_id
        self.block = block
        self.seats_missing: set[int] = set()
        self.identify_seconds: int | None = None
        self.has_host = has_host
        """A hub is silent before a host has spoken, because nobody could receive it."""
        self._ns_a_tick = 1e9 / _TICK_HZ / (1 + drift_ppm * 1e-6)
        self._step = _TICK_HZ / signal.sample_rate_hz
        self._status_every_ns = status_every_s * 10**9
        self._world_ns = start_ns
        self._has_levels = signal.levels(0, 1) is not None
        lasts_s = signal.ends_at / signal.sample_rate_hz if self._has_levels else 0.0
        self._levels = int(lasts_s / LEVEL_INTERVAL_S + 1e-6)
        self._trace = trace
        nothing = np.zeros(signal.seats, np.int64)
        self._sent = defaultdict[int, NDArray[np.int64]](nothing.copy)
        self._dropped = defaultdict[int, NDArray[np.int64]](nothing.copy)
        self._chunk_first = -1
        self._unframer = Unframer()
        self._begin(start_ns, first_tick)

    def _begin(self, at_ns: int, first_tick: int) -> None:
        self._start_ns = at_ns
        self._first_tick = first_tick
        # Position in the signal of sample 0 after this start.
        since_s = (at_ns - self._world_ns) / 1e9
        self._offset = round(since_s * self.signal.sample_rate_hz)
        self._level_offset = round(since_s / LEVEL_INTERVAL_S)
        self._next_sample = 0
        self._next_level = 0
        self._next_status = 1
        self._sequence = 0
        self._is_start = True
        self._samples_dropped = 0
        self._frames_dropped = 0
        self._requests_refused = 0
        self._chunk_first = -1

    def trace(self) -> HubTrace:
        """A copy of the counts sent and dropped so far."""
        return HubTrace(
            sent={second: seats.copy() for second, seats in list(self._sent.items())},
            dropped={second: seats.copy() for second, seats in list(self._dropped.items())},
        )

    def reset(self, boot_ns: int, *, has_host: bool = True) -> bytes:
        """Restart, as after a brown-out; returns the HELLO that a hub with a host sends at once."""
        self._begin(boot_ns, 0)
        self._unframer = Unframer()
        self.has_host = has_host
        return self._hello() if has_host else b""

    def tick(self, boot_ns: int) -> int:
        """The counter's 32 bits at this time."""
        since = math.floor((boot_ns - self._start_ns) / self._ns_a_tick)
        return (self._first_tick + since) & _TICK_MASK

    def sample_ns(self, sample: int) -> int:
        """Time of this sample, counted from the latest start."""
        return self._start_ns + round(sample * self._step * self._ns_a_tick)

    @property
    def is_over(self) -> bool:
        """Whether the signal has ended and all of it has been sent."""
        return not self._left() and not self._levels_left()

    @property
    def due_ns(self) -> int:
        """When `take` next has something to send."""
        due = [self._start_ns + self._next_status * self._status_every_ns]
        if block := min(self.block, self._left()):
            due.append(self.sample_ns(self._next_sample + block - 1))
        if levels := self._levels_at_once():
            due.append(self._level_ns(self._next_level + levels))
        return min(due)

    def receive(self, data: bytes, boot_ns: int) -> bytes:
        """Process bytes from the host; returns the answer."""
        answer = b""
        for payload in self._unframer.feed(data):
            try:
                content = decode(payload)
            except FrameError:
                self._requests_refused += 1
                continue
            if isinstance(content, HelloRequest):
                if not self.has_host:
                    self.has_host = True
                    self._skip_to(boot_ns)
                answer += self._hello()
            elif isinstance(content, ClockRequest) and self.has_host:
                tick = self.tick(boot_ns)
                reply = ClockReply(nonce=content.nonce, receive_tick=tick, transmit_tick=tick)
                answer += self._answer(reply)
            elif isinstance(content, Identify):
                self.identify_seconds = content.seconds
        return answer

    def take(self, boot_ns: int, offer: Callable[[bytes], bool]) -> None:
        """Offer every due frame to the line; a frame that it refuses (false) is dropped."""
        if not self.has_host:
            return
        self._take_samples(boot_ns, offer)
        self._take_levels(boot_ns, offer)
        if boot_ns >= self._start_ns + self._next_status * self._status_every_ns:
            self._next_status = (boot_ns - self._start_ns) // self._status_every_ns + 1
            self._offer(self._status(boot_ns), offer)

    def _left(self) -> int:
        return max(0, self.signal.ends_at - self._offset - self._next_sample)

    def _skip_to(self, boot_ns: int) -> None:
        since_ticks = (boot_ns - self._start_ns) / self._ns_a_tick
        self._next_sample = max(0, math.ceil(since_ticks / self._step))
        self._next_level = max(0, math.ceil(since_ticks / _LEVEL_STEP))
        self._next_status = max(1, (boot_ns - self._start_ns) // self._status_every_ns + 1)

    def _take_samples(self, boot_ns: int, offer: Callable[[bytes], bool]) -> None:
        # A late hub catches up in larger blocks; otherwise a block has to be full.
        due = min(_count_until(boot_ns, self.sample_ns, self._next_sample), self._left())
        while due >= max(1, min(self.block, self._left())):
            count = min(due, max(self.block, MAX_SAMPLES_PER_FRAME))
            count = self._send_samples(self._next_sample, count, offer)
            self._next_sample += count
            due -= count

    def _send_samples(self, first: int, count: int, offer: Callable[[bytes], bool]) -> int:
        at = first - self._chunk_first
        if self._chunk_first < 0 or not 0 <= at < len(self._chunk):
            self._fetch(first)
            at = 0
        values = self._chunk[at : at + count]
        present = self._present[at : at + count]
        count = len(values)
        if self.seats_missing:
            gone = sorted(self.seats_missing)
            values, present = values.copy(), present.copy()
            values[:, gone] = SEAT_MISSING
            present[:, gone] = False
        block = SampleBlock(
            tick=(self._first_tick + round(first * self._step)) & _TICK_MASK,
            step=round(self._step),
            count=count,
            seats=self.signal.seats,
            raw=values.tobytes(),
        )
        truth = None
        if self._trace is not None:
            truth = LineSamples(times=self._times[at : at + count], counts=values.copy())
        is_sent = self._offer(block, offer, truth)
        if not is_sent:
            self._samples_dropped += count
        counts_by_second = self._sent if is_sent else self._dropped
        seconds = self._seconds[at : at + count]
        for second in range(seconds[0], seconds[-1] + 1):
            seen = present if seconds[0] == seconds[-1] else present[np.equal(seconds, second)]
            counts_by_second[second] += seen.sum(axis=0)
        return count

    def _fetch(self, first: int) -> None:
        count = min(_CHUNK, self.signal.ends_at - self._offset - first)
        chunk = self.signal.acceleration(self._offset + first, count)
        self._chunk = np.ascontiguousarray(chunk, dtype="<i2")
        self._present = (self._chunk != SEAT_MISSING).all(axis=2)
        times = [self.sample_ns(first + i) for i in range(len(self._chunk))]
        self._times = np.array(times, np.int64)
        self._seconds = (self._times // 10**9).tolist()
        self._chunk_first = first

    def _levels_left(self) -> int:
        return max(0, self._levels - self._level_offset - self._next_level)

    def _levels_at_once(self) -> int:
        return min(1 if self.block == 1 else _LEVELS_IN_A_FRAME, self._levels_left())

    def _level_ns(self, level: int) -> int:
        return self._start_ns + round(level * _LEVEL_STEP * self._ns_a_tick)

    def _take_levels(self, boot_ns: int, offer: Callable[[bytes], bool]) -> None:
        # A level is due at the end of its interval, when the next one begins.
        due = min(_count_until(boot_ns, self._level_ns, self._next_level + 1), self._levels_left())
        while due >= max(1, self._levels_at_once()):
            count = min(due, _LEVELS_IN_A_FRAME)
            self._send_levels(count, offer)
            due -= count

    def _send_levels(self, count: int, offer: Callable[[bytes], bool]) -> None:
        levels = self.signal.levels(self._level_offset + self._next_level, count)
        if levels is None:
            levels = np.full(count, np.nan)
        hundredths = np.clip(np.rint(levels * 100), 0, LEVEL_MISSING - 1)
        hundredths[np.isnan(levels)] = LEVEL_MISSING
        block = LevelBlock(
            tick=(self._first_tick + round(self._next_level * _LEVEL_STEP)) & _TICK_MASK,
            step=round(_LEVEL_STEP),
            hundredths=tuple(int(value) for value in hundredths),
        )
        times = np.array([self._level_ns(self._next_level + i) for i in range(count)], np.int64)
        self._offer(block, offer, LineLevels(times=times, hundredths=hundredths.astype(np.int64)))
        self._next_level += count

    def _status(self, boot_ns: int) -> Status:
        return Status(
            tick=self.tick(boot_ns),
            uptime_s=max(0, boot_ns - self._start_ns) // 10**9,
            samples_dropped=self._samples_dropped,
            frames_dropped=self._frames_dropped,
            requests_refused=self._requests_refused + self._unframer.refused.total(),
            seats_missing=sum(1 << seat for seat in self.seats_missing),
            is_sound_missing=False,
        )

    def _hello(self) -> bytes:
        hello = Hello(
            is_start=self._is_start,
            has_levels=self._has_levels,
            tick_hz=_TICK_HZ,
            sample_rate_hz=self.signal.sample_rate_hz,
            counts_per_g=self.signal.counts_per_g,
            seats=self.signal.seats,
            hub_id=self.hub_id,
            firmware="virtual-hub",
            firmware_version="1",
        )
        return self._answer(hello)

    def _answer(self, content: Frame) -> bytes:
        data = self._framed(content)
        if self._trace is not None:
            self._trace.announce(data, None)
        return data

    def _framed(self, content: Frame) -> bytes:
        data = frame(encode(content, self._sequence))
        self._sequence = (self._sequence + 1) & 0xFF
        self._is_start = False
        return data

    def _offer(
        self,
        content: Frame,
        offer: Callable[[bytes], bool],
        truth: LineSamples | LineLevels | None = None,
    ) -> bool:
        # A dropped frame has used its sequence number, so that the host notices.
        data = self._framed(content)
        is_taken = offer(data)
        if not is_taken:
            self._frames_dropped += 1
        elif self._trace is not None:
            self._trace.announce(data, truth)
        return is_taken


def _count_until(boot_ns: int, when_ns: Callable[[int], int], first: int) -> int:
    """How many of the instants `first`, `first + 1`, … have passed."""
    next_ns = when_ns(first)
    if next_ns > boot_ns:
        return 0
    count = 1 + (boot_ns - next_ns) // max(1, when_ns(first + 1) - next_ns)
    # The estimate may be off by one, because instants are rounded to nanoseconds.
    while when_ns(first + count) <= boot_ns:
        count += 1
    while when_ns(first + count - 1) > boot_ns:
        count -= 1
    return count
