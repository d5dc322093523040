"""A signal whose every value says where it belongs, and a line that runs in no time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_bridge.conversation import Conversation
from firmware_bridge.events import HubEvent, HubSamples
from simulators.hubs.hub_program import HubProgram
from simulators.hubs.link_faults import FaultyLink, LinkFaults

MILLISECOND_NS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class MarkedSignal:
    """Sample i of seat s is (i mod 30000, s, i // 30000): a wrong value can't pass for right."""

    seats: int = 3
    sample_rate_hz: float = 50.0
    counts_per_g: int = 1
    ends_at: int = 10**9
    level_db: float | None = 55.25

    def acceleration(self, first: int, count: int) -> NDArray[np.int16]:
        index = np.arange(first, first + count)[:, None]
        seats = np.arange(self.seats)[None, :]
        return np.stack(np.broadcast_arrays(index % 30000, seats, index // 30000), axis=2).astype(
            np.int16
        )

    def levels(self, first: int, count: int) -> NDArray[np.float64] | None:
        return None if self.level_db is None else np.full(count, self.level_db)


def sample_indexes(events: list[HubEvent]) -> NDArray[np.int64]:
    """Which samples of a MarkedSignal arrived, in order; fails when a value is not as sent."""
    blocks = [event.acceleration for event in events if isinstance(event, HubSamples)]
    if not blocks:
        return np.empty(0, dtype=np.int64)
    values = np.concatenate(blocks)
    index = (values[..., 0] + 30000 * values[..., 2]).astype(np.int64)
    assert (index == index[:, :1]).all()
    assert (values[..., 1] == np.arange(values.shape[1])).all()
    return index[:, 0]


@dataclass(kw_only=True)
class Wire:
    """A hub program and a conversation on one line, stepped through time.

    Commands are (time, function), called when their time has come.
    """

    program: HubProgram
    talk: Conversation
    down: FaultyLink
    up: FaultyLink
    now_ns: int = 0
    step_ns: int = MILLISECOND_NS

    def run(
        self, seconds: float, *, at: dict[float, Callable[[Wire], None]] | None = None
    ) -> list[HubEvent]:
        """The events of so many seconds."""
        events: list[HubEvent] = []
        start_ns, end_ns = self.now_ns, self.now_ns + round(seconds * 1e9)
        commands = sorted((at or {}).items())
        while self.now_ns < end_ns:
            self.now_ns += self.step_ns
            now = self.now_ns
            while commands and now >= start_ns + commands[0][0] * 1e9:
                commands.pop(0)[1](self)
            self.up.send(self.talk.request(elapsed_ns=now, boot_ns=now), elapsed_ns=now)
            heard = b"".join(self.up.receive(elapsed_ns=now))
            self.down.send(self.program.receive(heard, now), elapsed_ns=now)
            self.program.take(now, self.offer)
            for data in self.down.receive(elapsed_ns=now):
                events += self.talk.receive(data, elapsed_ns=now, boot_ns=now)
        return events

    def offer(self, data: bytes) -> bool:
        self.down.send(data, elapsed_ns=self.now_ns)
        return True


def make_wire(
    *,
    faults: LinkFaults | None = None,
    seed: int = 0,
    signal: MarkedSignal | None = None,
    drift_ppm: float = 0.0,
    first_tick: int = 0,
    block: int = 1,
    begins_ns: int = 0,
) -> Wire:
    """A hub that takes its sample 0 a second after the wire begins."""
    program = HubProgram(
        signal=signal or MarkedSignal(),
        hub_id="hub-1",
        start_ns=begins_ns + 1_000_000_000,
        drift_ppm=drift_ppm,
        first_tick=first_tick,
        block=block,
    )
    return Wire(
        program=program,
        talk=Conversation(hub="h"),
        down=FaultyLink(faults or LinkFaults(), seed=seed),
        up=FaultyLink(faults or LinkFaults(), seed=seed + 1),
        now_ns=begins_ns,
    )


@pytest.fixture
def wire() -> Callable[..., Wire]:
    return make_wire


@pytest.fixture
def indexes() -> Callable[[list[HubEvent]], NDArray[np.int64]]:
    return sample_indexes


@pytest.fixture
def marked() -> type[MarkedSignal]:
    return MarkedSignal
