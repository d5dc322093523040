"""Notes beside the video in a real browser: kinds, tags in three taps, replies, edits."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


@pytest.fixture
def lesson(page):
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    return page


def test_a_note_with_a_kind_and_tags_in_three_taps(lesson, school):
    lesson.locator("#playhead").focus()
    lesson.keyboard.press("n")
    lesson.locator("#moment-note").fill("They wait for each other")
    lesson.locator("#new-moment").get_by_text("Question", exact=True).click()
    lesson.locator("#new-moment .tag-choice > summary").click()
    lesson.get_by_text("Pupils talk", exact=True).click()
    lesson.locator("#new-moment .tag-box", has_text="New voices").click()
    lesson.locator("#new-moment button[type=submit]").click()
    item = lesson.locator(".moment", has_text="They wait for each other")
    expect(item.locator(".kind-word")).to_have_text("Question")
    expect(item.locator(".tag")).to_have_text(["New voices"])
    (kept,) = [one for one in school.stores.lessons.moments("sample") if "wait" in one.note]
    assert (kept.kind, [tag.id for tag in kept.tags]) == ("question", ["new-voices"])


def test_a_reply_is_sent_and_counted_and_deleted(lesson, school, settled):
    item = lesson.locator("#moment-sample-b")
    item.locator(".jump").click()
    item.locator(".reply-open summary").click()
    item.locator("textarea").fill("Who had <none>?")
    item.get_by_role("button", name="Send the reply").click()
    expect(item.locator(".reply .note")).to_have_text("Who had <none>?")
    expect(item.locator(".own-row")).to_contain_text("1 reply")
    lesson.on("dialog", lambda dialog: dialog.accept())
    settled(lesson)
    item.locator(".reply").get_by_role("button", name="Delete").click()
    expect(item.locator(".reply")).to_have_count(0)
    assert school.stores.lessons.replies("sample") == []
