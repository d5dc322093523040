"""The debrief on both sides of a call, in two real browsers."""

from __future__ import annotations

import re
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.together.place import Place
from dashboard_api.web.store_thread import Stores
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from school import open_school
from tests.browser.both_sides import (
    PLACES,
    add_film,
    both,
    join,
    open_side,
    shared,
    wait_for_film,
)
from tests.browser.lesson_page import expect_place, place
from tests.browser.program import Program, free_port
from tests.signed_in import COACH, TEACHER, open_test_school

FIVE_MINUTES_FAST = """(() => {
  const real = Date.now;
  Date.now = () => real() + 300000;
})();"""
IS_AT = "(place) => Math.abs(document.querySelector('#video').currentTime - place) < 1"


@pytest.fixture
def call(browser, school):
    """The two sides; all their pages are closed at the end."""
    with shared(school):
        yield lambda **given: both(browser, school, **given)
        for context in list(browser.contexts):
            context.close()


def seek(page, second: float) -> None:
    page.evaluate("(t) => { location.hash = `#t=${t}`; }", second)
    expect_place(page, second, 0.5)


def apart(teacher, coach) -> float:
    return abs(teacher.evaluate(PLACES) - coach.evaluate(PLACES))


def test_who_is_there_and_who_leads_is_seen_on_both_sides(call):
    teacher, coach = call()
    expect(teacher.locator("#together-people li")).to_have_text(
        [f"{TEACHER} (you) teacher, leads", f"{COACH} coach, follows"]
    )
    expect(coach.locator("#together-people li")).to_have_text(
        [f"{TEACHER} teacher, leads", f"{COACH} (you) coach, follows"]
    )
    expect(teacher.locator("#together-said")).to_have_text(f"{COACH} joined.")
    expect(coach.locator("#together-said")).to_have_text("You follow.")
    teacher.locator("#together-leave").click()
    expect(coach.locator("#together-people li")).to_have_count(1)
    expect(coach.locator("#together-said")).to_have_text(f"{TEACHER} left.")
    expect(teacher.locator("#together")).to_be_hidden()
    expect(teacher.locator("#together-open")).to_be_focused()
    join(teacher)
    expect(coach.locator("#together-people li")).to_have_count(2)


def test_play_and_seek_reach_the_other_side_and_either_leads(call, school, film):
    add_film(school, film)
    teacher, coach = call()
    wait_for_film(teacher, coach)
    seek(teacher, 20)
    coach.wait_for_function(IS_AT, arg=22)
    teacher.locator("#play").click()
    for page in (teacher, coach):
        page.wait_for_function("() => !document.querySelector('#video').paused")
        expect_place(page, 25, 3)
    teacher.locator("#speed").select_option("1.5")
    coach.wait_for_function("() => document.querySelector('#video').playbackRate > 1.2")
    teacher.locator("#play").click()
    coach.wait_for_function("() => document.querySelector('#video').paused")
    coach.wait_for_function(
        IS_AT, arg=teacher.evaluate("document.querySelector('#video').currentTime")
    )

    coach.locator("#together-lead").click()
    expect(coach.locator("#together-said")).to_have_text(re.compile("^You lead"))
    expect(teacher.locator("#together-said")).to_have_text("You follow.")
    seek(coach, 50)
    teacher.wait_for_function(IS_AT, arg=52)


def test_who_looks_alone_comes_back_with_f(call, school, film):
    add_film(school, film)
    teacher, coach = call()
    wait_for_film(teacher, coach)
    seek(teacher, 10)
    expect_place(coach, 10)
    seek(coach, 40)
    expect(coach.locator("#together-said")).to_have_text(re.compile("^You look alone"))
    expect(teacher.locator("#together-people")).to_contain_text(f"{COACH} coach, looks alone")
    seek(teacher, 15)
    coach.keyboard.press("f")
    expect_place(coach, 15)
    expect(coach.locator("#together-follow")).to_have_attribute("aria-pressed", "true")
    expect(teacher.locator("#together-people")).to_contain_text(f"{COACH} coach, follows")
    assert place(teacher) == 15, "who looked alone has moved nobody"


def test_a_side_without_a_video_follows_and_leads(call, school, film, browser):
    add_film(school, film)
    teacher = join(open_side(browser, school, TEACHER))
    coach = open_side(browser, school, COACH)
    coach.evaluate(
        "() => { const v = document.querySelector('#video'); v.removeAttribute('src'); v.load(); v.hidden = true; }"
    )
    join(coach)
    wait_for_film(teacher)
    seek(teacher, 30)
    expect_place(coach, 30)
    teacher.locator("#play").click()
    expect_place(coach, 34, 2)
    teacher.locator("#play").click()

    coach.locator("#together-lead").click()
    seek(coach, 45)
    teacher.wait_for_function(IS_AT, arg=47)
    expect(coach.locator("#together-play")).to_be_visible()
    coach.locator("#together-play").click()
    teacher.wait_for_function("() => !document.querySelector('#video').paused")
    expect_place(coach, 48, 2)
    coach.locator("#together-play").click()
    teacher.wait_for_function("() => document.querySelector('#video').paused")
    assert apart(teacher, coach) <= 1


def test_a_clock_that_is_minutes_off_on_one_side_does_not_matter(call, school, film):
    add_film(school, film)
    teacher, coach = call(script=FIVE_MINUTES_FAST)
    wait_for_film(teacher, coach)
    seek(teacher, 12)
    expect_place(coach, 12)
    teacher.locator("#play").click()
    expect_place(coach, 16, 2)
    assert apart(teacher, coach) <= 1
    coach.locator("#together-lead").click()
    expect(teacher.locator("#together-said")).to_have_text("You follow.")
    seek(coach, 60)
    teacher.wait_for_function(
        "() => { const t = document.querySelector('#video').currentTime; return t >= 62 && t < 70; }"
    )


def test_a_share_that_ends_during_the_call_closes_the_coachs_page(call, school):
    teacher, coach = call()
    ended = teacher.evaluate(
        f"""async () => (await fetch('/lessons/sample/sharing/{COACH}/end', {{method: 'POST'}})).status"""
    )
    assert ended < 400
    expect(
        coach.get_by_role("heading", name="This lesson is not open to you any more")
    ).to_be_visible()
    assert coach.locator("#together, #timeline, video, .moment").count() == 0
    expect(teacher.locator("#together-people li")).to_have_count(1)


def test_who_is_signed_out_sees_nothing_of_the_lesson(call, school):
    _, coach = call()
    coach.evaluate("() => { fetch('/sign-out', {method: 'POST', redirect: 'manual'}); }")
    expect(coach.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert coach.locator("#together, video, .moment").count() == 0
    coach.get_by_role("link", name="Sign in").click()
    expect(coach).to_have_url(re.compile(r"/sign-in\?next=%2Flessons%2Fsample$"))


def test_the_link_joins(browser, school, call):
    teacher = join(open_side(browser, school, TEACHER))
    coach = open_side(browser, school, COACH)
    coach.evaluate("() => { location.hash = '#together'; }")
    expect(teacher.locator("#together-people li")).to_have_count(2)
    coach.reload()
    expect(coach.locator("#together-people li")).to_have_count(2)
    # The link scrolls nothing away: the page's head stays in sight.
    coach.evaluate("() => document.querySelector('#together').scrollIntoView()")
    assert coach.evaluate("scrollY") == 0


def test_a_lesson_that_nobody_else_sees_has_no_debrief(page):
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    expect(page.locator("#together-open, #together")).to_have_count(0)


def test_alone_the_page_loads_nothing_of_it(browser, school, call):
    asked: list[str] = []
    page = open_side(browser, school, TEACHER)
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_selector("body[data-drawn]")
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "/together/" in url and url.endswith(".js")]
    join(page)
    assert [url for url in asked if url.endswith("/together/debrief.js")]


@pytest.fixture
def restarting(tmp_path, sample_lesson, running):
    """A server that a test can stop and start, with the sample lesson."""
    folder = tmp_path / "school"
    open_test_school(folder).close()
    periods, scores = MemoryPeriodStore(), MemoryScoreStore()
    school = open_school(folder)
    lesson = sample_lesson.write(
        periods, scores, school.lessons, sample_lesson.Sample(start_utc_ns=running.start_ns)
    )
    clock = ManualClock(utc_at_boot_ns=running.start_ns + 3_600 * SECOND_NS)
    port = free_port()
    program = Program(
        lambda: Stores.of_school(open_school(folder), periods=periods, scores=scores),
        port, clock=clock, zone=ZoneInfo("Europe/Berlin"),
    )  # fmt: skip
    program.start()
    stores = Stores.of_school(school, periods=periods, scores=scores)
    yield SimpleNamespace(
        stores=stores, clock=clock, lesson=lesson, address=f"http://127.0.0.1:{port}",
        program=program,
    )  # fmt: skip
    program.stop()
    school.close()


@pytest.mark.parametrize("leader", ("the first one back", "the last one back"))
def test_after_a_restart_of_the_server_both_come_back_to_where_they_were(
    browser, restarting, leader
):
    school = restarting
    with shared(school):
        teacher, coach = both(browser, school)
        coach.locator("#together-lead").click()
        seek(coach, 600)
        expect_place(teacher, 600)
        school.program.stop()
        for page in (teacher, coach):
            expect(page.locator("#together-said")).to_have_text(re.compile("^No connection"))
        last = teacher if leader == "the first one back" else coach
        last.context.set_offline(True)
        school.program.start()
        first = coach if last is teacher else teacher
        expect(first.locator("#together")).not_to_have_class(re.compile("is-lost"))
        last.context.set_offline(False)
        for page in (teacher, coach):
            expect(page.locator("#together")).not_to_have_class(re.compile("is-lost"))
            expect(page.locator("#together-people li")).to_have_count(2)
        expect(coach.locator("#together-people .leads")).to_contain_text(COACH)
        assert place(teacher) == 600
        seek(coach, 700)
        expect_place(teacher, 700)
        for context in list(browser.contexts):
            context.close()


def test_the_agenda_is_one_on_both_sides_and_opens_what_it_is_about(call):
    teacher, coach = call()
    teacher.locator("#agenda-start").click()
    for page in (teacher, coach):
        expect(page.locator("#agenda-name")).to_have_text("Frame")
        expect(page.locator("#agenda-time")).to_have_text(re.compile(r"^0:0\d of 5:00$"))
        expect(page.locator("#together-said")).to_have_text(re.compile("^Frame: Say what"))
    expect(teacher.locator("#agenda-now")).to_be_focused()
    coach.get_by_role("button", name="Next: Guess").click()
    expect(teacher.locator("#guess-ask")).to_be_visible()
    teacher.locator("#guess-leave").click()
    teacher.get_by_role("button", name="Next: Moments").click()
    coach.get_by_role("button", name="Next: Plan").click()
    for page in (teacher, coach):
        expect(page.locator("#tab-step")).to_have_attribute("aria-selected", "true")
    teacher.locator("#agenda-now").click()
    steps = teacher.get_by_role("dialog", name="The agenda").get_by_role("listitem")
    expect(steps).to_have_count(6)
    expect(steps.nth(3)).to_have_attribute("aria-current", "step")
    steps.nth(2).get_by_role("button").click()
    expect(coach.locator("#agenda-name")).to_have_text("Moments")
    expect(coach.locator("#tab-moments")).to_have_attribute("aria-selected", "true")


def test_minutes_over_are_said_quietly_and_who_types_is_not_taken_away(call, school):
    teacher, coach = call()
    teacher.keyboard.press("n")
    teacher.locator("#moment-note").fill("We")
    coach.locator("#agenda-start").click()
    coach.get_by_role("button", name="Next: Guess").click()
    coach.get_by_role("button", name="Next: Moments").click()
    coach.get_by_role("button", name="Next: Plan").click()
    expect(teacher.locator("#agenda-name")).to_have_text("Plan")
    expect(teacher.locator("#tab-moments")).to_have_attribute("aria-selected", "true")
    expect(teacher.locator("#moment-note")).to_be_focused()
    expect(teacher.locator("#guess")).to_be_hidden()
    (room,) = [room for _, room in school.app.state.debriefs.rooms]
    room.place = Place(2, room.now_ns() - (23 * 60 + 5) * SECOND_NS)
    late = open_side(coach.context.browser, school, COACH)
    join(late)
    expect(late.locator("#agenda-time")).to_have_text("3 min over")
    expect(late.locator("#agenda")).to_have_class(re.compile("is-over"))
    expect(late.locator("#agenda [aria-live], #agenda [role=status]")).to_have_count(0)
