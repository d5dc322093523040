"""How far to trust a suggestion: the note next to each estimate and the model page, in a real browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from contract.clock import SECOND_NS
from dashboard_api.web.model_catalog import ModelCatalog
from tests.browser.parts import parts, wait_until

CONTRAST = """() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return text.startsWith("color(") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a)];
  const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) layers.push(parse(getComputedStyle(each).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const faint = [];
  for (const element of document.querySelectorAll("main *, footer *")) {
    if (!element.checkVisibility() || element.closest("svg, .unseen, :disabled, .cluster")) continue;
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const back = behind(element);
    const [a, b] = [light(over(parse(getComputedStyle(element).color), back)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${element.outerHTML.slice(0, 90)}`);
  }
  return faint;
}"""

TINY = """() => [...document.querySelectorAll('main button, main input:not(.unseen), main select, main summary, main a.button')]
  .filter((e) => e.checkVisibility()).filter((e) => {
    const b = e.getBoundingClientRect(); return b.width < 24 || b.height < 24; })
  .map((e) => e.outerHTML.slice(0, 90))"""

SMALL = """() => [...document.querySelectorAll('main *')].filter((e) => e.checkVisibility()
  && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
  && parseFloat(getComputedStyle(e).fontSize) < 14).map((e) => e.outerHTML.slice(0, 90))"""


@pytest.fixture(scope="module")
def weeks(running):
    """Seven weeks of a school in one room; the sixth and the seventh are livelier."""
    in_use = ModelCatalog().current()
    scores, lessons = running.stores.scores, running.stores.lessons
    sample = scores.epochs("sample")[::12]
    for week in range(7):
        for i in range(12):
            starts = running.start_ns + ((week - 9) * 7 * 24 + i) * 3600 * SECOND_NS
            lesson = f"w{week}-{i}"
            lessons.put(
                replace(
                    running.lesson, id=lesson, room="room-9", starts_utc_ns=starts,
                    ends_utc_ns=starts + 3000 * SECOND_NS,
                )
            )  # fmt: skip
            epochs = []
            for k, epoch in enumerate(sample):
                room = epoch.zones[0]
                room = replace(room, movement_db=room.movement_db + (4.0 if week >= 5 else 0.0))
                epochs.append(
                    replace(
                        epoch, lesson=lesson, stream_id=77, first_seq=60 * k, model=in_use.version,
                        utc_ns=starts + 60 * k * SECOND_NS, zones=(room,),
                    )
                )  # fmt: skip
            scores.commit(cursor=3, epochs=epochs)
    running.app.state.drift_watch._looked_s = None  # as if its last look was a minute ago
    yield in_use
    lessons.purge(lessons=[f"w{week}-{i}" for week in range(7) for i in range(12)])
    for _ in scores.purge(
        [f"w{week}-{i}" for week in range(7) for i in range(12)], from_utc_ns=0, to_utc_ns=2**62
    ):
        pass


def test_the_note_opens_and_closes_by_keyboard_and_gives_the_focus_back(page):
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    page.locator("#moment-sample-alert-1 .jump").click()
    button = page.locator("#moment-sample-alert-1 .how-far")
    expect(button).to_be_visible()
    button.focus()
    page.keyboard.press("Enter")
    note = page.locator("#trust-note")
    expect(note).to_be_visible()
    expect(note).to_contain_text("tested on simulated lessons only")
    expect(note).to_contain_text("A clear lively stretch of the room")
    expect(page.get_by_label("Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    page.get_by_label("Close").click()
    expect(note).to_be_hidden()
    button.click()
    note.get_by_role("link", name="See all figures").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("How far to trust the suggestions")
    expect(page.get_by_role("link", name="Back to Fractions, part 2")).to_be_visible()


def test_the_live_page_and_the_list_lead_to_the_card(page):
    page.goto("/rooms/room-204/live")
    page.locator(".how-far").click()
    expect(page.locator("#trust-note")).to_be_visible()
    page.keyboard.press("Escape")
    page.goto("/")
    page.locator("footer").get_by_role("link", name="How far to trust it").click()
    expect(page.get_by_role("heading", level=2).first).to_have_text(
        "On a lesson’s page: how often a suggestion is right"
    )


def test_drift_is_drawn_and_can_be_read_as_a_table(page, weeks):
    def is_read() -> bool:
        page.goto("/model")
        return page.get_by_text("still being read").count() == 0  # the page asks to reload

    wait_until(page, is_read)
    chart = page.locator(".drift-plot svg")
    expect(chart.locator("rect.own")).to_have_count(3)
    expect(page.locator("#drift-title ~ p").nth(1)).to_contain_text("There is a large change")
    page.get_by_text("The weeks as a table").click()
    rows = page.locator("table", has_text="Weeks of the school").locator("tbody tr")
    expect(rows).to_have_count(8)  # and the sample lesson's own week
    expect(rows.nth(1)).to_contain_text("large change")
    page.get_by_text("room by room").click()
    expect(page.get_by_role("rowheader", name="room-9", exact=True)).to_be_visible()


@pytest.mark.parametrize("scheme", ("light", "dark"))
@pytest.mark.parametrize("width", (1366, 390, 320))
def test_the_card_and_the_note_are_readable_and_large_enough_to_click(page, weeks, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 768})
    for path, is_drawn in (
        ("/model", "main"), ("/lessons/sample", "body[data-drawn]"),
        ("/rooms/room-204/live", "body[data-updates]"),
    ):  # fmt: skip
        page.goto(path)
        page.wait_for_selector(is_drawn)
        if path == "/model":
            for summary in parts(page.locator("summary")):
                if not summary.evaluate("(each) => each.parentElement.open"):
                    summary.click()
        else:
            page.evaluate("document.querySelector('#trust-note').showPopover()")
            box = page.locator("#trust-note").bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate(TINY) == []
        assert page.evaluate(SMALL) == []


def test_without_scripts_the_note_still_opens(browser, school):
    context = browser.new_context(
        java_script_enabled=False, base_url=school.address, storage_state=school.storage
    )
    page = context.new_page()
    page.goto("/rooms/room-204/live")
    page.locator(".how-far").click()
    expect(page.locator("#trust-note")).to_be_visible()
    context.close()


@pytest.fixture
def judged(running):
    """The sample lesson as the model in use would have scored it."""
    stores, in_use = running.stores, ModelCatalog().current()
    epochs = stores.scores.epochs("sample")
    stores.lessons.put(replace(running.lesson, id="judged", room="room-8"))
    stores.scores.commit(
        cursor=3,
        epochs=[
            replace(epoch, lesson="judged", stream_id=78, model=in_use.version) for epoch in epochs
        ],
    )
    yield "judged"
    stores.lessons.purge(lessons=["judged"])
    for _ in stores.scores.purge(["judged"], from_utc_ns=0, to_utc_ns=2**62):
        pass


def test_a_suggestion_says_how_often_it_is_right_in_the_trust_page_s_own_words(page, judged):
    """First what was sensed, then a range in tenths; no other share, and no decibels."""
    page.goto(f"/lessons/{judged}")
    page.wait_for_selector("body[data-drawn]")
    cards = page.locator("#moment-list .suggested")
    shown = [" ".join(text.split()) for text in cards.locator(".claim").all_text_contents()]
    assert len(shown) == cards.count() >= 2
    for card in parts(cards):
        said = card.locator(".more").text_content()
        assert "usual" in card.locator(".because").text_content()
        assert said.index("usual") < said.index("of 10")
        assert "%" not in said
        assert "dB " not in said
        assert "off task:" not in said
    page.get_by_role("link", name="The model").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("How far to trust the suggestions")
    trusted = " ".join(page.locator("#main").text_content().split())
    for claim in shown:
        assert claim in trusted
