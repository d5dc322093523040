"""The conversation with a hub, without a port: bytes in, events out, and what to send when.

The reader owns the port and the clock; this decodes the bytes. Samples that come before they can
be dated (while HELLO or the first clock round trips are still on their way) wait here.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.errors import FrameError
from firmware_bridge.events import (
    FramesMissing,
    HubCounters,
    HubDown,
    HubEvent,
    HubSamples,
    HubStatus,
    HubUp,
    Levels,
)
from firmware_bridge.frames import (
    LEVEL_MISSING,
    SEAT_MISSING,
    ClockReply,
    ClockRequest,
    Hello,
    HelloRequest,
    LevelBlock,
    ProtocolVersionError,
    SampleBlock,
    Sense,
    Status,
    decode,
    encode,
)
from firmware_bridge.framing import Unframer, frame
from firmware_bridge.tick_map import FIRST_PINGS, TickMap

__all__ = ["MAX_HELD", "Conversation"]

MAX_HELD: Final = 4096
"""Blocks of samples that may wait for a tick map: about 80 s of a hub at 50 Hz."""

_MILLISECOND_NS: Final = 1_000_000
_HELLO_EVERY_NS: Final = 1_000 * _MILLISECOND_NS
_FIRST_PING_EVERY_NS: Final = 19 * _MILLISECOND_NS
_PING_EVERY_NS: Final = 983 * _MILLISECOND_NS
"""Not a round number, so that pings drift against everything that happens once a second."""
_ASK_AGAIN_NS: Final = 2_000 * _MILLISECOND_NS
_FIRST_ASK_AGAIN_NS: Final = 300 * _MILLISECOND_NS
_MAX_ASKED: Final = 4
_LONGEST_SILENCE_TICKS: Final = 1 << 30
_FUTURE_NS: Final = 2_000 * _MILLISECOND_NS
_PLACES: Final = np.arange(256, dtype=np.int64)
_MISSING_BYTES: Final = SEAT_MISSING.to_bytes(2, "little", signed=True)


class Conversation:
    """What the host knows about a hub, over one connection after the other.

    It reports what was missed between two connections, and continues the ticks of a hub that was
    not reset meanwhile.
    """

    def __init__(self, *, hub: str, max_held: int = MAX_HELD) -> None:
        self.hub = hub
        self._max_held = max_held
        self.last_sample_ns: int | None = None
        """The last sample that was dated."""
        self._before: tuple[Hello, TickMap, int | None] | None = None
        """From the connection before, if the hub was only silent: its ticks, and the last one."""
        self._rests = False
        """True after a SENSE that named no seat, over connections too."""
        self.unframer = Unframer()
        self.refused: Counter[str] = Counter()
        self.counts = HubCounters()
        """What is counted here; the reader adds the rest."""
        self._undated_reported = 0
        self._foreign_version: int | None = None
        self._nonce = 0
        self.due_ns = -math.inf
        """Elapsed time at which `request` has something to send."""
        self._events: list[HubEvent] = []
        self._forget()

    def _forget(self) -> None:
        self.hello: Hello | None = None
        self._map: TickMap | None = None
        self._is_map_checked = True
        """False for the map of an earlier connection until a ping has matched it."""
        self._sequence: int | None = None
        self._last_payload = b""
        self._missing_now = 0
        self._held: list[SampleBlock] = []
        self._held_levels: list[LevelBlock] = []
        self._last_sample_tick: int | None = None
        self._uptime_s = 0
        self._asked: dict[int, tuple[int, int]] = {}
        """Clock requests under way, newest last: nonce → boot clock, elapsed time."""
        self._pings = 0
        self._seats: int | None = None
        """The seats of the last SENSE on this connection."""
        self._sense_due_ns = -math.inf

    @property
    def frames_good(self) -> int:
        """Frames that were complete and fitted their type."""
        return self.unframer.frames_good - self.refused.total()

    @property
    def undated(self) -> int:
        """Samples without a date that no `FramesMissing` has reported yet."""
        return self.counts.samples_undated - self._undated_reported

    def close(self) -> None:
        """The line is closed: samples that still wait for a date never get one."""
        self._give_up_held()
        if self.hello and self._map and self._map.is_ready and self._is_map_checked:
            self._before = self.hello, self._map, self._last_sample_tick
        self._forget()
        self.unframer.restart()
        self._foreign_version = None
        self._nonce = 0
        self.due_ns = -math.inf

    @property
    def clock_error_ns(self) -> int | None:
        """The tick map's own estimate of its error; None while nothing can be dated."""
        tick_map = self._map  # another thread may ask
        return tick_map.error_ns if tick_map else None

    @property
    def awaits_clock(self) -> bool:
        """True while a clock reply is on its way: its arrival must be stamped at once."""
        return bool(self._asked)

    def request(self, *, elapsed_ns: int, boot_ns: int) -> bytes:
        """What to send now; read `boot_ns` just before, because it stamps a clock request."""
        if elapsed_ns < self.due_ns:
            return b""
        if self._map is None:
            self.due_ns = elapsed_ns + _HELLO_EVERY_NS
            return frame(encode(HelloRequest()))
        self._nonce = (self._nonce + 1) & 0xFFFF
        self._asked[self._nonce] = (boot_ns, elapsed_ns)
        if len(self._asked) > _MAX_ASKED:
            del self._asked[next(iter(self._asked))]
        # A reply that comes after the next request still counts.
        is_first = self._pings < FIRST_PINGS
        self.due_ns = elapsed_ns + (_FIRST_ASK_AGAIN_NS if is_first else _ASK_AGAIN_NS)
        return frame(encode(ClockRequest(nonce=self._nonce)))

    def sense(self, seats: int, *, elapsed_ns: int) -> bytes:
        """A SENSE for a hub that obeys it: when its seats change, and each second, as one may be lost."""
        hello = self.hello
        if hello is None or not hello.takes_sense:
            return b""
        if seats == self._seats and elapsed_ns < self._sense_due_ns:
            return b""
        if seats and self._rests:
            # It rested because it was asked to: the samples in between are not missing.
            self._last_sample_tick = self.last_sample_ns = None
        self._rests = not seats
        self._seats, self._sense_due_ns = seats, elapsed_ns + _HELLO_EVERY_NS
        return frame(encode(Sense(seats=seats)))

    def receive(self, data: bytes, *, elapsed_ns: int, boot_ns: int) -> list[HubEvent]:
        """The events in `data`, which was read at these times."""
        for payload in self.unframer.feed(data):
            if payload == self._last_payload:
                self.counts.frames_doubled += 1
                continue
            try:
                content = decode(payload)
            except ProtocolVersionError as error:
                self.refused["version"] += 1
                self._note_version(error)
                continue
            except FrameError as error:
                self.refused["type" if error.where == "type" else "body"] += 1
                continue
            if isinstance(content, Hello):
                self._on_hello(content, boot_ns)
            self._note_sequence(payload)
            if isinstance(content, SampleBlock):
                self._held.append(content)
            elif isinstance(content, LevelBlock):
                self._held_levels.append(content)
            elif isinstance(content, ClockReply):
                self._on_clock(content, elapsed_ns, boot_ns)
            elif isinstance(content, Status):
                self._on_status(content, boot_ns)
            elif not isinstance(content, Hello):
                # A request from the line can only be our own, returned by a looped line.
                self.refused["type"] += 1
        self._release(boot_ns)
        events, self._events = self._events, []
        return events

    def _note_version(self, error: ProtocolVersionError) -> None:
        if error.version != self._foreign_version:
            self._foreign_version = error.version
            newer = "Roomtone" if error.version > 1 else "the hub's firmware"
            reason = f"Hub {self.hub} can't be understood: {error.what}; update {newer}."
            self._events.append(HubDown(hub=self.hub, reason=reason))

    def _note_sequence(self, payload: bytes) -> None:
        if self._sequence is not None:
            self._missing_now += (payload[1] - self._sequence - 1) & 0xFF
        self._sequence = payload[1]
        self._last_payload = payload

    def _on_hello(self, hello: Hello, boot_ns: int) -> None:
        self.counts.hellos += 1
        if self.hello is None and not hello.is_start:
            # What came before the HELLO is of the same start of the hub, and stays.
            self._start(hello)
            self._resume(hello, boot_ns)
        elif self.hello is None or hello.is_start or hello.identity != self.hello.identity:
            # The old map can still date what came before the HELLO in the same read.
            self._release(boot_ns)
            self._restart(f"Hub {self.hub} was reset or replaced.")
            self._start(hello)

    def _resume(self, hello: Hello, boot_ns: int) -> None:
        """A hub that was only silent continues its ticks, so the old map dates what it has kept."""
        if self._before is None or self.last_sample_ns is None:
            return
        known, tick_map, last_sample_tick = self._before
        # A map finds a tick's upper bits from the last tick, over less than half of 2**32.
        silent_ns = boot_ns - self.last_sample_ns
        is_same = replace(hello, is_start=known.is_start) == known
        if is_same and silent_ns * hello.tick_hz < _LONGEST_SILENCE_TICKS * 1_000_000_000:
            self._map = tick_map
            self._is_map_checked = False
            self._last_sample_tick = last_sample_tick

    def _start(self, hello: Hello) -> None:
        self.hello = hello
        self._map = TickMap(tick_hz=hello.tick_hz)
        self._uptime_s = 0
        self.due_ns = -math.inf
        self._foreign_version = None
        self._events.append(HubUp(hub=self.hub, hello=hello))

    def _restart(self, reason: str) -> None:
        """This is another hub, or another start: forget what was known and ask for a HELLO."""
        self._give_up_held()
        self._before = None
        if self.hello is not None:
            self._events.append(HubDown(hub=self.hub, reason=reason))
        self._forget()
        self.due_ns = -math.inf

    def _give_up_held(self) -> None:
        self.counts.samples_undated += sum(block.count for block in self._held)
        self._held.clear()
        self._held_levels.clear()

    def _on_clock(self, reply: ClockReply, elapsed_ns: int, boot_ns: int) -> None:
        if self._map is None or reply.nonce not in self._asked:
            return
        sent_ns, asked_ns = self._asked[reply.nonce]
        # Earlier requests without a reply are lost: the line keeps the order.
        while next(iter(self._asked)) != reply.nonce:
            del self._asked[next(iter(self._asked))]
        del self._asked[reply.nonce]
        verdict = self._map.ping(
            sent_ns=sent_ns,
            received_ns=boot_ns,
            receive_tick=reply.receive_tick,
            transmit_tick=reply.transmit_tick,
        )
        if verdict == "restarted":
            self._restart(f"The ticks of hub {self.hub} started again.")
            return
        self._is_map_checked = True
        self._pings += 1
        every = _FIRST_PING_EVERY_NS if self._pings < FIRST_PINGS else _PING_EVERY_NS
        self.due_ns = max(elapsed_ns, asked_ns + every)

    def _on_status(self, status: Status, boot_ns: int) -> None:
        if status.uptime_s < self._uptime_s:
            self._release(boot_ns)
            self._restart(f"Hub {self.hub} was reset.")
            return
        self._uptime_s = status.uptime_s
        if self.hello is not None:
            self._events.append(HubStatus(hub=self.hub, status=status))

    def _release(self, boot_ns: int) -> None:
        """Date what is held, if that is possible now."""
        if self._map is None or not (self._map.is_ready and self._is_map_checked):
            while len(self._held) > self._max_held:
                self.counts.samples_undated += self._held.pop(0).count
            del self._held_levels[: -self._max_held]
            return
        if self._held:
            self._release_samples(self._map, boot_ns)
        if self._held_levels and self._map is not None:
            self._release_levels(self._map)
        if self._missing_now and self._map is not None:
            self._report_missing(0, self.last_sample_ns, boot_ns)

    def _release_samples(self, tick_map: TickMap, boot_ns: int) -> None:
        assert self.hello is not None
        seats = self.hello.seats
        blocks = [block for block in self._held if block.seats == seats]
        if len(blocks) < len(self._held):
            self.refused["seats"] += len(self._held) - len(blocks)
        self._held.clear()
        ticks: list[NDArray[np.int64]] = []
        gaps: list[tuple[int, int]] = []
        taken, last = 0, self._last_sample_tick
        for block in blocks:
            first = tick_map.extend(block.tick)
            if last is not None:
                if first <= last:
                    break
                absent = round((first - last) / block.step) - 1
                if absent > 0:
                    gaps.append((taken, absent))
            ticks.append(first + block.step * _PLACES[: block.count])
            taken += block.count
            last = first + block.step * (block.count - 1)
        good, later = blocks[: len(ticks)], blocks[len(ticks) :]
        if good:
            dates = tick_map.date(np.concatenate(ticks))
            if dates[-1] > boot_ns + _FUTURE_NS + 4 * (tick_map.error_ns or 0):
                self.counts.samples_undated += taken
                self._restart(f"The samples of hub {self.hub} are from the future.")
                return
            self._report_gaps(gaps, dates)
            self._last_sample_tick = last
            self.last_sample_ns = int(dates[-1])
            self.counts.samples += taken
            acceleration = _to_g(b"".join([block.raw for block in good]), self.hello)
            self._events.append(HubSamples(hub=self.hub, boot_ns=dates, acceleration=acceleration))
        if later:
            self._restart(f"The samples of hub {self.hub} went back in time.")
            # They belong to the hub's new start, whose map will date them.
            self._held = later

    def _report_gaps(self, gaps: list[tuple[int, int]], dates: NDArray[np.int64]) -> None:
        if self._last_sample_tick is None and self.last_sample_ns is not None and self.hello:
            # The ticks may have restarted since the last connection; the boot clock has not.
            away_ns = int(dates[0]) - self.last_sample_ns
            absent = round(away_ns * self.hello.sample_rate_hz / 1e9) - 1
            if absent > 0:
                self._report_missing(absent, self.last_sample_ns, int(dates[0]))
        for place, absent in gaps:
            after_ns = int(dates[place - 1]) if place else self.last_sample_ns
            self._report_missing(absent, after_ns, int(dates[place]))

    def _report_missing(self, samples: int, after_ns: int | None, before_ns: int) -> None:
        frames, self._missing_now = self._missing_now, 0
        undated = self.undated
        if samples:
            self._undated_reported = self.counts.samples_undated
        self.counts.frames_missing += frames
        self.counts.samples_missing += samples
        self._events.append(
            FramesMissing(
                hub=self.hub,
                frames=frames,
                samples=samples,
                after_ns=after_ns,
                before_ns=before_ns,
                undated=min(samples, undated),
            )
        )

    def _release_levels(self, tick_map: TickMap) -> None:
        for block in self._held_levels:
            first = tick_map.extend(block.tick)
            hundredths = np.array(block.hundredths, dtype=np.float32)
            ticks = first + block.step * np.arange(len(hundredths), dtype=np.int64)
            laeq = hundredths / np.float32(100)
            laeq[hundredths == LEVEL_MISSING] = np.nan
            self._events.append(Levels(hub=self.hub, boot_ns=tick_map.date(ticks), laeq=laeq))
        self._held_levels.clear()


def _to_g(raw: bytes, hello: Hello) -> NDArray[np.float32]:
    counts = np.frombuffer(raw, dtype="<i2").reshape(-1, hello.seats, 3)
    acceleration = counts * np.float32(1 / hello.counts_per_g)
    # Most blocks have no missing seat, and a search for two bytes is faster than a comparison.
    if _MISSING_BYTES in raw:
        acceleration[(counts == SEAT_MISSING).any(axis=2)] = np.nan
    return acceleration
