"""What the light shows, step by step, on gpiozero's mock pins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gpiozero import PWMLED
from gpiozero.pins.mock import MockFactory, MockPWMPin

from edge_agent.switch.light import LOOKS, Light, Look


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory(pin_class=MockPWMPin)
    yield factory
    factory.reset()


def seen(light: Light, factory: MockFactory, seconds: float) -> list[tuple[float, float]]:
    """(level, seconds) of the steps that are shown in so many seconds."""
    steps = []
    while seconds > 1e-9:
        lasts = light.step()
        steps.append((factory.pin(27).state, lasts))
        seconds -= lasts
    return steps


@pytest.mark.parametrize(
    ("look", "expected"),
    (
        ("senses", [(0.5, 1.0)] * 2),
        ("waits", [(0, 1.0)] * 2),
        ("paused_here", [(0.5, 0.1), (0, 1.9)]),
        ("paused_elsewhere", [(0.5, 0.1), (0, 0.2), (0.5, 0.1), (0, 1.6)]),
    ),
)
def test_the_looks_differ(
    factory: MockFactory, look: Look, expected: list[tuple[float, float]]
) -> None:
    light = Light(PWMLED(27, pin_factory=factory), brightness=0.5)
    light.show(look)
    assert seen(light, factory, 2.0) == expected


def test_identifying_ends_by_itself_and_a_pause_begins_with_its_flash(factory: MockFactory) -> None:
    light = Light(PWMLED(27, pin_factory=factory), brightness=1.0)
    light.show("senses")
    assert seen(light, factory, 2.0) == [(1, 1.0)] * 2
    light.identify(seconds=2)
    assert seen(light, factory, 2.0) == [(1, 0.1), (0, 0.1)] * 10
    assert seen(light, factory, 1.0) == [(1, 1.0)]
    light.show("paused_here")
    assert seen(light, factory, 2.0) == [(1, 0.1), (0, 1.9)]


def test_no_step_keeps_the_light_s_thread_for_long() -> None:
    assert max(seconds for steps in LOOKS.values() for _, seconds in steps) <= 2.0
