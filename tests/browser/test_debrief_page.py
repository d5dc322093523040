"""The lesson page in a real browser: clicks, keys, the video, the brush, moments."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.lesson_page import lined_up
from tests.videos import add_video

PLAYHEAD = "#playhead"


@pytest.fixture
def lesson(page):
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    return page


@pytest.fixture
def with_film(page, school, film):
    add_video(school.stores.videos, school.files, school.lesson.id, film.read_bytes())
    lined_up(school, 2.0)
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    page.wait_for_function("() => document.querySelector('#video').readyState >= 2")
    return page


PLACED = """([wanted, within]) =>
  Math.abs(Number(document.querySelector('#playhead').ariaValueNow) - wanted) <= within"""


def place(page) -> int:
    return int(page.locator(PLAYHEAD).get_attribute("aria-valuenow"))


def expect_place(page, second: float, within: float = 0.0) -> None:
    page.wait_for_function(PLACED, arg=[second, within])


def sent_with(answer) -> str:
    return answer.request.post_data or ""


def click_at(page, lane: str, share: float) -> None:
    box = page.locator(lane).bounding_box()
    page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)


def test_the_timeline_is_drawn_with_its_texts(lesson):
    expect(lesson.locator("#readout-text")).to_contain_text("11:05:00")
    expect(lesson.locator("#zone-names")).to_have_text("WindowFrontMiddleDoor")
    expect(lesson.locator("#gaps")).to_contain_text("the kit lost power or restarted")
    expect(lesson.locator("#summary")).to_contain_text("The liveliest half minute starts at")
    expect(lesson.locator("#ribbon canvas")).to_have_count(1)
    lesson.wait_for_function(
        """() => { const c = document.querySelector('#zones canvas');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        return new Set(d.filter((_, i) => i % 4 === 0)).size > 10; }"""
    )


def test_the_whole_timeline_is_on_the_screen_at_once(lesson):
    axis = lesson.locator("#axis").bounding_box()
    assert axis["y"] + axis["height"] <= 768


def test_a_click_moves_the_cursor_where_there_is_no_video(lesson):
    click_at(lesson, "#noise", 0.5)
    expect_place(lesson, 1500, within=3)
    click_at(lesson, "#zones", 0.25)
    expect_place(lesson, 750, within=3)
    click_at(lesson, "#ribbon", 0.61)
    expect(lesson.locator("#readout-text")).to_contain_text("nothing was sensed: the kit lost")


def test_a_click_seeks_the_video(with_film):
    click_at(with_film, "#ribbon", 0.02)
    with_film.wait_for_function(
        "() => Math.abs(document.querySelector('#video').currentTime - 62) < 1.5"
    )


WATCHED = """() => {
  const video = document.querySelector('#video');
  const watch = (_, frame) => {
    if (!video.paused && !video.seeking) window.shownFrame = frame.mediaTime;
    video.requestVideoFrameCallback(watch);
  };
  video.requestVideoFrameCallback(watch);
}"""


def test_playing_moves_the_cursor(with_film):
    with_film.evaluate(WATCHED)
    with_film.locator("#play").click()
    with_film.wait_for_function(
        "() => Number(document.querySelector('#playhead').ariaValueNow) >= 2"
    )
    expect(with_film.locator("#play")).to_have_attribute("aria-label", "Pause")
    with_film.locator(PLAYHEAD).focus()
    with_film.keyboard.press("k")
    with_film.wait_for_function("() => document.querySelector('#video').paused")
    # Not the video's own time: a slow machine shows frames late.
    shown = with_film.evaluate("window.shownFrame")
    expect_place(with_film, shown - 2.0, within=0.51)


def test_the_offset_is_kept_in_tenths(with_film, school):
    with_film.get_by_role("tab", name="Video").click()
    # On a slow machine the first click is saved by itself before the second one.
    with with_film.expect_response(lambda answer: '"offset_s":3.1' in sent_with(answer)):
        with_film.get_by_label("+0.1 second").click()
        with_film.get_by_label("+1 second").click()
    expect(with_film.locator("#line-up-said")).to_have_text("Saved.")
    expect(with_film.locator("#line-up-text")).to_have_text("Lines up to within 0.5 s, set by hand")
    video = school.stores.videos.ready("sample")
    latest = school.stores.clock_maps.of_video("sample", video.id)[0]
    assert latest.segments[0].segment.offset_s == 3.1


def test_the_page_says_which_times_the_video_does_not_cover(with_film):
    click_at(with_film, "#ribbon", 0.5)
    expect(with_film.locator("#player-notice")).to_contain_text("does not cover")
    expect_place(with_film, 1500, within=3)


def test_a_video_of_this_computer_is_never_uploaded(lesson, film, school):
    sent = []
    lesson.on("request", lambda asked: sent.append(asked.method))
    lesson.locator("#video-file").set_input_files(film)
    lesson.wait_for_function("() => document.querySelector('#video').readyState >= 2")
    click_at(lesson, "#ribbon", 0.01)
    lesson.wait_for_function(
        "() => Math.abs(document.querySelector('#video').currentTime - 30) < 1.5"
    )
    assert "POST" not in sent
    assert "PUT" not in sent
    assert school.stores.lessons.get("sample").video is None


def test_a_file_that_is_not_a_video_is_explained(page, school, tmp_path):
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route(re.compile(r"/upload[^/]*\.js$"), hold)
    page.goto("/lessons/sample")
    (tmp_path / "notes.webm").write_text("no video")
    page.locator("#video-file").set_input_files(tmp_path / "notes.webm")
    explained = page.locator("#no-video-text")
    expect(explained).to_contain_text("can't play that file")
    # What the server has is said late, and in its own place.
    late[0].continue_()
    expect(page.locator("#lv-said")).to_contain_text("There is no video of this lesson")
    expect(explained).to_contain_text("can't play that file")


def test_the_keys(lesson):
    lesson.locator(PLAYHEAD).focus()
    for key, expected in (
        ("l", 10), ("l", 20), ("j", 10), ("ArrowRight", 15), ("Shift+ArrowRight", 16),
        ("ArrowLeft", 11), ("j", 1), ("j", 0),
    ):  # fmt: skip
        lesson.keyboard.press(key)
        expect_place(lesson, expected)
    lesson.keyboard.press("]")
    expect_place(lesson, 235)
    expect(lesson.locator("#moment-sample-a")).to_have_class(re.compile("own.* is-chosen"))
    lesson.keyboard.press("z")
    expect(lesson.locator("#view-from")).to_have_value("3:00")
    lesson.keyboard.press("0")
    expect(lesson.locator("#view-to")).to_have_value("50:00")
    lesson.keyboard.press("?")
    expect(lesson.locator("#help")).to_be_visible()
    lesson.keyboard.press("Escape")
    expect(lesson.locator("#help")).to_be_hidden()


def test_the_keys_do_nothing_while_someone_types(lesson):
    lesson.locator("#mark").click()
    lesson.keyboard.type("jkl0?")
    expect(lesson.locator("#moment-note")).to_have_value("jkl0?")
    assert place(lesson) == 0


def test_the_brush_shows_a_part_in_finer_steps(lesson):
    box = lesson.locator("#overview").bounding_box()
    y = box["y"] + box["height"] / 2
    with lesson.expect_response(lambda answer: "level_s=1" in answer.url):
        lesson.mouse.move(box["x"] + box["width"] * 0.4, y)
        lesson.mouse.down()
        lesson.mouse.move(box["x"] + box["width"] * 0.5, y, steps=4)
        lesson.mouse.up()
    expect(lesson.locator("#view-from")).to_have_value(re.compile("19:59|20:0[01]"))
    expect(lesson.locator("#view-to")).to_have_value(re.compile("24:59|25:0[01]"))
    lesson.locator("#view-to").fill("25:00")
    lesson.locator("#view-from").fill("22:00")
    lesson.locator("#view-from").press("Enter")
    lesson.locator(".handle.to").focus()
    lesson.keyboard.press("ArrowRight")
    expect(lesson.locator("#view-to")).to_have_value("25:10")
    lesson.locator("#zoom-all").click()
    expect(lesson.locator("#view-from")).to_have_value("0:00")


def test_a_moment_is_added_at_the_playhead_and_deleted(lesson, school, settled):
    click_at(lesson, "#noise", 0.7)
    lesson.keyboard.press("n")
    expect(lesson.locator("#moment-position")).to_have_value(re.compile("3[45]:[05][0-9]"))
    lesson.locator("#moment-note").fill("Quiet <b>here</b>")
    lesson.locator("#new-moment button[type=submit]").click()
    item = lesson.locator(".moment", has_text="Quiet <b>here</b>")
    expect(item).to_be_visible()
    expect(lesson.locator("#new-moment")).to_be_hidden()
    assert len(school.stores.lessons.moments("sample")) == 3
    asked = []
    lesson.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    settled(lesson)
    item.get_by_role("button", name="Delete").click()
    expect(item).to_have_count(0)
    assert asked == ["Delete this note?"]
    assert len(school.stores.lessons.moments("sample")) == 2


def test_marks_that_would_overlap_are_one_cluster_that_opens(lesson):
    cluster = lesson.locator(".mark.cluster")
    expect(cluster).to_have_text("2")
    cluster.click()
    expect(cluster).to_have_count(0)
    expect(lesson.locator(".mark")).to_have_count(2)
    lesson.locator(".mark").first.click()
    expect(lesson.locator(".moment.is-chosen")).to_contain_text("Handing out the cards.")


def test_a_routine_is_a_named_band_and_can_become_a_moment(lesson, school):
    bands = lesson.locator(".routine-band")
    expect(bands).to_have_text(["Settling in", "Packing up"])
    ends = bands.last.bounding_box()
    plot = lesson.locator("#marks").bounding_box()
    assert abs(ends["x"] + ends["width"] - plot["x"] - plot["width"]) <= 2
    bands.last.click()
    routine = lesson.locator(".moment.is-chosen")
    expect(routine).to_contain_text("named and not suggested")
    routine.get_by_role("button", name="Add it as a moment").click()
    expect(lesson.locator(".moment.own", has_text="Packing up")).to_be_visible()
    assert "Packing up" in {each.note for each in school.stores.lessons.moments("sample")}


def test_the_arrow_keys_move_through_the_zones(lesson):
    lesson.locator(".cell").focus()
    lesson.keyboard.press("ArrowDown")
    lesson.keyboard.press("ArrowRight")
    expect(lesson.locator("#live-region")).to_contain_text("Front, 0:10: ")
    lesson.keyboard.press("End")
    expect(lesson.locator("#live-region")).to_contain_text("Front, 49:50: ")
    expect_place(lesson, 2990)


def test_the_table_opens_in_the_page_and_turns_its_pages(lesson, settled):
    lesson.locator(".as-table summary").click()
    expect(lesson.locator("#table tbody tr")).to_have_count(20)
    settled(lesson)
    lesson.locator("#table").get_by_role("link", name="Page 4").click()
    expect(lesson.locator("#table")).to_contain_text("the kit lost power")
    expect(lesson).to_have_url(re.compile("/lessons/sample$"))


@pytest.mark.parametrize("width", (320, 390))
def test_nothing_sticks_out_of_a_narrow_screen(page, width):
    page.set_viewport_size({"width": width, "height": 700})
    for path, is_drawn in (
        ("/", "main"), ("/lessons/sample", "body[data-drawn]"),
        ("/rooms/room-204/live", "body[data-updates]"), ("/model?lesson=sample", "main"),
    ):  # fmt: skip
        page.goto(path)
        page.wait_for_selector(is_drawn)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_text_is_large_enough_and_targets_are_too(lesson):
    small = lesson.evaluate(
        """() => [...document.querySelectorAll('main *, header *')].filter((e) =>
        e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
        && parseFloat(getComputedStyle(e).fontSize) < 14).map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert small == []
    tiny = lesson.evaluate(
        """() => [...document.querySelectorAll('button, input:not(.unseen), select, summary')]
        .filter((e) => e.checkVisibility()).filter((e) => {
        const b = e.getBoundingClientRect(); return b.width < 24 || b.height < 24; })
        .map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert tiny == []
