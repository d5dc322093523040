"""Switches on the Pi's pins, on gpiozero's mock pins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gpiozero.pins.mock import MockFactory

from contract.errors import ConfigurationError
from contract.quantities.switches import SwitchQuantities
from contract.quantities.table import SEAT_QUANTITIES
from edge_agent.sensing.periods import PeriodAssembler
from edge_agent.settings import EdgeSettings
from edge_agent.sources.gpio import GpioSettings, GpioSource, InputSettings, open_input
from firmware_bridge.events import SwitchSamples

SECOND = 1_000_000_000
NAMES = [quantity.name for quantity in SEAT_QUANTITIES]
STILL, WIGGLES = NAMES.index("stillness"), NAMES.index("wiggle_count")


def switch(seat: int, pin: int, senses: str = "vibration", **more: object) -> dict[str, object]:
    return {"seat": seat, "pin": pin, "senses": senses} | more


def settings_of(*inputs: dict[str, object]) -> GpioSettings:
    fields: dict[str, object] = {"kind": "gpio", "name": "chairs", "input": list(inputs)}
    return GpioSettings.checked(fields, where="edge.toml")


class Room:
    """A gate that plays what happens to the pins, and what the source makes of it."""

    def __init__(self, bench: Any, settings: GpioSettings) -> None:
        self.bench = bench
        self.settings = settings
        self.factory = MockFactory()
        self.open: set[int] = set()
        self.source = GpioSource(settings, bench.wiring, open_pin=self.open_pin)
        self.start_ns = bench.clock.now_ns

    def open_pin(self, each: InputSettings) -> Any:
        device = open_input(each, pin_factory=self.factory)
        self.open.add(each.pin)
        close = device.close

        def closed() -> None:
            self.open.discard(each.pin)
            close()

        device.close = closed  # type: ignore[method-assign]
        return device

    def pulse(self, pin: int) -> None:
        """A contact to ground, closed for a moment."""
        self.factory.pin(pin).drive_low()
        self.factory.pin(pin).drive_high()

    def values(self) -> np.ndarray:
        """(seconds, seats, quantities) of the whole seconds after the first."""
        seats = self.settings.seat_numbers
        assembler = PeriodAssembler(
            run_boot_ns=self.start_ns, period_ns=SECOND, hubs=[("chairs", seats)], sound="none",
            max_buffered_s=60, switches=frozenset({"chairs"}),
        )  # fmt: skip
        for event in self.bench.events:
            assembler.take(event)
        rows = []
        while assembler.has_all():
            row = assembler.close().values[: len(seats) * len(NAMES)]
            rows.append(row.reshape(len(NAMES), len(seats)).T)
        return np.stack(rows)


def test_a_vibration_switch_counts_movements_and_quiet_quarters(bench: Any) -> None:
    room = Room(bench, settings_of(switch(4, 17), switch(5, 27)))
    plan = {1.1: 17, 1.12: 17, 1.6: 17, 2.3: 27}
    done: set[float] = set()

    def is_on(boot_ns: int) -> bool:
        for at in plan.keys() - done:
            if boot_ns >= room.start_ns + at * SECOND:
                done.add(at)
                room.pulse(plan[at])
        return True

    bench.is_on = is_on
    room.source.run(bench.stop_after(5))
    values = room.values()
    # Stillness has steps of a quarter, and 65535 is missing.
    assert values[1:4, 0, [STILL, WIGGLES]].tolist() == [[2, 2], [4, 0], [4, 0]]
    assert values[1:4, 1, [STILL, WIGGLES]].tolist() == [[4, 0], [3, 1], [4, 0]]
    others = [i for i in range(len(NAMES)) if i not in {STILL, WIGGLES}]
    assert (values[:, :, others] == 65535).all()


def test_a_tilt_switch_counts_each_change_and_a_vibration_switch_each_pulse(bench: Any) -> None:
    room = Room(bench, settings_of(switch(1, 5, "tilt"), switch(2, 6)))
    done: set[int] = set()

    def is_on(boot_ns: int) -> bool:
        for second, low in ((1, True), (2, False)):
            if second not in done and boot_ns >= room.start_ns + second * SECOND + SECOND // 10:
                done.add(second)
                for pin in (5, 6):
                    mock = room.factory.pin(pin)
                    (mock.drive_low if low else mock.drive_high)()
        return True

    bench.is_on = is_on
    room.source.run(bench.stop_after(4))
    assert room.values()[1:3, :, WIGGLES].tolist() == [[1, 1], [1, 0]]


def test_of_an_empty_seat_nothing_is_known(bench: Any) -> None:
    room = Room(bench, settings_of(switch(3, 17), switch(3, 22, "presence", pull="down")))

    def is_on(boot_ns: int) -> bool:
        second = (boot_ns - room.start_ns) // SECOND
        mock = room.factory.pin(22)
        if room.open and mock.state != (3 <= second < 6):
            (mock.drive_high if 3 <= second < 6 else mock.drive_low)()
        return True

    bench.is_on = is_on
    room.source.run(bench.stop_after(9))
    known = (room.values()[:, 0, WIGGLES] != 65535).tolist()
    assert known[:8] == [False] * 3 + [True] * 3 + [False] * 2


def test_outside_lessons_and_for_who_has_opted_out_no_pin_is_open(bench: Any) -> None:
    room = Room(bench, settings_of(switch(1, 17), switch(2, 27)))
    bench.excluded = frozenset({2})
    seen: list[tuple[bool, frozenset[int]]] = []

    def is_on(boot_ns: int) -> bool:
        passed_s = (boot_ns - room.start_ns) / SECOND
        seen.append((2.1 < passed_s < 5, frozenset(room.open)))
        return 2 <= passed_s < 5

    bench.is_on = is_on
    room.source.run(bench.stop_after(8))
    assert {pins for is_lesson, pins in seen if is_lesson} == {frozenset({17})}
    assert {pins for is_lesson, pins in seen[:20] + seen[-20:]} == {frozenset()}
    assert room.open == set()
    samples = [event for event in bench.events if isinstance(event, SwitchSamples)]
    assert 55 <= len(samples) <= 60
    assert all(np.isnan(event.moved[:, 1]).all() for event in samples)


def test_a_seat_that_opts_out_during_a_lesson_has_its_pin_closed(bench: Any) -> None:
    room = Room(bench, settings_of(switch(1, 17), switch(2, 27)))

    def is_on(boot_ns: int) -> bool:
        bench.excluded = frozenset({2} if boot_ns > room.start_ns + 2 * SECOND else ())
        return True

    bench.is_on = is_on
    room.source.run(bench.stop_after(2.5))
    assert room.values()[:1, 1, WIGGLES].tolist() == [0]
    assert bench.excluded == {2}
    assert np.isnan(bench.events[-1].moved[0, 1])


def test_a_pin_that_can_not_be_used_is_named_and_tried_again(bench: Any) -> None:
    room = Room(bench, settings_of(switch(1, 17), switch(2, 27)))
    tries: list[int] = []

    def open_pin(each: InputSettings) -> Any:
        if each.pin == 27 and len(tries) < 2:
            tries.append(each.pin)
            raise RuntimeError("no gpiochip")
        return room.open_pin(each)

    source = GpioSource(room.settings, bench.wiring, open_pin=open_pin)
    source.run(bench.stop_after(3))
    (fault,) = source.faults()
    assert (fault.seat, fault.kind) == (2, "absent")
    assert fault.said == "Seat 2 of chairs: GPIO 27 can't be used (RuntimeError: no gpiochip)."
    source.run(bench.stop_after(12))
    assert source.faults() == ()
    tries.clear()
    (finding,) = GpioSource.look_over(room.settings, open_pin=open_pin)
    assert finding.state == "wrong"
    assert finding.said == "GPIO 27 can't be used (RuntimeError: no gpiochip)"


def test_what_is_missing_of_a_second_is_no_stillness() -> None:
    quantities = SwitchQuantities(seats=1)
    half = np.zeros((20, 1), np.float32)
    half[8:] = np.nan
    assert np.isnan(quantities.update(half)).all()
    most = np.zeros((20, 1), np.float32)
    most[13:] = np.nan
    most[0] = 1
    values = quantities.update(most)
    assert values[0, STILL] == pytest.approx(2 / 3)
    assert values[0, WIGGLES] == 1
    assert np.isnan(quantities.update(most[:0])).all()


def test_a_movement_that_goes_on_counts_once() -> None:
    quantities = SwitchQuantities(seats=1)
    moving = np.ones((20, 1), np.float32)
    assert [float(quantities.update(moving)[0, WIGGLES]) for _ in range(3)] == [1.0, 0.0, 0.0]


def test_a_pin_is_for_one_thing_alone() -> None:
    base: dict[str, object] = {"site": "s", "room": "r", "node": "n"}
    source = {"kind": "gpio", "name": "chairs", "input": [switch(1, 17), switch(2, 17)]}
    with pytest.raises(ConfigurationError, match=r"source\.pin is 17, expected each value once"):
        EdgeSettings.checked(base | {"source": [source]}, where="edge.toml")
    source["input"] = [switch(1, 17)]
    with pytest.raises(ConfigurationError, match=r"source\.pin is 17"):
        EdgeSettings.checked(base | {"source": [source], "switch": {"button_pin": 17}}, where="x")
    both = EdgeSettings.checked(base | {"source": [source]}, where="edge.toml")
    assert both.seats == (1,)
