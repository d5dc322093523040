"""Forms in a real browser: saved as filled, offline too, in two windows, and both views in the end."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from contract.clock import SECOND_NS
from school.forms.sheets import Answer, new_sheet
from school.forms.yaml_file import EXAMPLES, read_form
from tests.browser.both_sides import fill_as, shared
from tests.browser.parts import parts
from tests.signed_in import COACH, TEACHER, cookie, storage_of

PAGE = "/lessons/sample/forms/talk-rubric"
RUBRIC = read_form(EXAMPLES["talk-rubric"])
TALKS = "Who talks"


@pytest.fixture
def refused(browser, school):
    """A page of a test in which something is refused, which Chromium logs as an error."""
    context = browser.new_context(
        viewport={"width": 1366, "height": 625}, base_url=school.address,
        storage_state=school.storage,
    )  # fmt: skip
    context.set_default_timeout(40_000)
    yield context.new_page()
    context.close()


def item(page, label: str):
    return page.get_by_role("region", name=label, exact=True)


def words(page, label: str):
    return page.get_by_label(f"In words: {label}")


def kept(school, person: str = TEACHER) -> dict[str, Answer]:
    for each in school.stores.sharing.forms.of_lesson("sample"):
        if each.person == person:
            return dict(each.answers)
    return {}


def elsewhere(school, revision: int, choice: str, text: str) -> None:
    """Save it as another window does."""
    new = Answer(
        item="who-talks", label=TALKS, choice=choice, choice_label="A few pupils", words=text,
        revision=revision,
    )  # fmt: skip
    school.stores.sharing.forms.answer(new_sheet("sample", TEACHER, TEACHER, RUBRIC), new, 1)


def test_what_is_filled_is_saved_by_itself(page, school):
    page.goto("/lessons/sample")
    page.get_by_role("link", name="Forms: rubrics and walkthroughs").click()
    page.get_by_role("link", name="Talk in the lesson").click()
    here = item(page, TALKS)
    expect(here.get_by_role("button", name="Save")).to_be_hidden()
    here.get_by_label("Many pupils").check()
    expect(here.locator(".state")).to_have_text("Saved.")
    words(page, TALKS).press_sequentially("The back row, 12:30")
    expect(here.locator(".state")).to_have_text("Saved.")
    page.wait_for_function(
        "() => !Object.keys(localStorage).some((key) => key.startsWith('form-'))"
    )
    assert (kept(school)["who-talks"].choice, kept(school)["who-talks"].words) == (
        "many", "The back row, 12:30",
    )  # fmt: skip
    page.reload()
    expect(here.get_by_label("Many pupils")).to_be_checked()
    expect(words(page, TALKS)).to_have_value("The back row, 12:30")


def test_without_the_server_no_word_is_lost(refused, school):
    page = refused
    page.goto(PAGE)
    cut = "**/items/*"
    page.route(cut, lambda route: route.abort())
    words(page, TALKS).fill("Typed in a tunnel")
    expect(item(page, TALKS).locator(".state")).to_contain_text("stay in this browser")
    assert kept(school) == {}
    page.unroute(cut)
    page.reload()
    expect(words(page, TALKS)).to_have_value("Typed in a tunnel")
    expect(item(page, TALKS).locator(".state")).to_have_text("Saved.")
    assert kept(school)["who-talks"].words == "Typed in a tunnel"


def test_two_windows_see_both_texts(refused, school):
    page = refused
    page.goto(PAGE)
    elsewhere(school, 0, "a-few", "From the phone")
    here = item(page, TALKS)
    words(page, TALKS).fill("From the laptop")
    other = here.locator(".other")
    expect(other).to_contain_text("A few pupils. From the phone")
    assert kept(school)["who-talks"].words == "From the phone"
    # Also after a reload, until one has chosen.
    page.reload()
    expect(other).to_contain_text("A few pupils. From the phone")
    expect(words(page, TALKS)).to_have_value("From the laptop")
    here.get_by_role("button", name="Save").click()
    expect(here.locator(".state")).to_have_text("Saved.")
    expect(other).to_be_hidden()
    assert kept(school)["who-talks"].words == "From the laptop"
    elsewhere(school, 2, "a-few", "Once more")
    words(page, TALKS).fill("Typed meanwhile")
    here.get_by_role("button", name="Take this").click()
    expect(words(page, TALKS)).to_have_value("Once more")
    page.reload()
    expect(words(page, TALKS)).to_have_value("Once more")
    assert kept(school)["who-talks"].words == "Once more"


def test_both_views_stand_side_by_side_once_both_are_done(browser, school, page):
    with shared(school):
        cookies = cookie(school.stores.people, school.clock.utc_ns(), COACH)
        context = browser.new_context(base_url=school.address, storage_state=storage_of(cookies))
        context.set_default_timeout(40_000)
        coach = context.new_page()
        for side, choice, text in (
            (page, "Many pupils", "All rows, 12:30"), (coach, "A few pupils", "Mostly the front"),
        ):  # fmt: skip
            side.goto(PAGE)
            item(side, TALKS).get_by_label(choice).check()
            words(side, TALKS).fill(text)
            # What is not on the server yet is saved first.
            side.get_by_role("button", name="I am done").click()
            expect(side.get_by_role("button", name="I am done")).to_be_hidden()
        page.reload()
        both = item(page, TALKS).locator(".both")
        expect(both).to_contain_text("Many pupils")
        expect(both).to_contain_text("Mostly the front")
        boxes = [each.bounding_box() for each in parts(both.locator(".said"))]
        assert boxes[0]["y"] == boxes[1]["y"]
        assert boxes[0]["x"] < boxes[1]["x"]
        expect(item(coach, TALKS).locator(".both")).to_contain_text("All rows")
        # Changing one's own later, beside the other one.
        school.clock.now_ns += 60 * SECOND_NS
        item(page, TALKS).get_by_text("Change mine").click()
        words(page, TALKS).fill("All rows but one")
        expect(item(page, TALKS).locator(".state")).to_have_text("Saved.")
        expect(item(page, TALKS).locator(".said").first).to_contain_text("All rows but one")
        coach.reload()
        expect(coach.get_by_text("changed something after both of you were done")).to_be_visible()
        coach.set_viewport_size({"width": 390, "height": 844})
        assert coach.evaluate("document.documentElement.scrollWidth") <= 390
        context.close()


def test_a_time_moves_the_playhead_of_the_lesson_in_the_other_window(page, school):
    with shared(school):
        fill_as(school, COACH, "task-waits", "seen", "At 2:10, and again at 3:00")
        page.goto("/lessons/sample/forms/routines-walkthrough")
        page.locator("#words-task-waits").fill("Looked at it")
        page.get_by_role("button", name="I am done").click()
        with page.expect_popup() as opened:
            page.get_by_role("link", name="beside this one").click()
        lesson = opened.value
        lesson.set_default_timeout(40_000)
        lesson.wait_for_selector("body[data-drawn]")
        lesson.evaluate("() => { document.body.dataset.first = 'yes'; }")
        for time, second in (("2:10", 130), ("3:00", 180)):
            page.get_by_role("link", name=time).click()
            expect(lesson.locator("#playhead")).to_have_attribute("aria-valuenow", f"{second}")
        # The same window all the time, and not loaded again.
        assert lesson.evaluate("document.body.dataset.first") == "yes"
        assert len(page.context.pages) == 2


def test_without_scripts_it_is_saved_item_by_item(browser, school):
    context = browser.new_context(
        java_script_enabled=False, base_url=school.address, storage_state=school.storage
    )
    context.set_default_timeout(40_000)
    page = context.new_page()
    page.goto(PAGE)
    here = item(page, TALKS)
    here.get_by_label("Many pupils").check()
    here.get_by_role("button", name="Save").click()
    page.wait_for_url("**#item-who-talks")
    expect(here.get_by_label("Many pupils")).to_be_checked()
    page.get_by_role("button", name="I am done").click()
    expect(page.get_by_text("You are done.")).to_be_visible()
    context.close()
