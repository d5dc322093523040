"""A lost connection loses no word: what is saved waits in the browser, for its writer alone."""

from __future__ import annotations

from dataclasses import replace

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
    expect(again.locator("#mark")).to_contain_text("Continue your note")


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


NOTE = "#moment-sample-b"


def edit(page) -> None:
    page.locator(f"{NOTE} .jump").click()
    page.locator(f"{NOTE} .edit-note").click()


def change(page, words: str) -> None:
    edit(page)
    page.locator("#moment-note").fill(words)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#new-moment")).to_be_hidden()


def note_of(school):
    (found,) = [one for one in school.stores.lessons.moments("sample") if one.id == "sample-b"]
    return found


def expect_sent(page) -> None:
    expect(page.locator("#waiting")).to_be_hidden()
    expect(page.locator(f"{NOTE} .edit-words")).to_have_text("Edit")


def test_a_change_without_a_network_waits_and_is_sent_later(context, school):
    page, before = opened(context), note_of(school)
    context.set_offline(True)
    change(page, "Changed without a network")
    expect(page.locator("#waiting")).to_contain_text(
        "Change of your note at 22:30: waits to be sent"
    )
    expect(page.locator("#waiting .note")).to_have_text("Changed without a network")
    expect(page.locator(f"{NOTE} .edit-words")).to_have_text("Edit (not sent)")
    assert note_of(school) == before
    context.set_offline(False)
    expect_sent(page)
    expect(page.locator(NOTE)).to_contain_text("Changed without a network")
    after = note_of(school)
    assert (after.note, after.revision) == ("Changed without a network", before.revision + 1)
    assert (after.start_s, after.end_s) == (before.start_s, before.end_s)


def test_a_change_that_waits_is_changed_again_after_a_reload(context, school):
    page = opened(context)
    page.route("**/api/**/sample-b", lambda route: route.abort())
    change(page, "The first thought")
    page.reload()
    page.wait_for_selector("body[data-drawn]")
    edit(page)
    expect(page.locator(".note-said")).to_contain_text("Here is your change")
    expect(page.locator("#moment-note")).to_have_value("The first thought")
    page.keyboard.press("Escape")
    change(page, "The second thought")
    expect(page.locator("#waiting .note")).to_have_text(["The second thought"])
    page.unroute("**/api/**/sample-b")
    expect_sent(page)
    assert (note_of(school).note, note_of(school).revision) == ("The second thought", 2)


def test_what_is_changed_while_a_change_is_sent_stands_on_it(context, school):
    page = opened(context)
    context.set_offline(True)
    change(page, "Sent first")
    edit(page)
    page.locator("#moment-note").fill("Typed since")
    context.set_offline(False)
    expect(page.locator(".note-said")).to_contain_text("Saved. What you have typed since then")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#new-moment")).to_be_hidden()
    expect(page.locator(NOTE)).to_contain_text("Typed since")
    assert (note_of(school).note, note_of(school).revision) == ("Typed since", 3)


def test_a_change_whose_answer_is_lost_is_no_conflict(context, school):
    page = opened(context)
    lost: list[int] = []

    def lose(route: Route) -> None:
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/api/**/sample-b", lose)
    change(page, "Sent twice ")
    page.wait_for_function("() => document.querySelector('#note-link').textContent")
    page.unroute("**/api/**/sample-b")
    expect_sent(page)
    assert lost[0] == 200
    assert (note_of(school).note, note_of(school).revision) == ("Sent twice", 2)


def test_a_change_that_waited_too_long_shows_both_texts(context, school):
    page = opened(context)
    context.set_offline(True)
    change(page, "My words")
    school.stores.lessons.change_moment(replace(note_of(school), note="Words from elsewhere"))
    context.set_offline(False)
    waiting = page.locator("#waiting")
    expect(waiting).to_contain_text("not saved. Somebody has changed this note")
    assert note_of(school).note == "Words from elsewhere"
    waiting.get_by_role("button", name="Open your change").click()
    expect(page.locator("#new-moment .theirs")).to_contain_text("Words from elsewhere")
    expect(page.locator("#moment-note")).to_have_value("My words")
    page.locator(".add-theirs").click()
    page.keyboard.press("Control+Enter")
    expect_sent(page)
    assert note_of(school).note == "Words from elsewhere\nMy words"


def test_a_change_of_a_note_that_is_deleted_stays_to_copy(context, school):
    page = opened(context)
    context.set_offline(True)
    change(page, "Nobody has it now")
    school.stores.lessons.remove_moment("sample-b")
    context.set_offline(False)
    waiting = page.locator("#waiting")
    expect(waiting).to_contain_text("not saved. There is no such moment")
    expect(waiting.get_by_role("button", name="Copy the text")).to_be_visible()
    expect(waiting.locator(".note")).to_have_text("Nobody has it now")


def test_a_note_is_moved_without_a_network(context, school):
    page = opened(context)
    context.set_offline(True)
    change(page, "Other words")
    page.get_by_role("slider", name="End of your note").press("ArrowLeft")
    expect(page.locator("#moments-notice")).to_contain_text("as soon as the server answers")
    expect(page.locator("#waiting li")).to_have_count(1)
    context.set_offline(False)
    expect_sent(page)
    expect(page.locator(NOTE)).to_contain_text("22:30–24:29")
    assert (note_of(school).note, note_of(school).end_s) == ("Other words", 1469)
