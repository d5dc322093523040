"""Moments from both sides in a real browser: the open question, whose a moment is, and a reason."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.parts import parts

ALERT = "sample-alert-1"


@pytest.fixture(autouse=True)
def _nothing_said(school):
    yield
    lessons = school.stores.lessons
    for said in lessons.verdicts("sample"):
        lessons.remove_verdict("sample", said.moment, said.by)


@pytest.fixture
def item(page):
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    page.locator(f'[data-id="{ALERT}"] .jump').click()
    found = page.locator(f'[data-id="{ALERT}"]')
    expect(found).to_have_class(re.compile("is-chosen"))
    return found


def test_an_opened_suggestion_carries_its_question(item, page):
    expect(item.locator(".to-ask")).to_be_visible()
    expect(item.locator(".to-ask")).to_have_text(
        re.compile(r"^To talk about: (What|Where|How).*\?$")
    )
    expect(page.locator("#moment-sample-b .to-ask")).to_have_count(0)


def test_a_moment_is_dismissed_with_a_reason_by_keyboard(item, page, school, settled):
    expect(item.get_by_text("What was it?")).to_have_count(0)
    item.get_by_role("button", name="Not really").focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#no-{ALERT}")).to_be_focused()
    settled(page)
    reason = item.get_by_label("What was it?")
    words = item.get_by_label("In your words")
    expect(words).to_be_hidden()
    reason.select_option("other")
    expect(words).to_be_visible()
    words.fill("A film was shown")
    page.keyboard.press("Enter")
    page.get_by_text("You answered: not really (A film was shown).").wait_for()
    settled(page)
    item.get_by_label("What was it?").select_option("group_work")
    item.get_by_role("button", name="Save").click()
    page.get_by_text("You answered: not really (group work).").wait_for()
    (said,) = school.stores.lessons.verdicts("sample")
    assert (said.is_confirmed, said.reason, said.words) == (False, "group_work", "")


def test_whose_a_moment_is_shows_in_words_and_shape(page):
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    # Close marks are one cluster: in a part of the lesson each stands by itself.
    page.locator("#view-from").fill("3:20")
    page.locator("#view-to").fill("6:40")
    page.locator("#view-to").press("Enter")
    mark = page.get_by_role("button", name=re.compile("marked by a coach"))
    expect(mark).to_have_class(re.compile("by-coach"))
    shapes = {
        kind: page.locator(selector).evaluate(
            "each => { const s = getComputedStyle(each); return [s.clipPath, s.borderRadius, s.transform] }"
        )
        for kind, selector in (
            ("coach", "#moment-sample-a .shape"),
            ("teacher", "#moment-sample-b .shape"),
            ("system", f"#moment-{ALERT} .shape"),
        )
    }
    assert len({tuple(shape) for shape in shapes.values()}) == 3


@pytest.mark.parametrize("width", (390, 1366))
def test_the_reason_is_large_enough_to_choose(page, item, width, settled):
    page.set_viewport_size({"width": width, "height": 768})
    item.get_by_role("button", name="Not really").click()
    item.get_by_label("What was it?").wait_for()
    settled(page)
    for part in parts(item.locator("form.why select, form.why button")):
        box = part.bounding_box()
        assert box is not None
        assert min(box["height"], box["width"]) >= 24
        assert box["x"] + box["width"] <= width
