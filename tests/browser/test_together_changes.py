"""What one side writes shows on the other, and disturbs nobody who writes there."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from contract.clock import SECOND_NS
from school.sharing.cut import Span
from tests.browser.both_sides import DAY_NS, add_film, both, join, open_side, shared, wait_for_film
from tests.signed_in import BY, COACH, TEACHER

NO_POLLING = """(() => {
  const real = window.setTimeout;
  window.setTimeout = (act, wait, ...more) => real(act, wait === 3000 ? 3600000 : wait, ...more);
})();"""
"""The list of moments then comes again only when the server says that it has changed."""


@pytest.fixture
def call(browser, school):
    with shared(school):
        yield lambda **given: both(browser, school, **given)
        for context in list(browser.contexts):
            context.close()


def put(page, path: str, body: str, method: str = "POST") -> None:
    """A form that the page's own person sends."""
    script = """async ([path, body, method]) => (await fetch(path, {method, body,
      headers: {'HX-Request': 'true', 'Content-Type': method === 'PUT' ? 'application/json'
        : 'application/x-www-form-urlencoded'}})).status"""
    assert page.evaluate(script, [path, body, method]) < 400


def test_a_note_and_its_reply_appear_on_the_other_side(call):
    teacher, coach = call(script=NO_POLLING)
    teacher.keyboard.press("n")
    teacher.locator("#moment-note").fill("Who speaks first here?")
    teacher.keyboard.press("Control+Enter")
    note = coach.locator(".moment", has_text="Who speaks first here?")
    expect(note).to_be_visible()
    note.locator(".jump").click()
    note.locator(".reply-open summary").click()
    note.locator("textarea").fill("The table by the door.")
    coach.keyboard.press("Control+Enter")
    expect(teacher.locator(".reply", has_text="The table by the door.")).to_have_count(1)


def test_who_writes_keeps_their_words_while_notes_come_in(call):
    teacher, coach = call(script=NO_POLLING)
    coach.keyboard.press("n")
    coach.locator("#moment-note").type("A thought of mi")
    put(teacher, "/lessons/sample/moments", "start_s=30&note=Of+the+teacher")
    expect(coach.locator(".moment", has_text="Of the teacher")).to_have_count(1)
    coach.keyboard.type("ne")
    expect(coach.locator("#moment-note")).to_have_value("A thought of mine")


def test_the_next_step_shows_and_waits_for_who_types(call):
    teacher, coach = call()
    for page in (teacher, coach):
        page.locator("#tab-step").click()
        page.wait_for_selector(".next-step")
    teacher.locator("#what-new").fill("Begin at the bell")
    teacher.locator("#save-new").click()
    expect(coach.locator("#next-step")).to_contain_text("Begin at the bell")
    expect(teacher.locator("#next-step .saved")).to_have_text("Saved.")

    teacher.locator("#next-step summary", has_text="Change it").click()
    field = teacher.locator(".step-form textarea").first
    field.fill("Begin at the bell, and")
    step = teacher.locator(".step-form [name=step]").first.input_value()
    put(teacher, "/lessons/sample/step", f"step={step}&revision=1&what=Begin+early&shows=unseen")
    expect(coach.locator("#next-step")).to_contain_text("Begin early")
    expect(field).to_have_value("Begin at the bell, and")
    expect(field).to_be_focused()
    teacher.keyboard.press("Escape")
    teacher.locator("#tab-step").focus()
    expect(teacher.locator("#next-step .what").first).to_have_text("Begin early")
    expect(teacher.locator(".step-form textarea").first).to_have_value("Begin at the bell, and")


def test_a_line_up_and_a_guess_that_is_shown_reach_the_coach(call, school, film):
    add_film(school, film)
    teacher, coach = call()
    wait_for_film(teacher, coach)
    put(teacher, "/api/lessons/sample/clock-map", '{"offset_s": 6.5}', "PUT")
    coach.wait_for_function("() => document.querySelector('#offset').value === '6.5'")
    put(teacher, "/lessons/sample/guess", "settling=4:00&start=10:00&end=12:00")
    put(teacher, "/lessons/sample/guess/shown", "is_on=true")
    expect(coach.locator("#guess-result")).to_contain_text("Marked: 10:00–12:00.")
    expect(coach.locator(".guess-band")).to_have_count(1)
    put(teacher, "/lessons/sample/guess/shown", "is_on=false")
    expect(coach.locator("#guess-result")).to_contain_text("The teacher shows no guess.")


def test_a_part_that_is_not_shared_any_more_is_gone_from_the_coachs_page(call, school):
    teacher, coach = call()
    now = school.clock.utc_ns()
    expect(coach.locator("#moment-sample-b")).to_have_count(1)
    school.stores.sharing.share(
        "sample", COACH, BY, until_utc_ns=now + DAY_NS, spans=(Span(0.0, 600.0),)
    )
    put(teacher, "/lessons/sample/moments", "start_s=30&note=A+change")
    expect(coach.locator(".lesson-title")).to_contain_text("parts of it are shared with you")
    expect(coach.locator("#moment-sample-b")).to_have_count(0)
    expect(coach.locator("#together-people li")).to_have_count(2)


def test_a_video_that_comes_during_the_call_opens(browser, school, film, call):
    teacher = join(open_side(browser, school, TEACHER))
    coach = join(open_side(browser, school, COACH))
    expect(coach.locator("#no-video")).to_be_visible()
    add_film(school, film)
    put(teacher, "/lessons/sample/moments", "start_s=30&note=A+change")
    wait_for_film(coach)
    expect(coach.locator("#line-up-text")).to_have_text(re.compile("within 0.5 s"))


def test_what_the_scorer_adds_is_asked_for_on_both_sides(call, school):
    teacher, coach = call()
    scores = school.stores.scores
    alert = scores.alerts("sample")[0]
    longer = replace(alert, cleared_utc_ns=alert.raised_utc_ns + 3_600 * SECOND_NS)
    try:
        with (
            teacher.expect_response("**/api/lessons/sample/timeline") as seen_by_teacher,
            coach.expect_response("**/api/lessons/sample/timeline") as seen_by_coach,
        ):
            scores.commit(cursor=scores.cursor(), alerts=[longer])
        assert seen_by_teacher.value.ok
        assert seen_by_coach.value.ok
    finally:
        scores.commit(cursor=scores.cursor(), alerts=[alert])
