"""A plan on the timeline and below it, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from school.plans.records import Phase, Standard
from tests.browser.lesson_page import click_at, expect_place, open_lesson
from tests.browser.parts import parts
from tests.signed_in import BY, TEACHER

PHASES = (
    Phase(name="Warm-up", minutes=10, began_s=20),
    Phase(name="Group task", minutes=20, standards=("F.1",), began_s=960),
    Phase(name="Share", minutes=10),
)


@pytest.fixture
def planned(school):
    school.stores.sharing.standards.replace(
        "Maths", [Standard(framework="Maths", code="F.1", words="Add fractions")]
    )
    by = type(BY)(name=TEACHER, utc_ns=0, person=TEACHER)
    return school.stores.sharing.plans.write("sample", PHASES, 0, by)


def test_the_phases_stand_on_the_timeline_and_zoom_with_it(page, planned):
    open_lesson(page)
    lane = page.locator("#plan-lane")
    labels = [one.get_attribute("aria-label") for one in parts(lane.get_by_role("listitem"))]
    assert labels[0] == (
        "Warm-up, planned 0:00 to 10:00. Began at 0:20, as planned. It took 16 min and ran over by "
        "5 min 40 s; 10 min were planned."
    )
    assert len(labels) == 3
    expect(lane.locator(".over-plan")).to_have_text("6 min over")
    # As wide as planned: 20 of 50 minutes.
    task = lane.locator(".planned", has_text="Group task")
    width = lane.bounding_box()["width"]
    assert task.bounding_box()["width"] == pytest.approx(width * 0.4, abs=4)
    page.locator("#view-to").fill("20:00")
    page.locator("#view-to").press("Enter")
    expect(lane.locator(".planned")).to_have_count(2)
    assert task.bounding_box()["width"] == pytest.approx(width * 0.5, abs=4)
    click_at(page, "#plan-lane", 0.75)
    expect_place(page, 900, 8)
    expect(page.locator("#readout-text")).to_contain_text("planned: Group task")
    assert "planned: Group task" in page.locator("#playhead").get_attribute("aria-valuetext")
    box = page.locator("#axis").bounding_box()
    assert box["y"] + box["height"] <= 768


def test_one_tap_at_the_playhead_says_when_a_phase_began(page, planned):
    open_lesson(page)
    card = page.locator("#plan-card")
    click_at(page, "#ribbon", 0.9)
    expect_place(page, 2700, 3)
    card.get_by_role("button", name=re.compile(r"^At the playhead\s?: Share$")).click()
    expect(card).to_contain_text(re.compile(r"Began at 4[45]:\d\d, 15 min later than planned"))
    expect(page.locator("#plan-lane .ran")).to_have_count(3)
    expect(page.locator("#plan-lane .over-plan")).to_have_count(2)
    card.locator(".phase", has_text="Share").get_by_text("Say how it came").click()
    card.get_by_role("button", name=re.compile(r"^Never came\s?: Share$")).click()
    expect(card).to_contain_text("Planned, and never came: Share (10 minutes).")
    expect(page.locator("#plan-lane .is-absent")).to_have_text("Share")


def test_a_standard_is_found_and_taken_into_the_plan(page, planned, settled):
    page.goto("/lessons/sample/plan")
    page.get_by_text("Change the plan").click()
    text = page.locator("#plan-text")
    expect(text).to_have_value("10 Warm-up\n20 Group task #F.1\n10 Share")
    text.focus()
    page.keyboard.press("Control+Home")
    page.locator("#wanted").press_sequentially("fractions")
    page.get_by_role("button", name="Take F.1").click()
    expect(text).to_have_value("10 Warm-up #F.1\n20 Group task #F.1\n10 Share")
    page.get_by_role("button", name="Save the plan").click()
    expect(page.locator("#plan .standards")).to_have_count(2)
    # What was said of the phases is still there.
    expect(page.locator("#plan")).to_contain_text("Began at 16:00, 6 min later than planned.")
    page.get_by_text("Change the plan").click()
    text.fill("10 Warm-up\nShare")
    page.get_by_role("button", name="Save the plan").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("^Line 2 has no minutes"))
    expect(text).to_have_value("10 Warm-up\nShare")


@pytest.mark.parametrize("address", ("/lessons/sample/plan", "/lessons/sample"))
def test_a_phone_shows_all_of_it(page, planned, settled, address):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    expect(page.locator("#plan .phase")).to_have_count(3)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in parts(page.locator("#plan .says button:visible")):
        assert button.bounding_box()["height"] >= 40
