"""What the sources on a Pi itself cost: processor time for a second of sensing.

    python benchmarks/bench_sources.py [--seconds N] [--json]

The bus answers at once, so a sensor's cost is that of our code and NumPy; a real transfer adds a
call into the kernel, during which the processor is free. Waiting moves a clock of its own, so N
seconds take as long as their work.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from contract.clock import ManualClock
from contract.quantities.sound import AWeighting
from edge_agent.sensing.sensor_watch import SensorWatch
from edge_agent.sources.i2c import I2cSettings, I2cSource
from edge_agent.sources.protocol import Wiring
from firmware_bridge.events import HubEvent, HubSamples

SECOND_NS = 1_000_000_000
GOAL = "2 % of a core is 20 ms a second, for the whole agent"


class QuickBus:
    """Answers what a LIS3DH answers, without modelling it."""

    def __init__(self) -> None:
        self.bits = 0
        self._data = np.random.default_rng(1).integers(0, 200, 6 * 997, dtype=np.uint8).tobytes()
        self._at = 0

    def read(self, address: int, register: int, length: int) -> bytes:  # noqa: ARG002 - the bus's
        self.bits += 9 * (3 + length) + 3
        if length == 1:
            return b"\x33" if register == 0x0F else b"\x67"
        self._at = (self._at + 6) % (6 * 996)
        return self._data[self._at : self._at + 6]

    def write(self, address: int, register: int, value: int) -> None:  # noqa: ARG002 - the bus's
        self.bits += 9 * 3 + 2

    def command(self, address: int, value: int) -> None:  # noqa: ARG002 - the bus's
        self.bits += 9 * 2 + 2

    def is_gone(self) -> bool:
        return False

    def close(self) -> None: ...


class Lesson:
    """A gate that is open, and a stop after some seconds of the clock."""

    excluded: frozenset[int] = frozenset()

    def __init__(self, clock: ManualClock, seconds: int) -> None:
        self._clock = clock
        self._until_ns = clock.now_ns + seconds * SECOND_NS

    def is_open(self, boot_ns: int) -> bool:
        return boot_ns >= 0

    def is_set(self) -> bool:
        return self._clock.now_ns >= self._until_ns

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.advance(max(timeout or 0.0, 0.0001))
        return self.is_set()


def of_bus(seats: int, seconds: int) -> tuple[float, float]:
    """Processor ms for a second, and the share of a bus at 400 kHz."""
    clock, events, bus = ManualClock(), list[HubEvent](), QuickBus()
    lesson = Lesson(clock, seconds)
    wiring = Wiring(
        clock=clock, sink=events.append, gate=lesson, gather_s=lambda: 0.0, max_undated=1
    )
    table = [
        {"seat": 1 + i, "sensor": "lis3dh", "address": 0x18, "mux": 0x70 + i // 8, "channel": i % 8}
        for i in range(seats)
    ]
    settings = I2cSettings.checked({"kind": "i2c", "name": "table", "seat": table}, where="bench")
    watch = SensorWatch({"table": settings.seat_numbers}, excluded=lambda: lesson.excluded)
    source = I2cSource(settings, wiring, open_bus=lambda _: bus)
    begun = time.process_time()
    source.run(lesson)  # type: ignore[arg-type]
    for event in events:
        watch.look(event)
    spent = time.process_time() - begun
    taken = sum(len(event.boot_ns) for event in events if isinstance(event, HubSamples))
    assert taken >= 49 * seconds
    return spent / seconds * 1000.0, bus.bits / seconds / 400_000


def of_microphone(seconds: int) -> float:
    """Processor ms for a second of sound."""
    sound = np.random.default_rng(1).normal(0, 2e7, 48_000).astype(np.int32)
    weighting = AWeighting(full_scale_db=120.0)
    weighting.short_levels(sound)
    begun = time.process_time()
    for _ in range(seconds):
        for piece in np.split(sound, 8):
            weighting.short_levels(piece)
    return (time.process_time() - begun) / seconds * 1000.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else ""
    )
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    args = parser.parse_args()
    load = float(Path("/proc/loadavg").read_text(encoding="ascii").split()[0])
    found: dict[str, float] = {"load": load}
    for seats in (8, 16):
        found[f"i2c_{seats}_ms"], found[f"i2c_{seats}_bus"] = of_bus(seats, args.seconds)
    found["microphone_ms"] = of_microphone(args.seconds)
    if args.json:
        print(json.dumps(found))
        return
    for seats in (8, 16):
        print(
            f"{seats} accelerometers behind multiplexers: {found[f'i2c_{seats}_ms']:.1f} ms a second, "
            f"{found[f'i2c_{seats}_bus']:.0%} of a bus at 400 kHz"
        )
    print(f"a microphone at 48 kHz: {found['microphone_ms']:.1f} ms a second")
    print(f"({GOAL}; the load of the machine was {load:.1f})")


if __name__ == "__main__":
    main()
