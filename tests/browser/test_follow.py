"""How one page keeps to the other's playhead, in numbers; the functions run as the browser has them."""

from __future__ import annotations

import pytest


@pytest.fixture
def ask(page):
    page.goto("/lessons/sample")

    def of(module: str, expression: str):
        script = f"import('/static/together/{module}.js').then((it) => {expression})"
        return page.evaluate(f"() => {script}")

    return of


def test_it_is_left_alone_corrected_by_speed_or_sought(ask):
    near, slow, fast, far = ask(
        "follow", "[0.14, 0.4, -0.4, 1.2].map((off) => it.correction(off, 1, false))"
    )
    assert near == {"seek": False, "rate": 1, "isCorrecting": False}
    assert slow["rate"] > 1 > fast["rate"]
    assert slow["isCorrecting"]
    assert far["seek"]
    assert ask("follow", "it.correction(0.1, 1, true).isCorrecting"), "it goes on until it is near"
    assert not ask("follow", "it.correction(0.02, 1, true).isCorrecting")


def test_a_position_goes_on_with_the_servers_time_and_ends_with_the_lesson(ask):
    head = "{revision: 1, position_s: 10, is_playing: true, rate: 1.5, at_ms: 1000}"
    assert ask("follow", f"it.positionAt({head}, 3000, 100)") == 13
    assert ask("follow", f"it.positionAt({head}, 900000, 100)") == 100
    assert ask("follow", f"it.positionAt({{...{head}, is_playing: false}}, 3000, 100)") == 10


def test_the_answer_that_came_fastest_sets_the_clock(ask):
    made = """(() => { const clock = new it.ServerClock();
      clock.hear(it.sampleOf(0, 5100, 5100, 900));
      clock.hear(it.sampleOf(1000, 6010, 6012, 1022));
      clock.hear(it.sampleOf(2000, 7400, 7400, 2500));
      return clock.serverTime(3000); })()"""
    assert ask("server_clock", made) == 8000
