"""The list of lessons and the live page in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from contract.clock import SECOND_NS
from dashboard_api.web.limits.stream_places import StreamPlaces


def test_the_list_leads_to_a_lesson(page):
    page.goto("/")
    page.get_by_role("link", name="Fractions, part 2").click()
    expect(page).to_have_url(re.compile("/lessons/sample$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Fractions, part 2")


COUNTING = """
window.EventSource = class extends window.EventSource {
  constructor(address) {
    super(address);
    window.heard = 0;
    this.addEventListener("live", () => { window.heard += 1; });
  }
};
"""


def test_the_live_page_is_live_and_can_be_paused(page, school, sample_lesson):
    page.add_init_script(COUNTING)
    school.clock.now_ns = -1600 * SECOND_NS  # second 2000 of the lesson
    page.goto("/rooms/room-204/live")
    expect(page.locator("#link")).to_have_text("Live")
    expect(page.locator("#sentence")).to_contain_text("is on.")
    # Counted back from now, as on the axis.
    expect(page.locator("#gaps")).to_contain_text("3:20 ago: 1 min 14 s missing")
    page.wait_for_function("() => Number(document.body.dataset.updates) >= 1")
    clock = page.locator("#clock").text_content()
    school.clock.advance(7)
    expect(page.locator("#clock")).not_to_have_text(clock)
    page.locator("#pause").click()
    expect(page.locator("#link")).to_have_text("Held")
    expect(page.locator("#pause")).to_have_text("Continue")
    paused = page.locator("#clock").text_content()
    updates = page.evaluate("document.body.dataset.updates")
    school.clock.advance(7)
    # The next event may have been sent before; the one after that includes the 7 s.
    page.wait_for_function(
        "(before) => window.heard >= before + 2", arg=page.evaluate("window.heard")
    )
    assert page.locator("#clock").text_content() == paused
    assert page.evaluate("document.body.dataset.updates") == updates
    page.locator("#pause").click()
    expect(page.locator("#clock")).not_to_have_text(paused)


def test_the_live_page_says_when_the_lesson_ends(page, school):
    school.clock.now_ns = -601 * SECOND_NS
    page.goto("/rooms/room-204/live")
    expect(page.locator("#sentence")).to_contain_text("The room is being sensed")
    plan = page.get_by_role("link", name="Lesson plan")
    expect(plan).to_have_attribute("href", "/lessons/sample/plan")
    school.clock.advance(3)
    expect(page.locator("#sentence")).to_contain_text("Nothing is being sensed: no lesson is on")
    expect(page.locator("#lesson-link")).to_be_hidden()
    expect(page.locator("#plan-link")).to_be_hidden()


def test_with_too_many_live_pages_the_page_says_so_and_retries(browser, school):
    page = browser.new_page(storage_state=school.storage)
    page.clock.install()
    places = school.app.state.stream_places
    school.app.state.stream_places = StreamPlaces(max_total=0, max_per_key=1)
    try:
        page.goto(f"{school.address}/rooms/room-204/live")
        expect(page.locator("#link")).to_have_text(
            "Not live: Too many live pages are open; close some, or try again in 30 s."
        )
        expect(page.locator("#sentence")).to_contain_text("Nothing is being sensed")
    finally:
        school.app.state.stream_places = places
    page.clock.fast_forward(60_000)
    expect(page.locator("#link")).to_have_text("Live")
    page.close()


def test_an_unknown_lesson_is_explained(browser, school):
    page = browser.new_page(storage_state=school.storage)
    answer = page.goto(f"{school.address}/lessons/none")
    assert answer.status == 404
    page.get_by_role("link", name="Back to the lessons").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lessons")
    page.close()


def test_a_room_is_found_between_lessons_and_a_misspelt_one_is_explained(browser, school):
    school.clock.utc_at_boot_ns += 3_600 * SECOND_NS  # the lesson is over
    context = browser.new_context(base_url=school.address, storage_state=school.storage)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="room-204 live").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("room-204")
    expect(page.locator("main")).not_to_contain_text("The room is being sensed")
    page.goto("/lessons/sample")
    page.get_by_role("link", name="room-204 live").click()
    expect(page).to_have_url(f"{school.address}/rooms/room-204/live")
    answer = page.goto("/rooms/rom-204/live")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("main")).to_contain_text("There is no such room")
    context.close()


@pytest.fixture
def busy(school):
    """A timetable that goes on until next summer, in two rooms."""
    day, hour = 86_400 * SECOND_NS, 3_600 * SECOND_NS
    made = [
        replace(
            school.lesson, id=f"day-{i}", room=f"room-{i % 2}", title=f"Poems, part {i}",
            starts_utc_ns=school.start_ns + i * day, ends_utc_ns=school.start_ns + i * day + hour,
        )
        for i in range(-30, 60) if i
    ]  # fmt: skip
    for lesson in made:
        school.stores.lessons.put(lesson)
    yield school
    school.stores.lessons.purge(lessons=[lesson.id for lesson in made])


@pytest.mark.parametrize("width", (1366, 390))
@pytest.mark.parametrize("has_scripts", (True, False))
def test_coming_lessons_are_folded_and_lessons_can_be_found(browser, busy, width, has_scripts):
    context = browser.new_context(
        viewport={"width": width, "height": 800}, base_url=busy.address,
        storage_state=busy.storage, java_script_enabled=has_scripts,
    )  # fmt: skip
    page = context.new_page()
    page.goto("/")
    coming = page.get_by_text("Poems, part 1", exact=True)
    expect(page.locator("main")).to_contain_text("Fractions, part 2")
    expect(coming).to_be_hidden()
    expect(page.locator(".part > .days .title").first).to_have_text("Fractions, part 2")
    page.locator("#coming summary").click()
    expect(coming).to_be_visible()
    page.get_by_text("Find a lesson").click()
    page.get_by_label("Words in the title").fill("poems")
    page.get_by_label("Room").select_option("room-1")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("with “poems” in the title")
    expect(page.locator(".title").first).to_have_text("Poems, part -1")
    page.get_by_role("link", name="Later lessons").first.click()
    expect(page.locator(".title").last).to_have_text("Poems, part 1")
    page.get_by_label("Up to this day").fill("2025-11-26")
    page.get_by_label("Its week only").check()
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".title")).to_have_text([f"Poems, part {i}" for i in (11, 9, 7)])
    assert page.locator("html").evaluate("html => html.scrollWidth <= innerWidth")
    context.close()
