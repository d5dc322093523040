"""The whole agent with sensors on the Pi's own bus, through smbus2's interface."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from contract.clock import ScaledClock
from contract.quantities.table import MISSING, SEAT_QUANTITIES
from contract.wire.messages import Config, LessonSpan
from contract.wire.payload import Batch, decode
from edge_agent.agent import EdgeAgent
from edge_agent.config_file import store_config
from edge_agent.outbox.format import Record, scan, unpack_body
from edge_agent.settings import EdgeSettings
from roomtone.demo.broker import free_port
from simulators.i2c.accelerometers import FakeLis3dh
from simulators.i2c.fake_bus import FakeBus


class SmbusOf:
    """smbus2's SMBus, on a fake bus."""

    def __init__(self, bus: FakeBus) -> None:
        self._bus = bus

    def read_i2c_block_data(self, address: int, register: int, length: int) -> list[int]:
        return list(self._bus.read(address, register, length))

    def write_byte_data(self, address: int, register: int, value: int) -> None:
        self._bus.write(address, register, value)

    def write_byte(self, address: int, value: int) -> None:
        self._bus.command(address, value)

    def close(self) -> None:
        self._bus.close()


def stored(folder: Path) -> list[Batch]:
    found = []
    for path in sorted(folder.glob("*.outbox")):
        data = path.read_bytes()
        for record in scan(data):
            if isinstance(record, Record) and record.head.kind == "data":
                body = data[record.offset : record.offset + record.length]
                message = decode(unpack_body(body, record.crc) or b"")
                found += [message] if isinstance(message, Batch) else []
    return found


def of_seats(batch: Batch) -> np.ndarray:
    """(periods, seats, quantities)."""
    seats = len(batch.layout.seats)
    width = len(SEAT_QUANTITIES) * seats
    return batch.values[:, :width].reshape(len(batch.values), -1, seats).swapaxes(1, 2)


@pytest.mark.slow
def test_a_node_without_hubs_senses_its_seats_and_leaves_out_who_has_opted_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = FakeBus()
    fakes = [bus.plug(FakeLis3dh(seed=i), 0x18, way=(0x70, i)) for i in range(2)]
    monkeypatch.setattr("smbus2.SMBus", lambda _number: SmbusOf(bus))
    seats = [
        {"seat": 11 + i, "sensor": "lis3dh", "address": 0x18, "mux": 0x70, "channel": i}
        for i in range(3)  # nobody is behind channel 2
    ]
    settings = EdgeSettings.checked(
        {
            "site": "school", "room": "r1", "node": "pi-1", "broker": {"port": free_port()},
            "source": [{"kind": "i2c", "name": "table-1", "seat": seats}],
            "outbox": {"dir": str(tmp_path / "outbox")}, "delivery": {"spill_s": 1.0},
        },
        where="test",
    )  # fmt: skip
    always = LessonSpan(lesson="l", starts_utc_ns=0, ends_utc_ns=1 << 62)
    store_config(
        tmp_path / "outbox" / "config.cbor",
        Config(revision=1, lessons=(always,), excluded_seats=(12,)),
    )
    clock = ScaledClock(
        speed=2.0, anchor_ns=time.monotonic_ns(), utc_at_anchor_ns=1_760_000_000 * 10**9
    )
    agent = EdgeAgent(settings=settings, clock=clock)
    stop = threading.Event()
    thread = threading.Thread(target=agent.run, args=(stop,), name="agent")
    thread.start()

    def has_values() -> bool:
        return any(
            (of_seats(batch)[:, 0] != MISSING).any() for batch in stored(settings.outbox.dir)
        )

    try:
        assert any(has_values() or stop.wait(0.1) for _ in range(600))
        assert any(agent.health(is_finished=False).faults or stop.wait(0.1) for _ in range(600))
    finally:
        stop.set()
        thread.join(60)
    (hub,) = agent.birth().hubs
    assert (hub.kind, hub.seats, hub.sample_rate_hz) == ("i2c", (11, 12, 13), 50.0)
    for batch in stored(settings.outbox.dir):
        assert (of_seats(batch)[:, 1:] == MISSING).all()
    assert fakes[0].data_reads > 40
    assert (fakes[1].data_reads, fakes[1].is_measuring) == (0, False)
    assert not fakes[0].is_measuring  # it sleeps again
    (fault,) = agent.health(is_finished=True).faults
    assert fault.seat == 13
    assert fault.said.startswith("Seat 13 of table-1: nothing answers at 0x18 behind channel 2")
    noted = json.loads((settings.outbox.dir / "sensors.json").read_text())
    assert [each["said"] for each in noted] == [fault.said]
