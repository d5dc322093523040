"""The off switch of a room with two kits: real agents, Mosquitto, ingest and the school's database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from contract.clock import SystemClock
from edge_agent.agent import EdgeAgent
from edge_agent.settings import EdgeSettings
from edge_agent.switch.pins import open_pins
from firmware_bridge.events import HubCounters
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader
from school import open_school
from school.audit.actor import Actor
from school.lessons.records import Lesson

pytestmark = [pytest.mark.broker, pytest.mark.programs]

BUTTON = 17
PATIENCE_S = 60.0
BY = Actor(name="a test", utc_ns=1)


def until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < ends, "it did not come to be so"
        threading.Event().wait(0.02)


class QuietHub:
    """A hub that never says anything."""

    def run(self, stop: threading.Event) -> None:
        stop.wait(300)

    def identify(self, seconds: int = 5) -> None: ...

    def counters(self) -> HubCounters:
        return HubCounters()


class Kit:
    """An agent with a button, on a thread of its own while it runs."""

    def __init__(self, folder: Path, port: int, node: str, seat: int) -> None:
        self._settings = EdgeSettings.checked(
            {
                "site": "school", "room": "r1", "node": node,
                "hub": [{"name": "hub-a", "port": "/dev/a", "seats": [seat]}],
                "broker": {"port": port}, "outbox": {"dir": str(folder / node)},
                "delivery": {"grace_s": 0.2, "stop_wait_s": 0.5}, "switch": {"button_pin": BUTTON},
            },
            where="test",
        )  # fmt: skip
        self.make()

    def make(self) -> None:
        """A new start of the agent on the same disk, which has not begun to run."""
        self._factory = MockFactory(pin_class=MockPWMPin)
        self.agent = EdgeAgent(
            settings=self._settings, clock=SystemClock(),
            open_reader=lambda _hub, _clock, _sink: QuietHub(),
            pins=partial(open_pins, pin_factory=self._factory),
        )  # fmt: skip

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=self.agent.run, args=(stop,), name="kit")
        thread.start()
        yield
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()

    def press(self) -> None:
        pin = self._factory.pin(BUTTON)
        pin.drive_low()
        pin.drive_high()

    @property
    def paused_by(self) -> tuple[str, ...]:
        return self.agent.config_reported().paused_by

    @property
    def is_sampling(self) -> bool:
        return self.agent.config_reported().is_sampling


def test_one_button_and_one_page_switch_both_kits_off(
    settings: ServerSettings, tmp_path: Path
) -> None:
    first, second = (
        Kit(tmp_path, settings.broker.port, node, seat) for node, seat in (("pi-1", 1), ("pi-2", 2))
    )
    lesson = Lesson(
        id="r1-a", room="r1", teacher="t", title="", starts_utc_ns=time.time_ns() - 10**9,
        ends_utc_ns=None, source="button",
    )  # fmt: skip
    with ExitStack() as kits, closing(open_school(settings.data_dir)) as school:
        school.lessons.put(lesson)
        kits.enter_context(first.running())
        with second.running():
            until(lambda: first.is_sampling and second.is_sampling)
            first.press()
            until(lambda: (first.paused_by, second.paused_by) == (("button",), ("kit",)))
            # A page ends nothing that a button began, and the other way round.
            assert school.control.pause_lesson(lesson.id, BY)
            until(lambda: first.paused_by == ("button", "page"))
            assert school.control.resume_lesson(lesson.id, BY)
            until(lambda: (first.paused_by, second.paused_by) == (("button",), ("kit",)))
        # The second kit starts again, and has not heard anything yet.
        second.make()
        second.agent.orders.start()
        assert second.paused_by == ("kit",)
        assert not second.is_sampling
        second.agent._switch.close()
        second.agent.book.close()
        second.agent.outbox.close()
        second.make()
        kits.enter_context(second.running())
        first.press()
        until(lambda: first.is_sampling and second.is_sampling)
        # Two buttons: the room waits for both.
        first.press()
        second.press()
        until(lambda: first.paused_by == second.paused_by == ("button", "kit"))
        first.press()
        until(lambda: (first.paused_by, second.paused_by) == (("kit",), ("button",)))
        second.press()
        until(lambda: first.is_sampling and second.is_sampling)
        assert school.control.pause_lesson(lesson.id, BY)
        until(lambda: first.paused_by == second.paused_by == ("page",))
        with closing(open_period_reader(settings.data_dir)) as reader:
            reports = lambda: [  # noqa: E731  # the pages ask the same of the store
                health.reported.paused_by
                for stream in reader.newest_runs("r1")
                if (health := reader.health(stream.id)) is not None and health.reported is not None
            ]  # fmt: skip
            until(lambda: reports() == [("page",), ("page",)])
        # Its end needs nobody: the lesson is over.
        school.lessons.put(replace(lesson, ends_utc_ns=time.time_ns() - 10**8))
        until(lambda: first.paused_by == second.paused_by == ())
        until(lambda: not (first.is_sampling or second.is_sampling))
