"""A browser that plays nothing before a click: the follower's page says so, and follows after it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.both_sides import add_film, join, open_side, shared, wait_for_film
from tests.browser.conftest import CHROMIUM, PATIENCE_MS
from tests.browser.parts import wait_until
from tests.browser.sounding_film import film_of
from tests.signed_in import COACH, TEACHER, cookie, storage_of

SAID = "document.querySelector('#together-said').textContent"
PAUSED = "document.querySelector('#video').paused"
HIDDEN = "document.querySelector('#together-start').hidden"
AT = "document.querySelector('#video').currentTime"


class Untouched:
    """A page that nobody has clicked; Playwright's own questions count as clicks in Chromium."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self._session = page.context.new_cdp_session(page)

    def ask(self, script: str) -> Any:
        found = self._session.send("Runtime.evaluate", {"expression": script, "userGesture": False})
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, script: str) -> None:
        wait_until(self.page, lambda: self.ask(script))

    def click(self, selector: str) -> None:
        """With the mouse, as a person does."""
        box = f"document.querySelector('{selector}').getBoundingClientRect()"
        x, y = (self.ask(f"{box}.{each}") for each in ("x", "y"))
        self.page.mouse.click(x + 5, y + 5)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of video with sound: browsers play a silent one without a click."""
    path = tmp_path_factory.mktemp("film") / "lesson.webm"
    path.write_bytes(film_of([50.0] * 60, 0, 60))
    return path


@pytest.fixture
def careful_browser() -> Iterator[Any]:
    """Chromium as people have it: without a click it plays no sound."""
    arguments = ["--autoplay-policy=document-user-activation-required"]
    arguments += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=arguments, timeout=PATIENCE_MS
        )
        yield browser
        browser.close()


@pytest.fixture
def call(careful_browser: Any, school: Any, film: Any) -> Iterator[tuple[Any, Untouched]]:
    """The teacher, who leads, and a coach who came by the link and has touched nothing yet."""
    add_film(school, film)
    with shared(school):
        teacher = join(open_side(careful_browser, school, TEACHER))
        wait_for_film(teacher)
        cookies = cookie(school.stores.people, school.clock.utc_ns(), COACH)
        context = careful_browser.new_context(
            base_url=school.address, storage_state=storage_of(cookies)
        )
        coach = context.new_page()
        coach.goto("/lessons/sample#together")
        untouched = Untouched(coach)
        untouched.wait("document.querySelectorAll('#together-people li').length === 2")
        untouched.wait("document.querySelector('#video').readyState >= 2")
        yield teacher, untouched
        for each in list(careful_browser.contexts):
            each.close()


@pytest.mark.parametrize("pressed", ("#together-start", "#play", ".lesson-title"))
def test_a_follower_whose_browser_refuses_to_play_presses_a_button(
    call: tuple[Any, Untouched], pressed: str
) -> None:
    teacher, coach = call
    assert coach.ask(HIDDEN)
    teacher.locator("#play").click()
    coach.wait(f"!({HIDDEN})")
    assert coach.ask(SAID) == "The browser waits for a click before it plays. Press Play."
    assert coach.ask(PAUSED)
    assert coach.ask("document.querySelector('#together-start').textContent") == "Play"
    assert "alone" not in teacher.locator("#together-people").inner_text()

    coach.click(pressed)
    coach.wait(f"!({PAUSED}) && {HIDDEN} && {SAID} === 'You follow.'")
    wait_until(teacher, lambda: abs(coach.ask(AT) - teacher.evaluate(AT)) < 0.5)
    teacher.locator("#play").click()
    coach.wait(PAUSED)
