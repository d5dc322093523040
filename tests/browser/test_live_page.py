"""The live page in a real browser: its times agree, and it says when it is not live."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Request, Route, expect

from contract.clock import SECOND_NS
from dashboard_api.live.program_state import ProgramState
from tests.browser.parts import wait_until
from tests.signed_in import BY

EVENTS = "**/rooms/room-204/live/events"
ADDRESS = "/rooms/room-204/live"
SECOND_2000 = -1600 * SECOND_NS


def seconds(text: str) -> int:
    """The seconds that "3:20 ago" counts back; 0 for now or a time of day."""
    found = re.match(r"(\d+):(\d\d) (ago|earlier)", text)
    return int(found[1]) * 60 + int(found[2]) if found else 0


def labels(page: Page) -> list[tuple[str, float]]:
    """The axis: each label's text with the part of the span that lies after it."""
    found: list[list[object]] = page.evaluate(
        "[...document.querySelectorAll('#axis span')]"
        ".map((label) => [label.textContent, 1 - parseFloat(label.style.left) / 100])"
    )
    return [(str(text), float(str(share))) for text, share in found]


def open_page(page: Page, school) -> None:
    school.clock.now_ns = SECOND_2000
    page.goto(ADDRESS)
    page.wait_for_function("() => Number(document.body.dataset.updates) >= 1")


@pytest.mark.parametrize("width", (1366, 390))
def test_the_times_of_list_axis_and_zones_agree(page, school, width):
    page.set_viewport_size({"width": width, "height": 844})
    open_page(page, school)
    live = page.request.get("/api/rooms/room-204/live").json()
    (gap,) = [each for each in live["gaps"] if each["end_s"] - each["start_s"] > 2]
    ago = live["span_s"] - gap["start_s"]
    assert seconds(page.locator("#gaps li").first.inner_text()) == ago
    for text, share in labels(page):
        assert seconds(text) == round(share * live["span_s"])
    page.locator("#zones [role=gridcell]").focus()
    page.keyboard.press("Home")
    first = page.locator("#zones [role=gridcell]").get_attribute("aria-label")
    assert f", {live['span_s'] // 60}:00 ago: " in first
    # In a pause time goes on, and the page does not count from now any more.
    page.locator("#pause").click()
    assert page.locator("#old").inner_text().endswith("11:38:20.")
    assert "earlier" in page.locator("#gaps li").first.inner_text()
    assert seconds(page.locator("#gaps li").first.inner_text()) == ago
    assert labels(page)[-1][0] == "11:38:20"
    assert all("ago" not in text for text, _ in labels(page))


def test_a_fault_of_the_server_is_said_politely_and_not_by_colour_alone(page, school):
    open_page(page, school)
    expect(page.locator("#sentence")).to_contain_text("The room is being sensed")
    watch = school.app.state.live_facts.programs
    seen = dict(watch._seen)
    before = {name: each.state for name, each in seen.items()}
    try:
        since = school.clock.utc_ns() - 120 * SECOND_NS
        for each in seen.values():
            each.state = ProgramState(state="gone", since_utc_ns=since)
        status = page.get_by_role("status").filter(has=page.locator("#sentence"))
        expect(status).to_contain_text("received nothing since 11:36")
        expect(status).to_contain_text("Nothing has been scored either since 11:36")
        expect(page.locator("#now-noise")).to_have_text("–")
        expect(page.locator("#link")).to_have_text("Nothing new")
    finally:
        for name, state in before.items():
            seen[name].state = state
    expect(page.locator("#sentence")).to_contain_text("The room is being sensed")
    expect(page.locator("#more")).to_be_empty()


@pytest.fixture
def quiet_page(browser, school):
    """A page whose time the test moves, and which may fail to reach the server."""
    context = browser.new_context(base_url=school.address, storage_state=school.storage)
    page = context.new_page()
    page.clock.install()
    yield page
    context.close()


def test_a_server_that_is_away_is_said_and_asked_ever_more_rarely(quiet_page, school):
    page = quiet_page
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    failed: list[str] = []

    def has_failed(request: Request) -> None:
        if request.url.endswith("/live/events"):
            failed.append(request.url)

    page.on("requestfailed", has_failed)
    page.route(EVENTS, refuse)
    school.clock.now_ns = SECOND_2000
    page.goto(ADDRESS)
    expect(page.locator("#link")).to_have_text("Connecting again")
    expect(page.locator("#sentence")).to_contain_text("The room is being sensed")
    page.clock.run_for(4_000)
    expect(page.locator("#sentence")).to_contain_text(
        "This page has heard nothing from the server since 11:38"
    )
    expect(page.locator("#sentence")).to_have_attribute("data-state", "away")
    expect(page.locator("#old")).to_contain_text("everything below is from 11:38:20")
    expect(page.locator("#link")).to_have_text("Not live")
    for _ in range(60):  # three minutes; each failure has to arrive before the next try
        page.clock.run_for(3_000)
        wait_until(page, lambda: len(failed) >= len(asked))
    # After 1, 2, 4, 8, 16 and then every 30 s, each half of it to all of it.
    assert 6 <= len(asked) <= 20
    page.unroute(EVENTS)
    page.clock.run_for(40_000)
    expect(page.locator("#link")).to_have_text("Live")
    expect(page.locator("#sentence")).to_contain_text("The room is being sensed")
    expect(page.locator("#old")).to_be_hidden()


def test_signs_of_life_without_data_are_no_live_page(quiet_page, school):
    page = quiet_page
    page.route(
        EVENTS,
        lambda route: route.fulfill(
            content_type="text/event-stream", body="event: beat\r\ndata: {}\r\n\r\n"
        ),
    )
    school.clock.now_ns = SECOND_2000
    page.goto(ADDRESS)
    words = "The server answers, but has had no data to show since 11:38"

    def is_said() -> bool:
        page.clock.run_for(1_000)
        return words in (page.locator("#sentence").text_content() or "")

    wait_until(page, is_said)
    page.unroute(EVENTS)
    page.clock.run_for(5_000)
    expect(page.locator("#sentence")).to_contain_text("The room is being sensed")


def test_a_teacher_pauses_sensing_and_the_page_follows_by_itself(page, school):
    open_page(page, school)
    expect(page.locator("#pause-sensing")).to_have_text("Pause sensing")
    page.locator("#pause-sensing").click()
    expect(page.locator("#sentence")).to_contain_text("Sensing is paused on this page")
    expect(page.locator("#more")).to_contain_text("Still sensing: room-204-pi.")
    expect(page.locator("#pause-sensing")).to_have_text("Resume sensing")
    # Another page ends it; this one shows that, and its button does what it says.
    assert school.stores.control.resume_lesson(school.lesson.id, BY)
    expect(page.locator("#pause-sensing")).to_have_text("Pause sensing")
    expect(page.locator("#sentence")).to_contain_text("The room is being sensed")
    assert page.locator("#sensing [name=is_on]").input_value() == "true"
