"""A lost connection loses no word: what is saved waits in the browser, for its writer alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.signed_in import BY, COACH, add_person, cookie, storage_of


@pytest.fixture
def people(school):
    """The teacher's cookies, and those of a coach with whom the lesson is shared."""
    store, now = school.stores.people, school.clock.utc_ns()
    if store.person(COACH) is None:
        add_person(store, COACH, "coach")
    school.stores.sharing.share("sample", COACH, BY, until_utc_ns=now + 86_400_000_000_000)
    yield {
        "teacher": storage_of(cookie(store, now))["cookies"],
        "coach": storage_of(cookie(store, now, COACH))["cookies"],
    }
    school.stores.sharing.unshare("sample", COACH, BY)


@pytest.fixture
def context(browser, school):
    made = browser.new_context(base_url=school.address, storage_state=school.storage)
    yield made
    made.close()


def opened(context):
    page = context.new_page()
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    return page


def write(page, words: str) -> None:
    page.keyboard.press("n")
    page.locator("#moment-note").fill(words)
    page.keyboard.press("Control+Enter")


def kept(school, *words: str) -> list[str]:
    return [one.note for one in school.stores.lessons.moments("sample") if one.note in words]


def test_notes_and_replies_wait_and_are_sent_later(context, school):
    page = opened(context)
    page.locator("#moment-sample-b .jump").click()
    context.set_offline(True)
    write(page, "Without a network")
    page.locator("#moment-sample-b .reply-open summary").click()
    page.locator("#moment-sample-b textarea").fill("A reply of mine")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#waiting li")).to_have_count(2)
    expect(page.locator("#waiting")).to_contain_text("waits to be sent")
    expect(page.locator("#note-link")).to_contain_text("The server can’t be reached")
    assert not kept(school, "Without a network")
    context.set_offline(False)
    expect(page.locator("#waiting")).to_be_hidden()
    expect(page.locator(".moment", has_text="Without a network")).to_be_visible()
    expect(page.locator("#note-link")).to_be_hidden()
    assert kept(school, "Without a network") == ["Without a network"]
    assert [one.text for one in school.stores.lessons.replies("sample")] == ["A reply of mine"]


def test_an_answer_that_is_lost_makes_no_second_note(context, school):
    page = opened(context)
    lost: list[int] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/moments", lose)
    write(page, "Sent twice")
    expect(page.locator("#waiting")).to_contain_text("Sent twice")
    page.wait_for_function("() => document.querySelector('#note-link').textContent")
    page.unroute("**/moments")
    expect(page.locator("#waiting")).to_be_hidden()
    assert lost
    assert set(lost) == {201}
    assert kept(school, "Sent twice") == ["Sent twice"]


def test_what_waits_survives_a_closed_page(context, school):
    page = opened(context)
    page.route("**/api/**/moments", lambda route: route.abort())
    write(page, "Closed too early")
    expect(page.locator("#waiting")).to_contain_text("Closed too early")
    page.close()
    again = opened(context)
    expect(again.locator(".moment", has_text="Closed too early")).to_be_visible()
    assert kept(school, "Closed too early") == ["Closed too early"]


def test_another_person_neither_sees_nor_sends_it(context, people, school):
    page = opened(context)
    page.route("**/api/**/moments", lambda route: route.abort())
    write(page, "The teacher's alone")
    page.keyboard.press("n")
    page.locator("#moment-note").fill("A draft of the teacher")
    page.close()
    context.clear_cookies()
    context.add_cookies(people["coach"])
    other = opened(context)
    expect(other.locator("#mark")).to_contain_text("Write a note")
    expect(other.locator("#waiting")).to_be_hidden()
    write(other, "The coach's")
    expect(other.locator(".moment", has_text="The coach's")).to_be_visible()
    assert kept(school, "The teacher's alone", "The coach's") == ["The coach's"]
    context.clear_cookies()
    context.add_cookies(people["teacher"])
    again = opened(context)
    expect(again.locator(".moment", has_text="The teacher's alone")).to_contain_text("by you")
    expect(again.locator("#mark")).to_contain_text("Go on with your note")


def test_a_page_that_is_still_open_sends_nothing_as_somebody_else(context, people, school):
    page = opened(context)
    context.clear_cookies()
    context.add_cookies(people["coach"])  # in another tab somebody else has signed in
    write(page, "Whose is it?")
    expect(page.locator("#note-link")).to_contain_text("somebody else is signed in")
    expect(page.locator("#waiting")).to_contain_text("Whose is it?")
    assert not kept(school, "Whose is it?")
    context.clear_cookies()
    context.add_cookies(people["teacher"])
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(".moment", has_text="Whose is it?")).to_contain_text("by you")


def test_what_the_server_can_not_take_stays_to_copy(context, school):
    page = opened(context)
    page.locator("#moment-sample-b .jump").click()
    page.locator("#moment-sample-b .reply-open summary").click()
    page.locator("#moment-sample-b textarea").fill("To a note that goes")
    school.stores.lessons.remove_moment("sample-b")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#waiting")).to_contain_text("not saved. There is no such moment")
    page.locator("#waiting").get_by_role("button", name="Remove it").click()
    expect(page.locator("#waiting")).to_be_hidden()


def test_a_change_without_a_network_stays_in_the_form(context, school):
    page = opened(context)
    page.locator("#moment-sample-b .jump").click()
    page.locator("#moment-sample-b .edit-note").click()
    context.set_offline(True)
    page.locator("#moment-note").fill("Changed without a network")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".note-said")).to_contain_text("Your change is kept in this browser")
    context.set_offline(False)
    page.reload()
    page.wait_for_selector("body[data-drawn]")
    page.locator("#moment-sample-b .jump").click()
    expect(page.locator("#moment-sample-b .edit-note")).to_contain_text("Edit (not saved)")
    page.locator("#moment-sample-b .edit-note").click()
    expect(page.locator("#moment-note")).to_have_value("Changed without a network")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#moment-sample-b")).to_contain_text("Changed without a network")
