"""No finding of axe on any state of any page, in both themes, at five widths.

A new page or state is a line in `STATES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.browser.axe import AXE, findings
from tests.browser.lesson_page import open_with_film

SIZES = ((1366, 625), (1920, 953), (768, 1024), (390, 844), (320, 568))


def nothing(page: Any) -> None:
    """The page as it opens."""


def click(selector: str) -> Callable[[Any], None]:
    return lambda page: page.locator(selector).first.click()


def choose(moment: str) -> Callable[[Any], None]:
    def step(page: Any) -> None:
        page.evaluate("(id) => { location.hash = `#moment-${id}`; }", moment)
        page.wait_for_selector(f'.is-chosen[data-id="{moment}"]')

    return step


def zoom(page: Any) -> None:
    page.locator("#view-to").fill("2:00")
    page.locator("#view-to").press("Enter")


def open_table(page: Any) -> None:
    page.locator(".as-table summary").click()
    page.wait_for_selector("#table tbody tr")


def open_answers(page: Any) -> None:
    page.get_by_text("How your answers are used").first.click()
    page.wait_for_selector(".answers-choice")


@dataclass(frozen=True)
class State:
    """A page in one of its states."""

    name: str
    address: str
    ready: str = "main"
    step: Callable[[Any], None] = nothing
    with_film: bool = False


LESSON = ("/lessons/sample", "body[data-drawn]")
STATES = (
    State("lesson", *LESSON),
    State("lesson with a video", *LESSON, with_film=True),
    State("a suggestion", *LESSON, step=choose("sample-alert-1")),
    State("someone's moment", *LESSON, step=choose("sample-b")),
    State("more suggestions", *LESSON, step=click(".further summary")),
    State("a new moment", *LESSON, step=click("#mark")),
    State("the video's tab", *LESSON, step=click("#tab-video"), with_film=True),
    State("zoomed", *LESSON, step=zoom),
    State("a zone's cell", *LESSON, step=lambda page: page.locator(".cell").focus()),
    State("keys", *LESSON, step=click("#help-open")),
    State("table", *LESSON, step=open_table),
    State("how answers are used", *LESSON, step=open_answers),
    State("table's own page", "/lessons/sample/table"),
    State("answers' own page", "/lessons/sample/answers"),
    State("sharing", "/lessons/sample/sharing"),
    State("rows of seats", "/lessons/sample/seat-rows"),
    State("lessons", "/"),
    State("lessons found", "/?q=nothing+like+it"),
    State("live", "/rooms/room-204/live", "body[data-updates]"),
    State("model", "/model"),
    State("model of a lesson", "/model?lesson=sample"),
    State("rooms", "/rooms"),
    State("people", "/people"),
    State("account", "/account"),
    State("audit", "/audit"),
    State("no such lesson", "/lessons/none"),
)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name.replace(" ", "-"))
def test_axe_finds_nothing(browser, school, film, state):
    if not AXE.is_file():
        pytest.skip("axe is not here: make setup")
    context = browser.new_context(base_url=school.address, storage_state=school.storage)
    page = context.new_page()
    if state.with_film:
        open_with_film(page, school, film, state.address)
    else:
        page.goto(state.address)
    page.wait_for_selector(state.ready)
    state.step(page)
    found = {}
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            if violations := findings(page):
                found[f"{width} {scheme}"] = violations
    context.close()
    assert found == {}
