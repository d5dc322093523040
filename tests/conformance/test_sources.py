"""What holds for every source of a kit, whatever it senses: those of the registry, without hardware.

Each kind of `edge_agent.sources.SOURCES` has settings here that name hardware that is not there.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

from contract.clock import ManualClock
from contract.finding import Finding
from contract.wire.messages import SensorFault
from edge_agent.sources import SOURCES, look_over_source, open_source, settings_of
from edge_agent.sources.protocol import SourceSettings, Wiring
from firmware_bridge.events import HubDown, HubEvent, HubUp

SECOND = 1_000_000_000
NOT_THERE: dict[str, dict[str, object]] = {
    "hub": {"name": "h", "port": "/nonexistent/tty", "seats": (1, 2)},
    "i2c": {"name": "i", "bus": 31, "seat": [{"seat": 1, "sensor": "lis3dh", "address": 0x18}]},
    "gpio": {"name": "g", "input": [{"seat": 1, "pin": 17, "senses": "tilt"}]},
    "meter": {"name": "m", "port": "/nonexistent/tty"},
    "microphone": {"command": ("/nonexistent/arecord",)},
}


class Kit:
    """A clock that waiting moves, an open or a closed gate, and what was said."""

    excluded: frozenset[int] = frozenset()

    def __init__(self, *, is_on: bool = True, seconds: float = 40.0) -> None:
        self.clock = ManualClock(now_ns=100 * SECOND)
        self.events: list[HubEvent] = []
        self._is_on = is_on
        self._until_ns = self.clock.now_ns + round(seconds * SECOND)

    def is_open(self, boot_ns: int) -> bool:
        return self._is_on

    def is_set(self) -> bool:
        return self.clock.now_ns >= self._until_ns

    def wait(self, timeout: float | None = None) -> bool:
        self.clock.advance(max(timeout or 0.0, 0.001))
        return self.is_set()

    @property
    def wiring(self) -> Wiring:
        return Wiring(
            clock=self.clock, sink=self.events.append, gate=self, gather_s=lambda: 0.0,
            max_undated=10,
        )  # fmt: skip


@pytest.fixture(params=sorted(SOURCES))
def settings(request: pytest.FixtureRequest) -> Iterator[SourceSettings]:
    kind: str = request.param
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gpiozero says which libraries it has tried
        yield settings_of(kind).model_validate(NOT_THERE[kind])


def test_settings_say_what_they_are(settings: SourceSettings) -> None:
    assert settings.kind in SOURCES
    assert type(settings) is settings_of(settings.kind)
    assert all(isinstance(key, str) for key, _ in settings.claims)
    assert len(set(settings.seat_numbers)) == len(settings.seat_numbers)
    assert bool(settings.seat_numbers) or settings.may_have_sound or settings.kind == "microphone"


def test_without_hardware_it_goes_on_says_why_and_makes_nothing_up(
    settings: SourceSettings,
) -> None:
    kit = Kit()
    source = open_source(settings, kit.wiring)
    source.run(kit)  # type: ignore[arg-type]
    said = [fault.said for fault in source.faults()]
    said += [event.reason for event in kit.events if isinstance(event, HubDown)]
    assert said
    assert all(sentence.endswith(".") and len(sentence) <= 300 for sentence in said)
    assert len(kit.events) <= 3 or settings.kind == "gpio", "it repeats itself"
    for event in kit.events:
        for values in (getattr(event, name, None) for name in ("acceleration", "moved", "laeq")):
            assert values is None or np.isnan(values).all()


def test_outside_lessons_it_opens_no_eye(settings: SourceSettings) -> None:
    kit = Kit(is_on=False)
    source = open_source(settings, kit.wiring)
    source.run(kit)  # type: ignore[arg-type]
    assert all(isinstance(event, HubUp | HubDown) for event in kit.events)


def test_it_can_be_asked_before_it_runs_and_after(settings: SourceSettings) -> None:
    kit = Kit(seconds=0.0)
    source = open_source(settings, kit.wiring)
    for _ in range(2):
        source.identify()
        assert all(type(n) is int and n >= 0 for n in source.counters().values())
        assert all(isinstance(fault, SensorFault) for fault in source.faults())
        source.run(kit)  # type: ignore[arg-type]


def test_it_ends_with_its_stop(settings: SourceSettings) -> None:
    stop, kit = threading.Event(), Kit()
    thread = threading.Thread(target=open_source(settings, kit.wiring).run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


def test_the_doctor_says_what_to_do(settings: SourceSettings) -> None:
    found = list(look_over_source(settings))
    assert all(isinstance(finding, Finding) for finding in found)
    (wrong,) = [finding for finding in found if finding.state == "wrong"]
    assert wrong.said
    assert wrong.advice


def test_each_kind_has_settings_here() -> None:
    assert NOT_THERE.keys() == SOURCES.keys()
