"""The reflection in a real browser: saved as typed, offline too, in two windows, and on one page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from school.audit.actor import Actor
from school.debrief.records import StepText
from school.debrief.reflection_store import QUESTIONS, Reflection
from school.moments.records import Moment
from tests.browser.parts import parts
from tests.signed_in import BY, TEACHER

PAGE = "/lessons/sample/reflection"
ADA = Actor(name=TEACHER, utc_ns=1, person=TEACHER)
LONG = (
    "The cards were on the tables before the bell, and most of them began without a word from me. "
)


@pytest.fixture(autouse=True)
def _nothing_written(school):
    yield
    sharing = school.stores.sharing
    sharing.reflections.remove("sample", TEACHER)
    sharing.guesses.remove("sample", TEACHER)
    for step in sharing.steps.of_lesson("sample"):
        sharing.steps.remove(step.id, BY)


@pytest.fixture
def refused(browser, school):
    """A page of a test in which something is refused, which Chromium logs as an error."""
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, base_url=school.address,
        storage_state=school.storage,
    )  # fmt: skip
    yield context.new_page()
    context.close()


def answers(school) -> Reflection:
    return school.stores.sharing.reflections.of("sample", TEACHER)


def field(page, name: str):
    return page.get_by_label(QUESTIONS[name])


def test_what_is_typed_is_saved_by_itself(page, school):
    page.goto(PAGE)
    field(page, "keep").press_sequentially("The quiet start")
    expect(page.locator("#saving")).to_have_text("Saved.")
    assert answers(school).keep == "The quiet start"
    field(page, "watch").fill("Who begins first")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saving")).to_have_text("Saved.")
    page.reload()
    expect(field(page, "keep")).to_have_value("The quiet start")
    expect(field(page, "watch")).to_have_value("Who begins first")
    assert (
        page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('reflection'))")
        == []
    )


def test_without_the_server_no_word_is_lost(refused, school):
    page = refused
    page.goto(PAGE)
    cut = "**/reflection"
    page.route(
        cut, lambda route: route.abort() if route.request.method == "PUT" else route.continue_()
    )
    field(page, "surprise").fill("How fast it went")
    expect(page.locator("#saving")).to_contain_text("Your words stay in this browser")
    assert answers(school) == Reflection()
    page.unroute(cut)
    page.reload()
    expect(field(page, "surprise")).to_have_value("How fast it went")
    expect(page.locator("#saving")).to_have_text("Saved.")
    assert answers(school).surprise == "How fast it went"


def test_two_windows_see_both_texts(refused, school):
    page = refused
    page.goto(PAGE)
    store = school.stores.sharing.reflections
    store.save("sample", TEACHER, Reflection(keep="From the phone", watch="The door"), 1)
    field(page, "keep").fill("From the laptop")
    other = page.locator('.other[data-of="keep"]')
    expect(other).to_contain_text("From the phone")
    expect(page.locator("#saving")).to_contain_text("in another window")
    assert answers(school).keep == "From the phone"
    page.locator('.other[data-of="watch"]').get_by_role("button", name="Take this").click()
    expect(field(page, "watch")).to_have_value("The door")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saving")).to_have_text("Saved.")
    expect(other).to_be_hidden()
    assert (answers(school).keep, answers(school).watch) == ("From the laptop", "The door")


def test_after_a_reload_both_texts_stand_there_still(refused, school):
    page = refused
    page.goto(PAGE)
    store = school.stores.sharing.reflections
    store.save("sample", TEACHER, Reflection(keep="From the phone"), 1)
    field(page, "keep").fill("From the laptop")
    other = page.locator('.other[data-of="keep"]')
    expect(other).to_contain_text("From the phone")
    page.reload()
    expect(other).to_contain_text("From the phone")
    expect(field(page, "keep")).to_have_value("From the laptop")
    expect(page.locator("#saving")).to_contain_text("in another window")
    assert answers(school).keep == "From the phone"
    other.get_by_role("button", name="Take this").click()
    page.reload()
    expect(field(page, "keep")).to_have_value("From the phone")
    expect(other).to_be_hidden()


def test_it_prints_on_one_page(page, school):
    stores = school.stores
    for at in range(6):
        stores.lessons.put_moment(
            Moment(
                id=f"note-{at}", lesson="sample", start_s=200 + at * 300, end_s=260 + at * 300,
                note=f"Note {at}: {LONG}\n{LONG}", author=TEACHER, role="teacher",
            )
        )  # fmt: skip
    stores.sharing.steps.write("sample", StepText(what=LONG.strip(), when_words="at the bell"), ADA)
    stores.sharing.guesses.put("sample", TEACHER, [(660, 780)], 240, 1)
    stores.sharing.reflections.save(
        "sample", TEACHER, Reflection(keep=LONG * 3, surprise=LONG * 2, watch=LONG * 3), 1
    )
    page.goto(PAGE)
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    page.emulate_media(media="print")
    expect(page.get_by_role("textbox")).to_have_count(0)
    for name in QUESTIONS:
        expect(page.locator(f'.typed[data-of="{name}"]')).to_be_visible()
    shown = page.locator("main").inner_text()
    assert shown.count("began without a word from me") >= 8 + 6
    assert "Delete" not in shown
    assert "Nobody else" not in shown
    for at in range(6):
        stores.lessons.remove_moment(f"note-{at}")


@pytest.mark.parametrize("width", (320, 390, 1366))
def test_it_fits(page, school, width):
    page.set_viewport_size({"width": width, "height": 768})
    page.goto("/lessons/sample")
    page.get_by_role("link", name="Your reflection on one page").click()
    expect(page.get_by_role("heading", name="My reflection")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for part in parts(page.locator("main button, main textarea").filter(visible=True)):
        box = part.bounding_box()
        assert min(box["height"], box["width"]) >= 24
