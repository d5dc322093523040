"""Notes during a visit on a phone: times by the server's clock, no network, small screens."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from contract.clock import SECOND_NS
from tests.signed_in import BY, COACH, add_person, cookie, storage_of

PHONE = {"width": 390, "height": 664}


MOVED = """(begun) => !begun.endsWith(
  document.querySelector('#lesson-time').textContent.replace(/[^0-9:]/g, '').replace(/^:/, ''))"""
"""The lesson has gone on for a second since."""


@pytest.fixture
def on(school):
    """The lesson has been on for 20 minutes, and is shared with a coach."""
    school.clock.utc_at_boot_ns = school.start_ns + 1_200 * SECOND_NS
    people, now = school.stores.people, school.clock.utc_ns()
    if people.person(COACH) is None:
        add_person(people, COACH, "coach")
    school.stores.sharing.share("sample", COACH, BY, until_utc_ns=now + 86_400 * SECOND_NS)
    yield school
    if school.stores.sharing.reach("sample", COACH, now):
        school.stores.sharing.unshare("sample", COACH, BY)


@pytest.fixture
def phone(browser, on):
    context = browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, base_url=on.address,
        storage_state=storage_of(cookie(on.stores.people, on.clock.utc_ns(), COACH)),
    )  # fmt: skip
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto("/lessons/sample/visit")
    page.locator("#visit").wait_for()
    yield page
    assert page.faults == []
    context.close()


def kept(on) -> list:
    found = on.stores.lessons.moments("sample")
    return sorted((one for one in found if one.began_utc_ns), key=lambda one: one.began_utc_ns)


def test_a_note_has_the_time_when_one_began_to_type(phone, on):
    # The phone's own time of day may be wrong: it counts for nothing.
    phone.locator("#words").tap()
    phone.keyboard.type("They start")
    expect(phone.locator("#note-time")).to_contain_text("This note: 20:0")
    on.clock.utc_at_boot_ns += 600 * SECOND_NS
    phone.keyboard.type(" at once")
    phone.locator("#visit").get_by_text("Strength").tap()
    phone.locator("#visit .tag-choice > summary").tap()
    phone.get_by_text("Pupils talk", exact=True).tap()
    phone.locator(".tag-box", has_text="Talk in pairs").tap()
    phone.get_by_role("button", name="Save the note").tap()
    expect(phone.locator("#kept li")).to_contain_text(["They start at once"])
    (note,) = kept(on)
    assert (note.kind, [tag.id for tag in note.tags]) == ("strength", ["pair-talk"])
    assert 1_200 <= note.start_s < 1_230
    second = (note.began_utc_ns - on.start_ns) / SECOND_NS
    assert abs(second - note.start_s) < 0.1
    expect(phone.locator("#words")).to_have_value("")


def test_now_moves_the_time_of_the_note(phone, on):
    phone.locator("#words").fill("Begun too early")
    begun = phone.locator("#note-time").inner_text()
    phone.wait_for_function(MOVED, arg=begun)
    phone.get_by_role("button", name="Now", exact=True).tap()
    expect(phone.locator("#note-time")).not_to_have_text(begun)
    now = phone.locator("#note-time").inner_text().removeprefix("This note: ")
    phone.get_by_role("button", name="Save the note").tap()
    expect(phone.locator("#kept li")).to_contain_text([now])


def test_without_a_network_notes_wait_with_their_times(phone, on):
    phone.context.set_offline(True)
    for words in ("First", "Second"):
        phone.locator("#words").fill(words)
        phone.get_by_role("button", name="Save the note").tap()
    expect(phone.locator("#waiting li")).to_have_count(2)
    expect(phone.locator("#note-link")).to_contain_text("The server can’t be reached")
    phone.locator("#words").fill("Not saved yet")
    assert kept(on) == []
    phone.context.set_offline(False)
    expect(phone.locator("#waiting")).to_be_hidden()
    expect(phone.locator("#kept li")).to_have_count(2)
    assert [one.note for one in kept(on)] == ["First", "Second"]
    expect(phone.locator("#words")).to_have_value("Not saved yet")
    phone.reload()
    phone.locator("#visit").wait_for()
    expect(phone.locator("#words")).to_have_value("Not saved yet")
    expect(phone.locator("#kept li")).to_have_count(2)


def test_what_waits_from_the_lessons_page_is_sent_too(phone, on):
    """Both pages have one outbox: a reply and a note with a place stand before the visit's."""
    phone.evaluate(
        """() => localStorage.setItem(
          `roomtone.notes.sample.${document.querySelector('main').dataset.person}`, JSON.stringify([
            {id: 'a'.repeat(32), what: 'reply', moment: 'sample-b', place: '22:30', body: {text: 'A reply'}},
            {id: 'b'.repeat(32), what: 'note', place: '1:00', body:
              {note: 'With a place', note_kind: 'observation', tags: [], start_s: 60, length_s: 60}}]))"""
    )
    phone.reload()
    phone.locator("#visit").wait_for()
    phone.locator("#words").fill("Of the visit")
    phone.get_by_role("button", name="Save the note").tap()
    expect(phone.locator("#kept li")).to_contain_text(["Of the visit"])
    expect(phone.locator("#kept li")).to_have_count(1)
    expect(phone.locator("#waiting")).to_be_hidden()
    assert [one.text for one in on.stores.lessons.replies("sample")] == ["A reply"]
    assert "With a place" in {one.note for one in on.stores.lessons.moments("sample")}


@pytest.mark.parametrize("language", ("en", "es"))
def test_a_share_that_ends_keeps_what_was_typed(phone, on, language):
    phone.set_extra_http_headers({"Accept-Language": language})
    phone.reload()
    phone.locator("#words").fill("In the middle of a")
    on.stores.sharing.unshare("sample", COACH, BY)
    phone.locator("#save").tap()
    expect(phone.locator("html")).to_have_attribute("lang", language)
    expect(phone.locator(".closed h2")).to_be_focused()
    expect(phone.locator(".closed textarea")).to_have_value("In the middle of a")


@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_it_fits_the_smallest_phone_with_large_targets(browser, on, scheme):
    context = browser.new_context(
        viewport={"width": 320, "height": 568}, base_url=on.address, color_scheme=scheme,
        storage_state=storage_of(cookie(on.stores.people, on.clock.utc_ns(), COACH)),
    )  # fmt: skip
    page = context.new_page()
    page.goto("/lessons/sample/visit")
    page.locator("#visit").wait_for()
    for summary in ("Tags", "Questions"):
        page.locator("summary", has_text=summary).first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    small = page.evaluate(
        """() => [...document.querySelectorAll('form button, .kind-choice, form summary, .tag-box')]
        .filter((e) => e.checkVisibility()).filter((e) => {
        const b = e.getBoundingClientRect(); return b.width < 44 || b.height < 44; })
        .map((e) => e.outerHTML.slice(0, 90))"""
    )
    context.close()
    assert small == []
