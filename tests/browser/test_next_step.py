"""The next step in a real browser: written, proposed and taken over, with two who edit at once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.debrief.records import StepText
from tests.browser.parts import parts
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie, storage_of


def is_sent(answer):
    """The answer to what was sent, and not to what the tab loads."""
    return answer.request.method == "POST" and answer.url.endswith("/step")


WHAT = "Put the cards on the tables before the bell"


@pytest.fixture(autouse=True)
def _no_step(school):
    yield
    steps = school.stores.sharing.steps
    for each in steps.of_lesson("sample"):
        steps.remove(each.id, BY)


@pytest.fixture
def coach(school):
    """An actor, with whom the lesson is shared."""
    if school.stores.people.person(COACH) is None:
        add_person(school.stores.people, COACH, "coach")
    end = school.clock.utc_ns() + 3_600 * SECOND_NS
    school.stores.sharing.share("sample", COACH, BY, until_utc_ns=end)
    yield Actor(name=COACH, utc_ns=1, person=COACH)
    school.stores.sharing.unshare("sample", COACH, BY)


@pytest.fixture
def refused(browser, school):
    """A page of a test in which something is refused, which Chromium logs as an error."""
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, base_url=school.address,
        storage_state=school.storage,
    )  # fmt: skip
    yield context.new_page()
    context.close()


def open_tab(page, settled):
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    page.locator(".next-step").wait_for(state="attached")
    settled(page)
    page.get_by_role("tab", name="Next step").click()
    return page.get_by_role("tabpanel", name="Next step")


@pytest.fixture
def tab(page, settled):
    return open_tab(page, settled)


def test_a_step_is_written_by_keyboard_and_the_start_page_has_it(page, tab, school, settled):
    tab.get_by_label("What will you try?").fill(WHAT)
    tab.get_by_label("When in a lesson?").select_option("start")
    minutes = tab.get_by_label("Minutes of settling in")
    minutes.fill("4")
    # Who fills a field means the choice that it belongs to.
    expect(tab.get_by_role("radio", name="Settling in takes less than")).to_be_checked()
    page.keyboard.press("Enter")
    expect(tab.get_by_role("status")).to_have_text("Saved.")
    expect(tab.get_by_text("Settling in takes less than 4 minutes.")).to_be_visible()
    expect(tab.get_by_text("One thing to try next")).to_have_count(0)
    expect(page.locator("#tab-step")).to_have_class(re.compile("has-step"))
    page.goto("/")
    expect(page.get_by_role("region", name="Your next step")).to_contain_text(WHAT)


def test_what_is_missing_is_said_and_nothing_typed_is_lost(refused, school, settled):
    page, tab = refused, open_tab(refused, settled)
    tab.get_by_label("What will you try?").fill(WHAT)
    tab.get_by_role("radio", name="It is quieter then").check()
    with page.expect_response(is_sent) as answered:
        tab.get_by_role("button", name="Save").click()
    assert answered.value.status == 422
    expect(tab.get_by_role("alert")).to_contain_text("Choose the part of the lesson")
    expect(tab.get_by_label("What will you try?")).to_have_value(WHAT)


def test_a_save_that_fails_says_so_beside_the_words(refused, settled):
    page, tab = refused, open_tab(refused, settled)
    what, notice = tab.get_by_label("What will you try?"), page.locator("#moments-notice")
    what.fill(WHAT)
    for status, detail in ((503, "The store is busy"), (422, "what: too long")):
        page.route("**/step", lambda route: route.fulfill(status=status, json={"detail": detail}))  # noqa: B023
        tab.get_by_role("button", name="Save").click()
        expect(notice).to_have_text(f"Not saved: {detail}")
        expect(notice).to_be_visible()
        expect(what).to_have_value(WHAT)
        page.unroute("**/step")
        settled(page)
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("status")).to_have_text("Saved.")
    expect(notice).to_have_text("")


def test_what_is_not_read_is_not_called_unsaved(refused, settled):
    page = refused
    open_tab(page, settled)
    busy = {"detail": "The store is busy"}
    page.route("**/table", lambda route: route.fulfill(status=503, json=busy))
    page.get_by_text("The timeline as a table").click()
    expect(page.locator("#moments-notice")).to_have_text("Not loaded: The store is busy")


def test_words_of_a_step_are_kept_until_they_are_saved(page, tab, settled):
    tab.get_by_label("What will you try?").fill(WHAT)
    tab.get_by_label("In your words", exact=True).fill("At the bell")
    tab = open_tab(page, settled)
    expect(tab.get_by_label("What will you try?")).to_have_value(WHAT)
    expect(tab.get_by_label("In your words", exact=True)).to_have_value("At the bell")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("status")).to_have_text("Saved.")
    assert page.evaluate("JSON.stringify(localStorage)").find(WHAT) == -1


def test_what_is_chosen_is_kept_until_it_is_saved(page, tab, school, settled):
    tab.get_by_label("When in a lesson?").select_option("start")
    tab.get_by_label("From a moment").select_option("sample-b")
    tab.get_by_label("Where", exact=True).select_option("Front")
    tab.get_by_label("Minutes with less movement").fill("7")
    tab = open_tab(page, settled)
    expect(tab.get_by_label("When in a lesson?")).to_have_value("start")
    expect(tab.get_by_label("From a moment")).to_have_value("sample-b")
    expect(tab.get_by_label("Where", exact=True)).to_have_value("Front")
    expect(tab.get_by_label("Minutes with less movement")).to_have_value("7")
    expect(tab.get_by_role("radio", name="There is less movement:")).to_be_checked()
    tab.get_by_role("radio", name="It is quieter then").check()
    tab = open_tab(page, settled)
    expect(tab.get_by_role("radio", name="It is quieter then")).to_be_checked()
    tab.get_by_label("What will you try?").fill(WHAT)
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("status")).to_have_text("Saved.")
    (kept,) = school.stores.sharing.steps.of_lesson("sample")
    assert (kept.text.part, kept.text.shows, kept.text.moment) == ("start", "quieter", "sample-b")
    assert not page.evaluate("Object.keys(localStorage).some((key) => key.includes('drafts'))")


def test_a_choice_that_is_kept_undoes_nothing_that_somebody_else_saved(
    refused, coach, school, settled
):
    steps = school.stores.sharing.steps
    step = steps.write("sample", StepText(what="The first thought", part="start"), coach)
    page, tab = refused, open_tab(refused, settled)
    tab.get_by_text("Change it first").click()
    tab.get_by_role("radio", name="It is quieter then").first.check()
    steps.change(step.id, 1, StepText(what="The second thought", part="end"), coach)
    tab = open_tab(page, settled)
    expect(tab.get_by_role("radio", name="It is quieter then").first).to_be_checked()
    # What one did not change is as the other one saved it.
    expect(tab.get_by_label("What will you try?").first).to_have_value("The second thought")
    expect(tab.get_by_label("When in a lesson?").first).to_have_value("end")
    with page.expect_response(is_sent) as answered:
        tab.get_by_role("button", name="Save and take it over").click()
    assert answered.value.status == 409
    expect(tab.get_by_role("alert")).to_contain_text("The second thought")
    assert steps.of_lesson("sample")[0].text.shows != "quieter"


def test_a_step_that_was_changed_since_it_was_begun_is_shown_first(refused, coach, school, settled):
    steps = school.stores.sharing.steps
    step = steps.write("sample", StepText(what="The first thought"), coach)
    page, tab = refused, open_tab(refused, settled)
    tab.get_by_text("Change it first").click()
    tab.get_by_label("What will you try?").first.fill(WHAT)
    steps.change(step.id, 1, StepText(what="The second thought"), coach)
    tab = open_tab(page, settled)
    expect(tab.get_by_label("What will you try?").first).to_have_value(WHAT)
    tab.get_by_role("button", name="Save and take it over").click()
    expect(tab.get_by_role("alert")).to_contain_text("The second thought")
    expect(tab.get_by_label("What will you try?")).to_have_value(WHAT)
    settled(page)
    tab.get_by_role("link", name="leave it as it is now").click()
    expect(tab.get_by_role("button", name="Take it over")).to_be_visible()
    settled(page)
    tab.get_by_text("Change it first").click()
    expect(tab.get_by_label("What will you try?").first).to_have_value("The second thought")


def test_a_share_that_ends_keeps_the_words_of_a_step(browser, coach, school, settled):
    people, now = school.stores.people, school.clock.utc_ns()
    context = browser.new_context(
        base_url=school.address, storage_state=storage_of(cookie(people, now, COACH))
    )
    page = context.new_page()
    tab = open_tab(page, settled)
    tab.get_by_label("What will you try?").fill(WHAT)
    school.stores.sharing.unshare("sample", COACH, BY)
    try:
        expect(page.locator(".closed textarea")).to_have_value(WHAT)
    finally:
        end = school.clock.utc_ns() + 3_600 * SECOND_NS
        school.stores.sharing.share("sample", COACH, BY, until_utc_ns=end)
        context.close()


def test_two_who_edit_at_once_see_both_texts(refused, coach, school, settled):
    steps = school.stores.sharing.steps
    step = steps.write("sample", StepText(what="The coach’s first thought"), coach)
    page, tab = refused, open_tab(refused, settled)
    tab.get_by_text("Change it first").click()
    tab.get_by_label("What will you try?").first.fill("The teacher’s words")
    steps.change(step.id, 1, StepText(what="The coach’s second thought"), coach)
    with page.expect_response(is_sent) as answered:
        tab.get_by_role("button", name="Save and take it over").click()
    assert answered.value.status == 409
    conflict = tab.get_by_role("alert")
    expect(conflict).to_contain_text("The coach’s second thought")
    expect(tab.get_by_label("What will you try?")).to_have_value("The teacher’s words")
    settled(page)
    tab.get_by_role("button", name="Save mine").click()
    expect(tab.get_by_text("Your next step")).to_be_visible()
    settled(page)
    taken = steps.open_step(TEACHER)
    assert taken is not None
    assert (taken.text.what, taken.state) == ("The teacher’s words", "open")
    tab.get_by_text("How did it go?").first.click()
    tab.get_by_label("How did it go?").fill("Half of them did")
    tab.get_by_role("button", name="Done").click()
    expect(tab.get_by_text("Done: Half of them did")).to_be_visible()


def test_before_and_since_is_read_once_someone_opens_it(page, tab):
    tab.get_by_label("What will you try?").fill(WHAT)
    tab.get_by_role("radio", name="There is less movement").check()
    tab.get_by_label("Where").select_option("room")
    tab.get_by_label("Minutes with less movement").fill("10")
    tab.get_by_label("When in a lesson?").select_option("small_group")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("status")).to_have_text("Saved.")
    moves_less = "The whole room moves less in the first 10 minutes of work in small groups."
    expect(tab.get_by_text(moves_less)).to_be_visible()
    expect(tab.locator(".measure")).to_have_count(0)
    tab.get_by_text("Does it show?").click()
    expect(tab.get_by_text("Too few lessons to compare yet: 1 before and 0 since.")).to_be_visible()
    before = tab.get_by_role("region", name="Before")
    expect(before.get_by_role("row")).to_have_count(2)
    expect(before.get_by_role("cell").nth(0)).to_contain_text("of 10 min")


def test_what_does_not_fit_is_hinted_at(page, tab):
    page.set_viewport_size({"width": 1366, "height": 625})
    more = tab.get_by_role("button", name="More below")
    expect(more).to_be_visible()
    more.click()
    page.wait_for_function("document.getElementById('next-step').scrollTop > 0")
    height = "each => each.clientHeight"
    before = page.locator("#next-step").evaluate(height)
    tab.get_by_role("button", name="Save").scroll_into_view_if_needed()
    page.locator("#next-step").evaluate("each => each.scrollTo(0, each.scrollHeight)")
    expect(more).to_be_hidden()
    # What somebody is about to press does not move away.
    assert page.locator("#next-step").evaluate(height) == before


@pytest.mark.parametrize("width", (320, 390, 1366))
def test_the_form_fits_and_is_large_enough(page, tab, width):
    page.set_viewport_size({"width": width, "height": 768})
    fits = "(width) => document.documentElement.scrollWidth <= width"
    page.wait_for_function(fits, arg=width)  # once the charts are drawn again
    fields = tab.locator("button, select, textarea, label:has(input[type=radio])")
    for field in parts(fields.filter(visible=True)):
        box = field.bounding_box()
        assert box is not None
        assert box["height"] >= 24
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
