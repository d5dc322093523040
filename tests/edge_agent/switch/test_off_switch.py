"""The button and the light of a kit, on gpiozero's mock pins; and the whole agent with them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from contract.clock import Clock, ManualClock
from contract.errors import ConfigurationError
from contract.mqtt.link import Event, Received, Will
from contract.wire.messages import Command, Config, LessonSpan
from contract.wire.payload import Batch, Gap, decode
from edge_agent.agent import EdgeAgent
from edge_agent.config_file import store_config
from edge_agent.outbox.format import Record, scan, unpack_body
from edge_agent.settings import EdgeSettings, HubSettings, SwitchSettings
from edge_agent.switch.off_switch import OffSwitch
from edge_agent.switch.pins import OpenPins, open_pins
from edge_agent.timebase import ClockQuality
from firmware_bridge.events import HubCounters, HubEvent, HubSamples, HubUp
from firmware_bridge.frames import Hello

SECOND = 1_000_000_000
BUTTON, LED = 17, 27
SWITCH = SwitchSettings(button_pin=BUTTON, led_pin=LED)
ALL_DAY = LessonSpan(lesson="a", starts_utc_ns=0, ends_utc_ns=1 << 62)


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory(pin_class=MockPWMPin)
    yield factory
    factory.reset()


def pins_of(factory: MockFactory) -> OpenPins:
    return partial(open_pins, pin_factory=factory)


def press(factory: MockFactory) -> None:
    """Close the contact to ground, and open it again."""
    pin = factory.pin(BUTTON)
    pin.drive_low()
    pin.drive_high()


def switch_on(path: Path, pins: OpenPins, clock: ManualClock, **how: object) -> OffSwitch:
    switch = OffSwitch(settings=SWITCH.model_copy(update=how), path=path, clock=clock, pins=pins)
    switch.start()
    return switch


def test_a_press_pauses_and_the_next_one_ends_it(factory: MockFactory, tmp_path: Path) -> None:
    clock = ManualClock(now_ns=7 * SECOND)
    switch = switch_on(tmp_path / "pause.json", pins_of(factory), clock)
    assert switch.step() is None
    assert switch.paused_by == frozenset()
    press(factory)
    clock.advance(2)
    assert switch.step() == 7 * SECOND  # when it was pressed, not when it was noticed
    assert switch.paused_by == {"button"}
    assert switch.button_utc_ns == clock.boot_zero_utc_ns() + 7 * SECOND
    press(factory)
    switch.step()
    assert switch.paused_by == frozenset()
    assert switch.button_utc_ns is None
    switch.close()


@pytest.mark.parametrize("presses", (1, 2, 3, 4))
def test_what_was_pressed_holds_over_a_reboot(
    factory: MockFactory, tmp_path: Path, presses: int
) -> None:
    path, clock = tmp_path / "pause.json", ManualClock()
    switch = switch_on(path, pins_of(factory), clock)
    for _ in range(presses):
        press(factory)
    switch.step()
    switch.close()
    factory.reset()
    again = switch_on(path, pins_of(factory), clock)
    assert again.paused_by == ({"button"} if presses % 2 else frozenset())
    again.close()


def test_a_command_ends_its_own_pause_and_never_the_button_s(
    factory: MockFactory, tmp_path: Path
) -> None:
    path, clock = tmp_path / "pause.json", ManualClock()
    switch = switch_on(path, pins_of(factory), clock)
    switch.command(is_paused=True)
    press(factory)
    switch.step()
    switch.close()
    factory.reset()
    switch = switch_on(path, pins_of(factory), clock)
    assert switch.paused_by == {"button", "command"}
    switch.command(is_paused=False)
    assert switch.paused_by == {"button"}
    press(factory)
    switch.step()
    assert switch.paused_by == frozenset()
    switch.close()


def test_a_button_that_can_t_be_used_pauses_the_kit_and_says_so(
    factory: MockFactory, tmp_path: Path
) -> None:
    taken = open_pins(SWITCH, lambda: None, pin_factory=factory)
    switch = switch_on(tmp_path / "pause.json", pins_of(factory), ManualClock())
    assert switch.paused_by == {"fault"}
    about_button, about_light = switch.troubles
    assert about_button.startswith("The button on GPIO 17 can't be used (GPIOPinInUse")
    assert "senses nothing" in about_button
    assert about_light.startswith("The light on GPIO 27 can't be used")
    taken.close()
    switch = switch_on(tmp_path / "pause.json", pins_of(factory), ManualClock())
    assert (switch.paused_by, switch.troubles) == (frozenset(), ())
    switch.close()


def test_without_its_light_a_kit_senses_and_says_so(factory: MockFactory, tmp_path: Path) -> None:
    taken = open_pins(SWITCH.model_copy(update={"button_pin": None}), lambda: None,
                      pin_factory=factory)  # fmt: skip
    switch = switch_on(tmp_path / "pause.json", pins_of(factory), ManualClock())
    assert switch.paused_by == frozenset()
    (sentence,) = switch.troubles
    assert "nothing on the kit shows whether it senses" in sentence
    switch.close()
    taken.close()


def test_a_button_that_went_from_the_settings_leaves_its_pause_and_a_sentence(
    factory: MockFactory, tmp_path: Path
) -> None:
    path = tmp_path / "pause.json"
    switch = switch_on(path, pins_of(factory), ManualClock())
    press(factory)
    switch.step()
    switch.close()
    factory.reset()
    switch = switch_on(path, pins_of(factory), ManualClock(), button_pin=None)
    assert switch.paused_by == {"button"}
    (sentence,) = switch.troubles
    assert str(path) in sentence
    switch.close()


def test_one_pin_can_t_be_both() -> None:
    with pytest.raises(ConfigurationError, match="another pin than the button's"):
        SwitchSettings.checked({"button_pin": 4, "led_pin": 4}, where="test")


class DeadLink:
    """A broker that can't be reached."""

    is_alive = True

    def __init__(self) -> None:
        self.events: queue.Queue[Event] = queue.Queue()

    def start(self) -> None: ...

    def stop(self, *, farewell: Will | None = None, timeout_s: float = 5.0) -> None: ...

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        return False

    def acknowledge(self, message: Received) -> None: ...


class Seat:
    """A hub of one seat at the reader's place: it samples 25 times a second, whatever is on."""

    def __init__(
        self, _: HubSettings, clock: ManualClock, sink: Callable[[HubEvent], None]
    ) -> None:
        self._clock, self._sink = clock, sink
        self._until_ns = clock.now_ns
        hello = Hello(
            is_start=True, has_levels=False, tick_hz=1_000, sample_rate_hz=25.0, counts_per_g=256,
            seats=1, hub_id="h", firmware="f", firmware_version="1",
        )  # fmt: skip
        sink(HubUp(hub="hub-a", hello=hello))

    def step(self) -> None:
        times = np.arange(self._until_ns, self._clock.now_ns, SECOND // 25, dtype=np.int64)
        if len(times):
            self._until_ns = int(times[-1]) + SECOND // 25
            rows = np.tile(np.array([0, 0, 1], np.float32), (len(times), 1, 1))
            self._sink(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))

    def run(self, stop: threading.Event) -> None:
        stop.wait(300)

    def identify(self, seconds: int = 5) -> None: ...

    def counters(self) -> HubCounters:
        return HubCounters()


class Minutes:
    """The `stop` that an agent waits on: each wait moves the clock, and does what is due."""

    def __init__(self, clock: ManualClock, seats: list[Seat], acts: dict[float, Callable[[], None]],
                 until_s: float) -> None:  # fmt: skip
        self._clock, self._seats, self._acts, self._until_s = clock, seats, acts, until_s

    def is_set(self) -> bool:
        return self._clock.now_ns >= self._until_s * SECOND

    def wait(self, timeout: float) -> bool:
        self._clock.advance(max(timeout, 0.05))
        for at_s in [at_s for at_s in self._acts if at_s * SECOND <= self._clock.now_ns]:
            self._acts.pop(at_s)()
        self._seats[-1].step()
        return self.is_set()


class Kit:
    """A kit without a network whose agent may be started again and again."""

    def __init__(self, folder: Path, factory: MockFactory) -> None:
        self.clock = ManualClock()
        self.factory = factory
        self._folder = folder
        self._seats: list[Seat] = []

    def run(self, until_s: float, acts: dict[float, Callable[[], None]]) -> EdgeAgent:
        settings = EdgeSettings.checked(
            {
                "site": "s", "room": "r", "node": "pi-1",
                "hub": [{"name": "hub-a", "port": "/dev/a", "seats": [1]}],
                "outbox": {"dir": str(self._folder)}, "delivery": {"spill_s": 1.0},
                "switch": {"button_pin": BUTTON, "led_pin": LED},
            },
            where="test",
        )  # fmt: skip
        self.factory.reset()

        def plug_in(hub: HubSettings, clock: Clock, sink: Callable[[HubEvent], None]) -> Seat:
            self._seats.append(Seat(hub, cast("ManualClock", clock), sink))
            return self._seats[-1]

        self.agent = EdgeAgent(
            settings=settings, clock=self.clock,
            quality=lambda: ClockQuality(synchronised=True, error_ns=0),
            open_reader=plug_in, open_link=lambda *_: DeadLink(), pins=pins_of(self.factory),
        )  # fmt: skip
        minutes = cast("threading.Event", Minutes(self.clock, self._seats, acts, until_s))
        self.agent._nap = minutes
        self.agent.run(minutes)
        return self.agent

    def seconds(self) -> dict[int, str]:
        """Second of the boot clock → `sensed` or a gap's reason, from what the disk holds."""
        found: dict[int, str] = {}
        for path in sorted(self._folder.glob("*.outbox")):
            data = path.read_bytes()
            for record in scan(data):
                assert isinstance(record, Record)
                if record.head.kind != "data":
                    continue
                body = data[record.offset : record.offset + record.length]
                message = decode(unpack_body(body, record.crc) or b"")
                what = "sensed" if isinstance(message, Batch) else cast("Gap", message).reason
                first = message.boot_ns // SECOND
                found |= dict.fromkeys(range(first, first + message.n), what)
        return found


@pytest.fixture
def kit(factory: MockFactory, tmp_path: Path) -> Kit:
    store_config(tmp_path / "config.cbor", Config(revision=3, lessons=(ALL_DAY,)))
    return Kit(tmp_path, factory)


def test_the_button_pauses_without_a_network_at_once_and_over_a_reboot(kit: Kit) -> None:
    agent = kit.run(10.0, {4.4: lambda: press(kit.factory)})
    assert agent.health(is_finished=False).reported == agent.config_reported()
    assert agent.config_reported().paused_by == ("button",)
    # The second in which it was pressed is not sensed either.
    before = kit.seconds()
    assert {before[at] for at in (1, 2, 3)} == {"sensed"}
    assert {before[at] for at in range(4, 9)} == {"paused"}
    kit.clock.advance(5)
    again = kit.run(24.0, {19.5: lambda: press(kit.factory)})
    after = kit.seconds()
    assert {after[at] for at in range(16, 20)} == {"paused"}
    assert {after[at] for at in range(20, 23)} == {"sensed"}
    assert again.config_reported().paused_by == ()


def test_the_light_goes_out_with_the_agent_and_shows_a_pause(kit: Kit) -> None:
    looks: list[str] = []

    def note() -> None:
        looks.append(kit.agent._switch._light._look)  # type: ignore[union-attr]

    def obey(name: str) -> Callable[[], None]:
        return lambda: kit.agent.handle_command(Command(id=name, command=name)) and None  # type: ignore[arg-type, func-returns-value]

    kit.run(
        14.0,
        {
            3.0: note, 3.5: obey("pause"), 5.0: note, 5.5: obey("resume"), 7.3: note,
            7.5: lambda: press(kit.factory), 8.5: note, 8.6: obey("resume"), 9.5: note,
            9.6: lambda: press(kit.factory), 10.0: obey("stop"), 12.5: note,
        },
    )  # fmt: skip
    assert looks == [
        "senses", "paused_elsewhere", "senses", "paused_here", "paused_here", "waits",
    ]  # fmt: skip
    assert kit.factory.pin(LED).state == 0
