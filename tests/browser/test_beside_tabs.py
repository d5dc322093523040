"""Beside the video: the tabs for the moments and the next step, in a real browser."""

from __future__ import annotations

import pytest
from jinja2 import ChoiceLoader, DictLoader
from playwright.sync_api import expect

from dashboard_api.web import rendering

STEP = {"debrief/_next_step.html": "<p>Cards on the tables before the bell.</p>"}


@pytest.fixture
def with_step(page, monkeypatch):
    templates = rendering._templates
    monkeypatch.setattr(templates, "loader", ChoiceLoader([DictLoader(STEP), templates.loader]))
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    return page


def test_the_tabs_are_reached_and_changed_by_keyboard(with_step):
    moments = with_step.get_by_role("tab", name="Moments")
    step = with_step.get_by_role("tab", name="Next step")
    text = with_step.get_by_text("Cards on the tables")
    expect(with_step.get_by_role("tabpanel", name="Moments")).to_be_visible()
    expect(text).to_be_hidden()
    moments.focus()
    with_step.keyboard.press("ArrowRight")
    expect(step).to_be_focused()
    expect(step).to_have_attribute("aria-selected", "true")
    expect(text).to_be_visible()
    expect(with_step.locator("#moment-list")).to_be_hidden()
    # Only the open tab is a stop of the Tab key.
    expect(moments).to_have_attribute("tabindex", "-1")
    video = with_step.get_by_role("tab", name="Video")
    for key, tab in (
        ("ArrowRight", video), ("ArrowRight", moments), ("End", video), ("ArrowLeft", step),
        ("Home", moments), ("ArrowLeft", video),
    ):  # fmt: skip
        with_step.keyboard.press(key)
        expect(tab).to_be_focused()
    assert int(with_step.locator("#playhead").get_attribute("aria-valuenow")) == 0


def test_a_moment_of_the_timeline_shows_the_moments_again(with_step):
    with_step.get_by_role("tab", name="Next step").click()
    with_step.locator(".routine-band").first.click()
    expect(with_step.locator(".moment.is-chosen")).to_be_visible()
    with_step.get_by_role("tab", name="Next step").click()
    with_step.locator("#playhead").focus()
    with_step.keyboard.press("n")
    expect(with_step.locator("#moment-note")).to_be_focused()


def test_without_scripts_both_are_on_the_page(browser, school, with_step):
    context = browser.new_context(
        java_script_enabled=False, base_url=school.address, storage_state=school.storage
    )
    page = context.new_page()
    page.goto("/lessons/sample")
    expect(page.get_by_text("Cards on the tables")).to_be_visible()
    expect(page.locator("#moment-list")).to_be_visible()
    context.close()
