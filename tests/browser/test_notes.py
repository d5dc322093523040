"""Notes beside the video in a real browser: kinds, tags in three taps, replies, edits, two tabs."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace

import pytest
from playwright.sync_api import Route, expect

from school.moments.records import Moment
from school.sharing.cut import Span
from tests.browser.lesson_page import open_with_film
from tests.browser.parts import parts
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie, storage_of

MARK = "#moment-sample-b"


@pytest.fixture
def lesson(page):
    return opened(page)


@pytest.fixture
def unwatched(page):
    """A tab in which a refusal of the server may stand in the console."""
    return opened(page.context.new_page())


def opened(page):
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    return page


@pytest.fixture
def coachs(browser, school):
    """The page of a coach, in another browser."""
    people, now = school.stores.people, school.clock.utc_ns()
    if people.person(COACH) is None:
        add_person(people, COACH, "coach")
    school.stores.sharing.share("sample", COACH, BY, until_utc_ns=now + 86_400_000_000_000)
    context = browser.new_context(
        base_url=school.address, storage_state=storage_of(cookie(people, now, COACH))
    )
    yield opened(context.new_page())
    context.close()
    if school.stores.sharing.reach("sample", COACH, now):
        school.stores.sharing.unshare("sample", COACH, BY)


def notes(school) -> dict[str, object]:
    return {one.id: one for one in school.stores.lessons.moments("sample")}


def edit(page, note: str = MARK) -> None:
    page.locator(f"{note} .jump").click()
    page.locator(f"{note} .edit-note").click()


def test_a_note_with_a_kind_and_tags_in_three_taps(lesson, school):
    lesson.keyboard.press("n")
    lesson.locator("#moment-note").fill("They wait for each other")
    lesson.locator("#new-moment").get_by_text("Question", exact=True).click()
    lesson.locator("#new-moment .tag-choice > summary").click()
    lesson.get_by_text("Pupils talk", exact=True).click()
    lesson.locator("#new-moment .tag-box", has_text="New voices").click()
    expect(lesson.locator(".chosen-tags")).to_have_text("New voices")
    lesson.locator("#new-moment button[type=submit]").click()
    item = lesson.locator(".moment", has_text="They wait for each other")
    expect(item.locator(".kind-word")).to_have_text("Question")
    expect(item.locator(".tag")).to_have_text(["New voices"])
    expect(item).to_have_class("moment own is-chosen")
    (kept,) = [one for one in notes(school).values() if "wait" in one.note]
    assert (kept.kind, [tag.id for tag in kept.tags]) == ("question", ["new-voices"])


def test_all_of_a_note_by_the_keyboard(lesson, school):
    lesson.keyboard.press("l")
    lesson.keyboard.press("n")
    lesson.keyboard.type("By keys")
    lesson.keyboard.press("Alt+3")
    lesson.keyboard.press("Tab")  # to the kinds
    expect(lesson.locator('[value="strength"]')).to_be_focused()
    lesson.keyboard.press("ArrowRight")
    expect(lesson.locator('[value="suggestion"]')).to_be_checked()
    lesson.keyboard.press("2")
    lesson.keyboard.press("Tab")
    for _ in range(2):  # the tags, and the first group
        lesson.keyboard.press("Enter")
        lesson.keyboard.press("Tab")
    lesson.keyboard.press("Space")
    expect(lesson.locator(".chosen-tags")).to_have_text("Open question")
    lesson.keyboard.press("Control+Enter")
    expect(lesson.locator(".moment", has_text="By keys")).to_be_visible()
    (kept,) = [one for one in notes(school).values() if one.note == "By keys"]
    assert (kept.kind, kept.start_s, len(kept.tags)) == ("question", 10, 1)


def test_the_video_pauses_while_one_writes_and_goes_on_after(page, school, film):
    open_with_film(page, school, film)
    paused = "() => document.querySelector('#video').paused"
    page.locator("#play").click()
    page.wait_for_function(f"() => !({paused})()")
    for end in ("Escape", "Control+Enter"):
        page.keyboard.press("n")
        page.wait_for_function(paused)
        page.keyboard.type("While it stands still")
        page.keyboard.press(end)
        page.wait_for_function(f"() => !({paused})()")
    page.keyboard.press("k")
    page.wait_for_function(paused)
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    assert page.evaluate(paused), "it did not play before"


def test_escape_keeps_what_was_typed_also_over_a_reload(lesson, school):
    lesson.keyboard.press("n")
    lesson.locator("#moment-note").fill("Half a thought")
    lesson.locator("#new-moment").get_by_text("Strength", exact=True).click()
    lesson.keyboard.press("Escape")
    expect(lesson.locator("#new-moment")).to_be_hidden()
    expect(lesson.locator("#mark")).to_contain_text("Continue your note")
    opened(lesson)
    expect(lesson.locator("#mark")).to_contain_text("Continue your note")
    lesson.locator("#mark").click()
    expect(lesson.locator("#moment-note")).to_have_value("Half a thought")
    expect(lesson.locator('#new-moment [value="strength"]')).to_be_checked()
    lesson.get_by_role("button", name="Discard").click()
    expect(lesson.locator("#mark")).to_contain_text("Write a note")
    assert not any("Half" in one.note for one in notes(school).values())


def test_a_note_is_edited_with_its_span_by_fields_and_buttons(lesson, school):
    edit(lesson)
    expect(lesson.locator("#moment-position")).to_have_value("22:30")
    lesson.locator("#moment-position").fill("22:00")
    lesson.get_by_role("button", name="To, a second more").click()
    lesson.locator("#moment-note").fill("Other words")
    lesson.keyboard.press("Control+Enter")
    expect(lesson.locator(MARK)).to_contain_text("22:00–24:31")
    kept = notes(school)["sample-b"]
    assert (kept.start_s, kept.end_s, kept.note, kept.revision) == (1320, 1471, "Other words", 2)
    edit(lesson)
    lesson.locator("#moment-end").fill("99:00")
    assert not lesson.locator("#moment-end").evaluate("field => field.validity.valid")


def test_two_tabs_that_edit_one_note_see_both_texts(page, lesson, school):
    other = opened(page.context.new_page())
    for tab in (lesson, other):
        edit(tab)
    lesson.locator("#moment-note").fill("From the first tab")
    lesson.keyboard.press("Control+Enter")
    expect(lesson.locator("#new-moment")).to_be_hidden()
    expect(lesson.locator(MARK)).to_contain_text("From the first tab")
    other.locator("#moment-note").fill("From the second tab")
    other.keyboard.press("Control+Enter")
    theirs = other.locator("#new-moment .theirs")
    expect(theirs).to_contain_text("From the first tab")
    expect(other.locator("#moment-note")).to_have_value("From the second tab")
    other.get_by_role("button", name="Put it before mine").click()
    other.keyboard.press("Control+Enter")
    expect(other.locator("#new-moment")).to_be_hidden()
    expect(lesson.locator(MARK)).to_contain_text("From the second tab")
    assert notes(school)["sample-b"].note == "From the first tab\nFrom the second tab"


def test_a_note_that_was_deleted_while_one_edits_it_can_be_saved_as_a_new_one(unwatched, school):
    lesson = unwatched
    edit(lesson)
    lesson.locator("#moment-note").fill("Words that must not go")
    school.stores.lessons.remove_moment("sample-b")
    lesson.keyboard.press("Control+Enter")
    expect(lesson.locator(".note-said")).to_contain_text("Somebody has deleted this note")
    lesson.get_by_role("button", name="Save as a new note").click()
    expect(lesson.locator(".moment", has_text="Words that must not go")).to_be_visible()


def test_after_a_reload_both_texts_of_one_note_stand_there_still(unwatched, school):
    lesson, theirs = unwatched, unwatched.locator("#new-moment .theirs")
    edit(lesson)
    lesson.locator("#moment-note").fill("Mine")
    found = notes(school)["sample-b"]
    assert school.stores.lessons.change_moment(
        replace(found, note="Of another window", start_s=1360)
    )
    lesson.keyboard.press("Control+Enter")
    expect(theirs).to_contain_text("Of another window")
    expect(lesson.locator("#moment-position")).to_have_value("22:40")
    lesson.locator("#moment-note").fill("Mine, longer")
    opened(lesson)
    edit(lesson)
    expect(theirs).to_contain_text("Of another window")
    expect(lesson.locator("#moment-note")).to_have_value("Mine, longer")
    lesson.get_by_role("button", name="Take it and drop mine").click()
    opened(lesson)
    edit(lesson)
    expect(lesson.locator("#moment-note")).to_have_value("Of another window")
    expect(theirs).to_be_hidden()


def test_words_of_a_deleted_note_stand_beside_a_new_one(unwatched, school):
    lesson, mark = unwatched, unwatched.locator("#mark")
    lesson.keyboard.press("n")
    lesson.locator("#moment-note").fill("A new note")
    lesson.keyboard.press("Escape")
    edit(lesson)
    lesson.locator("#moment-note").fill("Of the deleted one")
    school.stores.lessons.remove_moment("sample-b")
    lesson.keyboard.press("Control+Enter")
    expect(lesson.locator(".note-said")).to_contain_text("Somebody has deleted this note")
    lesson.reload()
    for words in ("A new note", "Of the deleted one"):
        expect(mark).to_contain_text("Continue your note")
        mark.click()
        expect(lesson.locator("#moment-note")).to_have_value(words)
        lesson.keyboard.press("Control+Enter")
        expect(lesson.locator(".moment", has_text=words)).to_be_visible()
    expect(mark).to_contain_text("Write a note")


def test_a_note_keeps_its_place_while_the_timeline_is_missing(unwatched, school):
    page = unwatched
    page.route("**/api/lessons/sample/timeline*", lambda route: route.abort())
    page.reload()
    edit(page)
    expect(page.locator("#moment-position")).to_have_value("22:30")
    page.locator("#moment-note").fill("Other words")
    with page.expect_request(lambda request: request.method == "PUT") as asked:
        page.keyboard.press("Control+Enter")
    assert not {"start_s", "end_s"} & asked.value.post_data_json.keys()
    expect(page.locator(MARK)).to_contain_text("Other words")
    kept = notes(school)["sample-b"]
    assert (kept.start_s, kept.end_s) == (1350, 1470)
    edit(page)
    page.get_by_role("button", name="To, a second more").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(MARK)).to_contain_text("22:30–24:31")


@contextmanager
def held(page):
    """What is saved waits on its way until the block ends."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "PUT":
            waiting.append(route)
        else:
            route.continue_()

    page.route("**/api/lessons/sample/moments/*", hold)
    yield waiting
    for route in waiting:
        with page.expect_response("**/api/lessons/sample/moments/*"):
            route.continue_()
    page.unroute("**/api/lessons/sample/moments/*")


def put(school, note: str, words: str) -> None:
    school.stores.lessons.put_moment(
        Moment(
            id=note, lesson="sample", start_s=600, end_s=660, note=words, author=TEACHER,
            role="teacher",
        )
    )  # fmt: skip


def test_a_late_answer_acts_on_its_own_note_alone(unwatched, school):
    put(school, "other-note", "As the other was")
    lesson = opened(unwatched)
    edit(lesson)
    lesson.locator("#moment-note").fill("Words of the first")
    school.stores.lessons.remove_moment("sample-b")
    with held(lesson) as waiting:
        with lesson.expect_request(lambda request: request.method == "PUT"):
            lesson.keyboard.press("Control+Enter")
        lesson.keyboard.press("Escape")
        edit(lesson, "#moment-other-note")
        lesson.locator("#moment-note").fill("Words of the second")
        assert len(waiting) == 1
    lesson.keyboard.press("Control+Enter")
    expect(lesson.locator("#new-moment")).to_be_hidden()
    expect(lesson.locator("#moment-other-note")).to_contain_text("Words of the second")
    assert notes(school)["other-note"].note == "Words of the second"
    lesson.locator("#mark").click()
    expect(lesson.locator("#moment-note")).to_have_value("Words of the first")


def test_what_is_typed_while_a_change_is_saved_stays(lesson, school):
    edit(lesson)
    lesson.locator("#moment-note").fill("Saved")
    with held(lesson) as waiting:
        with lesson.expect_request(lambda request: request.method == "PUT"):
            lesson.keyboard.press("Control+Enter")
        lesson.keyboard.press("Control+Enter")
        lesson.locator("#moment-note").press("End")
        lesson.keyboard.type(" and more")
        assert len(waiting) == 1
    expect(lesson.locator(".note-said")).to_contain_text("is not saved yet")
    expect(lesson.locator("#moment-note")).to_have_value("Saved and more")
    assert notes(school)["sample-b"].note == "Saved"
    lesson.keyboard.press("Control+Enter")
    expect(lesson.locator("#new-moment")).to_be_hidden()
    kept = notes(school)["sample-b"]
    assert (kept.note, kept.revision) == ("Saved and more", 3)


def test_each_sees_what_the_other_writes_without_a_reload(lesson, coachs, school):
    before = len(parts(lesson.locator(".mark")))
    coachs.keyboard.press("n")
    coachs.locator("#moment-note").fill("From the coach")
    coachs.keyboard.press("Control+Enter")
    mine = coachs.locator(".moment", has_text="From the coach")
    expect(mine).to_be_visible()
    seen = lesson.locator(".moment", has_text="From the coach")
    expect(seen).to_contain_text(f"by {COACH} (coach)")
    expect(lesson.locator("#moments-notice")).to_contain_text("A new note at 0:00: From the coach")
    expect(lesson.locator(".mark")).to_have_count(before + 1)
    seen.locator(".jump").click()
    seen.locator(".reply-open summary").click()
    seen.locator("textarea").fill("Who had <none>?")
    lesson.keyboard.press("Control+Enter")
    mine.locator(".jump").click()
    expect(mine.locator(".reply .note")).to_have_text("Who had <none>?")
    expect(mine.locator(".own-row")).to_contain_text("1 reply")


def test_what_others_write_does_not_disturb_who_types(lesson, coachs, school):
    lesson.locator(f"{MARK} .jump").click()
    lesson.locator(f"{MARK} .reply-open summary").click()
    field = lesson.locator(f"{MARK} .reply-form textarea")
    field.type("I beg")
    coachs.locator(f"{MARK} .jump").click()
    coachs.locator(f"{MARK} .reply-open summary").click()
    coachs.locator(f"{MARK} .reply-form textarea").fill("A reply meanwhile")
    coachs.keyboard.press("Control+Enter")
    expect(lesson.locator(f"{MARK} .reply")).to_contain_text("A reply meanwhile")
    expect(field).to_be_focused()
    lesson.keyboard.type("in")
    expect(field).to_have_value("I begin")
    # What was begun comes back after a reload too.
    opened(lesson)
    lesson.locator(f"{MARK} .jump").click()
    expect(field).to_have_value("I begin")


def test_a_reply_is_deleted(lesson, school, settled):
    item = lesson.locator(MARK)
    item.locator(".jump").click()
    item.locator(".reply-open summary").click()
    item.locator("textarea").fill("Too fast")
    item.get_by_role("button", name="Send the reply").click()
    expect(item.locator(".reply .note")).to_have_text("Too fast")
    lesson.on("dialog", lambda dialog: dialog.accept())
    settled(lesson)
    item.locator(".reply").get_by_role("button", name="Delete").click()
    expect(item.locator(".reply")).to_have_count(0)
    assert school.stores.lessons.replies("sample") == []


def test_a_share_that_ends_says_so_and_keeps_what_was_typed(coachs, school):
    coachs.keyboard.press("n")
    coachs.locator("#moment-note").fill("Not yet saved")
    school.stores.sharing.unshare("sample", COACH, BY)
    closed = coachs.locator(".closed")
    expect(closed).to_contain_text("This lesson is not open to you any more")
    expect(closed.locator("textarea")).to_have_value("Not yet saved")
    expect(closed.get_by_role("button", name="Copy the text")).to_be_visible()
    expect(coachs.locator("#ribbon, .moment, video")).to_have_count(0)
    opened_again = coachs.reload()
    assert opened_again.status == 404


def test_the_ends_of_a_note_are_dragged_on_the_timeline(lesson, school):
    lesson.locator(f"{MARK} .jump").click()
    handle = lesson.get_by_role("slider", name="End of your note")
    box, over = handle.bounding_box(), lesson.locator("#over").bounding_box()
    assert box["width"] >= 24
    assert box["height"] >= 24
    y = box["y"] + box["height"] / 2
    lesson.mouse.move(box["x"] + 4, y)
    lesson.mouse.down()
    lesson.mouse.move(over["x"] + over["width"] * 0.52, y, steps=5)
    expect(handle).to_have_attribute("aria-valuetext", re.compile("2[56]:"))
    lesson.mouse.up()
    expect(lesson.locator("#moments-notice")).to_contain_text("The note is at 22:30–26:0")
    kept = notes(school)["sample-b"]
    assert (kept.start_s, kept.revision) == (1350, 2)
    assert abs(kept.end_s - 1560) < 8
    expect(lesson.locator(MARK)).to_contain_text("22:30–26:0")


def test_the_ends_of_a_note_are_moved_by_keys_and_not_beyond_each_other(lesson, school):
    lesson.locator(f"{MARK} .jump").click()
    handle = lesson.get_by_role("slider", name="Beginning of your note")
    handle.focus()
    for key in ("ArrowLeft", "ArrowLeft", "PageUp"):
        lesson.keyboard.press(key)
    expect(lesson.locator("#moments-notice")).to_contain_text("The note is at 22:38–24:30")
    assert notes(school)["sample-b"].start_s == 1358
    for _ in range(13):
        lesson.keyboard.press("PageUp")
    expect(handle).to_have_attribute("aria-valuetext", "24:29")
    lesson.locator(f"{MARK} .jump").focus()
    expect(lesson.locator(MARK)).to_contain_text("24:29–24:30")


def test_a_span_that_the_server_refuses_goes_back(unwatched, school):
    lesson = unwatched
    lesson.locator(f"{MARK} .jump").click()
    school.stores.sharing.teacher.exclude("sample", Span(1475, 1500), "break", "", BY)
    try:
        handle = lesson.get_by_role("slider", name="End of your note")
        handle.focus()
        lesson.keyboard.press("PageUp")
        expect(lesson.locator("#moments-notice")).to_contain_text("Not moved: The moment reaches")
        expect(handle).to_have_attribute("aria-valuetext", "24:30")
    finally:
        (cut,) = school.stores.sharing.teacher.cuts(["sample"], TEACHER).values()
        for each in cut.excluded:
            school.stores.sharing.teacher.include("sample", each.id, BY)
    assert notes(school)["sample-b"].end_s == 1470


def test_only_ones_own_note_has_ends_to_take_hold_of(lesson):
    lesson.locator("#moment-sample-a .jump").click()
    expect(lesson.locator(".span-end:visible")).to_have_count(0)
