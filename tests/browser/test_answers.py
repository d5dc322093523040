"""Answers about moments in a real browser: by keyboard, on narrow screens, and without scripts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests.browser.parts import parts
from tests.signed_in import TEACHER

CHOSEN = re.compile("is-chosen")


@pytest.fixture(autouse=True)
def _nothing_said(school):
    yield
    lessons = school.stores.lessons
    for said in lessons.verdicts("sample"):
        lessons.remove_verdict("sample", said.moment, said.by)
    lessons.drop_labels("Ms Ortega")


@pytest.fixture
def lesson(page):
    page.goto("/lessons/sample")
    page.locator("#readout-text:not(:has-text('loading'))").wait_for()
    return page


def chosen(page, moment="sample-alert-1"):
    page.locator(f'[data-id="{moment}"] .jump').click()
    item = page.locator(f'[data-id="{moment}"]')
    expect(item).to_have_class(CHOSEN)
    return item


def test_an_answer_is_given_by_keyboard_and_the_focus_stays(lesson, school, settled):
    chosen(lesson).locator('button[value="confirmed"]').focus()
    lesson.keyboard.press("Enter")
    lesson.get_by_text("You answered: yes.", exact=True).wait_for()
    expect(lesson.locator("#moments-notice")).to_have_text("Saved. You answered: yes.")
    expect(lesson.locator("#yes-sample-alert-1")).to_be_focused()
    # Still open; the notice is for screen readers and moves nothing.
    item = lesson.locator('[data-id="sample-alert-1"]')
    expect(item).to_have_class(CHOSEN)
    expect(lesson.locator("#moments-notice.unseen")).to_have_count(1)
    settled(lesson)
    (said,) = school.stores.lessons.verdicts("sample")
    assert (said.by, said.is_confirmed) == (TEACHER, True)
    school.stores.lessons.put_verdict(replace(said, by="gone", role="coach"))
    item.get_by_role("button", name="Not really").click()
    lesson.get_by_text("You answered: not really. A person who left answered: yes.").wait_for()
    settled(lesson)
    item.get_by_role("button", name="Remove my answer").click()
    lesson.get_by_text("A person who left answered: yes.", exact=True).wait_for()
    (said,) = school.stores.lessons.verdicts("sample")
    assert (said.by, said.is_confirmed) == ("gone", True)


def test_the_list_says_who_marked_a_moment_and_offers_ones_own_to_change(lesson):
    for moment, author, edits in (
        ("sample-a", re.compile("by (a person who left|the-coach)"), 0),
        ("sample-b", "by you", 1),
    ):
        item = lesson.locator(f'[data-id="{moment}"]')
        item.locator(".jump").click()
        expect(item.locator(".own-row")).to_contain_text(author)
        expect(item.locator(".edit-note")).to_have_count(edits)
        expect(item.get_by_role("button", name="Delete the note")).to_have_count(1)


def test_each_question_names_its_moment_to_a_screen_reader(lesson):
    group = chosen(lesson).get_by_role("group")
    group.wait_for()
    expect(
        lesson.get_by_role("group", name="Was this worth talking about? The moment at 23:05.")
    ).to_have_count(1)


def test_the_choice_is_made_on_the_lesson_page(lesson, school, settled):
    lesson.get_by_text("How your answers are used").first.click()
    lesson.get_by_role("button", name="Allow it").wait_for()
    settled(lesson)
    lesson.get_by_role("button", name="Allow it").click()
    lesson.get_by_role("button", name="Withdraw and delete the kept answers").wait_for()
    settled(lesson)
    expect(lesson.locator("#answers-change")).to_be_focused()
    expect(lesson).to_have_url(re.compile("/lessons/sample$"))
    assert school.stores.lessons.keeps_labels("Ms Ortega")
    lesson.get_by_role("button", name="Withdraw").click()
    lesson.get_by_role("button", name="Allow it").wait_for()
    assert not school.stores.lessons.keeps_labels("Ms Ortega")


@pytest.mark.parametrize("width", (320, 1366))
def test_questions_are_readable_and_large_enough_to_click(page, width):
    page.set_viewport_size({"width": width, "height": 768})
    page.goto("/lessons/sample")
    page.locator("#readout-text:not(:has-text('loading'))").wait_for()
    form = chosen(page).locator("form.verdict")
    form.scroll_into_view_if_needed()
    for part in parts(form.locator("button, select")):
        box = part.bounding_box()
        assert box["height"] >= 24
        assert box["width"] >= 24
        assert box["x"] + box["width"] <= width
    assert form.evaluate("each => parseFloat(getComputedStyle(each).fontSize)") >= 14


def test_without_scripts_answers_and_the_choice_work_too(browser, school):
    context = browser.new_context(
        java_script_enabled=False, base_url=school.address, storage_state=school.storage
    )
    page = context.new_page()
    page.goto("/lessons/sample")
    page.locator('#moment-sample-alert-1 button[value="dismissed"]').click()
    page.wait_for_url("**/lessons/sample#moment-sample-alert-1")
    expect(page.get_by_text("You answered: not really.")).to_have_count(1)
    page.goto("/lessons/sample/answers")
    page.get_by_role("button", name="Allow it").click()
    page.get_by_role("button", name="Withdraw and delete the kept answers").click()
    page.get_by_role("button", name="Allow it").wait_for()
    context.close()


def test_more_suggestions_are_on_the_timeline_while_they_are_open(lesson):
    marks = lesson.locator("#marks button")
    # The marks keep the number that they are drawn in once the timeline is there.
    lesson.wait_for_selector("body[data-drawn]")
    before = marks.count()
    assert before > 0
    further = lesson.locator(".further")
    if further.count() == 0:
        pytest.fail("the sample lesson has more than three suggestions")
    further.locator("summary").click()
    expect(marks).not_to_have_count(before)
    further.locator("summary").click()
    expect(marks).to_have_count(before)
