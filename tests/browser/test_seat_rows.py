"""The page of seat rows in a real browser: its way from the lesson, narrow screens, no script."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.parts import parts
from tests.signed_in import BY, TEACHER

PAGE = "/lessons/sample/seat-rows"


@pytest.fixture(autouse=True)
def off_again(school):
    school.stores.sharing.seat_rows.switch(TEACHER, BY, is_on=False)
    yield
    school.stores.sharing.seat_rows.switch(TEACHER, BY, is_on=False)


@pytest.mark.parametrize(
    ("scheme", "width", "has_scripts"),
    (("light", 1366, True), ("dark", 1366, False), ("dark", 390, True), ("light", 320, False)),
)
def test_a_teacher_switches_it_on_and_reads_it(browser, school, width, has_scripts, scheme):
    context = browser.new_context(
        viewport={"width": width, "height": 800}, base_url=school.address, color_scheme=scheme,
        storage_state=school.storage, java_script_enabled=has_scripts,
    )  # fmt: skip
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(PAGE)
    expect(page.locator("svg.strip")).to_have_count(0)
    page.get_by_role("button", name="Switch it on for me").click()
    expect(page.locator("svg.strip")).to_have_count(9)
    assert complaints == []  # such as a style that the pages' policy blocks
    strips = [strip.bounding_box() for strip in parts(page.locator("svg.strip"))]
    axis = page.locator("svg.axis").bounding_box()
    for strip in strips:
        assert strip["x"] == axis["x"]
        assert strip["width"] == axis["width"] > 200
        assert strip["x"] + strip["width"] <= width
    page.get_by_text("The same as a table").click()
    page.get_by_role("link", name="Page 3").click()
    table = page.get_by_role("table", name="How much each moved")
    expect(table).to_be_visible()
    expect(table.get_by_role("columnheader", name="Window seats 1–4")).to_have_count(1)
    expect(table.get_by_role("row", name="27:00–27:30")).to_contain_text("much more")
    assert page.locator("main").bounding_box()["width"] <= width
    page.get_by_role("button", name="Switch it off").click()
    expect(page.locator("svg.strip")).to_have_count(0)
    context.close()


def test_the_lesson_leads_to_it_and_back(page, school):
    page.goto("/lessons/sample")
    page.get_by_role("link", name="Rows of seats (off)").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rows of seats")
    expect(
        page.get_by_text("This is off, because fewer than five pupils sit in a row")
    ).to_be_visible()
    page.get_by_role("link", name="Back to the lesson").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Fractions, part 2")


def test_shade_and_height_show_the_same_level(page, school):
    """A reader who sees no colours reads the heights."""
    school.stores.sharing.seat_rows.switch(TEACHER, BY, is_on=True)
    page.goto(PAGE)
    bars = page.eval_on_selector_all(
        "svg.strip rect[class^='h']",
        "all => all.map((bar) => [bar.className.baseVal, Number(bar.getAttribute('height')),"
        " getComputedStyle(bar).fill])",
    )
    assert len({name for name, _, _ in bars}) >= 5
    assert len({fill for _, _, fill in bars}) == len({name for name, _, _ in bars})
    by_height = [name for name, _, _ in sorted(bars, key=lambda bar: (bar[1], bar[0]))]
    assert by_height == sorted(by_height)
