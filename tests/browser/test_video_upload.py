"""A lesson's video in a real browser: uploaded, continued, refused, replaced, deleted."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.web.store_thread import Stores
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from school import open_school
from school.video.settings import VideoSettings
from tests.browser.parts import go_when_up, wait_until
from tests.browser.program import Program, free_port
from tests.signed_in import BY, COACH, add_person, cookie, open_test_school, storage_of
from tests.videos import add_video

PATIENCE_MS = 60_000
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 250_000}
WORDING = "The consent list of this school year says so of everyone in this video."


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A video of some megabytes that browsers play, and one of which they show nothing."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("no ffmpeg to make a video with: apt-get install ffmpeg")
    folder = tmp_path_factory.mktemp("films")
    noise = "noise=alls=60:allf=t"
    made = {
        "plays": ("lesson.webm", "libvpx", ["-b:v", "1500k", "-deadline", "realtime", "-cpu-used", "8"]),
        "hevc": ("phone.mov", "libx265", ["-preset", "ultrafast", "-x265-params", "log-level=error"]),
    }  # fmt: skip
    for name, codec, more in made.values():
        length = "20" if codec == "libvpx" else "4"
        subprocess.run(
            [ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=10",
             "-f", "lavfi", "-i", "sine=frequency=300", "-t", length, "-vf", noise, "-c:v", codec, *more,
             "-c:a", "libopus" if codec == "libvpx" else "aac", str(folder / name)],
            check=True,
        )  # fmt: skip
    return SimpleNamespace(**{key: folder / name for key, (name, _, _) in made.items()})


@pytest.fixture
def here(sample_lesson: Any, tmp_path: Path) -> Iterator[SimpleNamespace]:
    school = open_test_school(tmp_path / "school")
    clock = ManualClock(now_ns=0, utc_at_boot_ns=1_763_460_300 * SECOND_NS + 3_600 * SECOND_NS)
    add_person(school.people, COACH, "coach")
    storage = storage_of(cookie(school.people, clock.utc_ns()))
    of_coach = storage_of(cookie(school.people, clock.utc_ns(), COACH))
    periods, scores = MemoryPeriodStore(), MemoryScoreStore()
    sample = sample_lesson.Sample(start_utc_ns=1_763_460_300 * SECOND_NS)
    sample_lesson.write(periods, scores, school.lessons, sample)
    school.sharing.share("sample", COACH, BY, until_utc_ns=clock.utc_ns() + 86_400 * SECOND_NS)
    school.close()

    def open_stores() -> Stores:
        opened = open_school(tmp_path / "school")
        return Stores.of_school(opened, periods=periods, scores=scores)

    port = free_port()
    settings = VideoSettings(
        directory=tmp_path / "videos", key_directory=tmp_path / "keys", reserve_gb=0,
        consent_text=WORDING,
    )  # fmt: skip
    program = Program(
        open_stores, port, clock=clock, zone=ZoneInfo("Europe/Berlin"), video=settings
    )
    program.start()
    made = SimpleNamespace(
        program=program, storage=storage, of_coach=of_coach, address=f"http://127.0.0.1:{port}",
        open_stores=open_stores, settings=settings,
    )  # fmt: skip
    yield made
    program.stop()


@pytest.fixture
def page(browser: Any, here: SimpleNamespace) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1366, "height": 625}, base_url=here.address, storage_state=here.storage
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    go_when_up(page, "/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    page.click("#tab-video")
    yield page
    context.close()


def choose(page: Page, film: Path, *, button: str = "#lv-add") -> None:
    with page.expect_file_chooser() as chooser:
        page.click(button)
    chooser.value.set_files(film)


def upload(page: Page, film: Path) -> None:
    choose(page, film)
    page.click("#lv-consent >> text=I confirm this")


def slow_down(page: Page) -> None:
    link = page.context.new_cdp_session(page)
    link.send("Network.enable")
    link.send("Network.emulateNetworkConditions", SLOW)


def speed_up(page: Page) -> None:
    link = page.context.new_cdp_session(page)
    link.send("Network.enable")
    link.send("Network.emulateNetworkConditions", SLOW | {"uploadThroughput": -1})


def wait_for_share(page: Page, share: float) -> None:
    page.wait_for_function(
        "share => document.querySelector('#lv-progress').value >= share", arg=share
    )


def said(page: Page, words: str) -> None:
    expect(page.locator("#lv-said")).to_contain_text(words, timeout=PATIENCE_MS)


def test_a_teacher_uploads_a_video_and_it_plays(
    page: Page, here: SimpleNamespace, films: SimpleNamespace
) -> None:
    said(page, "There is no video of this lesson on the server.")
    expect(page.locator("#no-video-text")).to_contain_text("There is no video")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    choose(page, films.plays)
    expect(page.locator("#lv-consent .lv-wording")).to_have_text(WORDING)
    page.click("#lv-consent >> text=Don’t upload")
    assert [each for each in asked if "uploads" in each or "tus.min.js" in each] == []
    upload(page, films.plays)
    said(page, "The lesson’s video is on the server, encrypted.")
    expect(page.locator("#lv-more")).to_have_text("It is deleted by itself on 18 December 2025.")
    page.wait_for_function("() => document.querySelector('#video').readyState >= 2")
    assert page.evaluate("document.querySelector('#video').videoWidth") == 320
    assert any("tus.min.js" in each for each in asked)
    page.reload()
    page.wait_for_function("() => document.querySelector('#video').readyState >= 2")


def test_an_upload_continues_by_itself_after_a_restart_of_the_server(
    page: Page, here: SimpleNamespace, films: SimpleNamespace
) -> None:
    slow_down(page)
    upload(page, films.plays)
    wait_for_share(page, 0.3)
    here.program.stop()
    said(page, "The upload continues by itself.")
    begun: list[int] = []
    page.on(
        "request",
        lambda request: (
            begun.append(int(request.headers["upload-offset"]))
            if request.method == "PATCH"
            else None
        ),
    )
    here.program.start()
    said(page, "The lesson’s video is on the server, encrypted.")
    assert begun[-1] > 0
    page.wait_for_function("() => document.querySelector('#video').readyState >= 2")


def test_an_upload_pauses_and_continues(
    page: Page, here: SimpleNamespace, films: SimpleNamespace
) -> None:
    slow_down(page)
    upload(page, films.plays)
    wait_for_share(page, 0.2)
    expect(page.locator("#lv-more")).to_contain_text("of 4 MB")
    # What is on its way is left, and the upload stands.
    with page.expect_event("requestfailed", lambda request: request.method == "PATCH"):
        page.click("#lv-pause")
    said(page, "The upload is paused.")
    with page.expect_request(lambda request: request.method == "PATCH") as continued:
        speed_up(page)
        page.click("#lv-continue")
    assert int(continued.value.headers["upload-offset"]) < films.plays.stat().st_size
    said(page, "The lesson’s video is on the server, encrypted.")


def test_the_same_file_continues_after_the_page_was_closed(
    page: Page, here: SimpleNamespace, films: SimpleNamespace
) -> None:
    slow_down(page)
    upload(page, films.plays)
    wait_for_share(page, 0.4)
    page.on("dialog", lambda dialog: dialog.accept())  # it asks before one leaves
    page.reload()
    page.wait_for_selector("body[data-drawn]")
    page.click("#tab-video")
    said(page, "An upload is not finished.")
    assert int((page.locator("#lv-share").text_content() or "").split()[0]) >= 20
    with page.expect_request(lambda request: request.method == "PATCH") as continued:
        choose(page, films.plays)  # without being asked to confirm again
    assert int(continued.value.headers["upload-offset"]) > 500_000
    said(page, "The lesson’s video is on the server, encrypted.")


def test_a_lost_network_is_said_and_made_good(
    page: Page, here: SimpleNamespace, films: SimpleNamespace
) -> None:
    slow_down(page)
    upload(page, films.plays)
    wait_for_share(page, 0.2)
    page.context.set_offline(True)
    said(page, "There is no connection to the server.")
    page.context.set_offline(False)
    said(page, "The lesson’s video is on the server, encrypted.")


def test_a_connection_that_died_without_a_word_is_left(
    page: Page, here: SimpleNamespace, films: SimpleNamespace
) -> None:
    """As after a closed lid: nothing fails, and nothing moves any more."""
    page.clock.install()
    page.reload()
    page.wait_for_selector("body[data-drawn]")
    page.click("#tab-video")
    hung: list[Any] = []
    page.route("**/video/uploads/*", lambda route: hung.append(route))  # noqa: PLW0108 (Playwright marks it)
    upload(page, films.plays)

    def is_hung() -> bool:
        page.clock.run_for(1_000)
        return bool(hung)

    wait_until(page, is_hung)
    assert hung[0].request.method == "PATCH"
    page.unroute("**/video/uploads/*")
    page.clock.run_for(50_000)
    page.clock.resume()
    said(page, "The lesson’s video is on the server, encrypted.")


def test_an_upload_can_be_cancelled(
    page: Page, here: SimpleNamespace, films: SimpleNamespace
) -> None:
    slow_down(page)
    upload(page, films.plays)
    wait_for_share(page, 0.2)
    page.click("#lv-cancel")
    said(page, "There is no video of this lesson on the server.")
    assert list(here.settings.directory.glob("*.video")) == []


def test_what_is_no_video_is_refused_with_a_sentence(
    page: Page, here: SimpleNamespace, films: SimpleNamespace, tmp_path: Path
) -> None:
    fake = tmp_path / "holiday.mp4"
    fake.write_bytes(b"%PDF-1.7 " * 400_000)
    upload(page, fake)
    said(page, "This file is no video in MP4, MOV or WebM")
    cut = tmp_path / "cut.webm"
    cut.write_bytes(films.plays.read_bytes()[:1_500_000])
    upload(page, cut)
    said(page, "This video is cut off")
    upload(page, films.plays)
    said(page, "The lesson’s video is on the server, encrypted.")


def test_a_phone_s_hevc_is_converted_and_plays(
    page: Page, here: SimpleNamespace, films: SimpleNamespace
) -> None:
    upload(page, films.hevc)
    said(page, "The lesson’s video is on the server, encrypted.")
    answer = page.request.get("/lessons/sample/video", headers={"Range": "bytes=0-99"})
    assert answer.headers["content-type"] == "video/mp4"
    stores = here.open_stores()
    (video,) = stores.videos.of_lesson("sample")
    assert (video.state, video.spare) == ("ready", "")
    stores.lessons.close()


def test_a_video_is_replaced_and_deleted(
    page: Page, here: SimpleNamespace, films: SimpleNamespace
) -> None:
    stores = here.open_stores()
    files = here.program.app.state.videos.require_files()
    add_video(stores.videos, files, "sample", films.plays.read_bytes())
    page.reload()
    page.click("#tab-video")
    expect(page.locator("#lv-add")).to_have_text("Replace the video")
    (before,) = stores.videos.of_lesson("sample")
    upload(page, films.plays)
    # The page says the same of both: the records show when the new one has its place.
    wait_until(
        page,
        lambda: (
            before.id not in (ids := [one.id for one in stores.videos.of_lesson("sample")])
            and len(ids) == 1
        ),
    )
    said(page, "The lesson’s video is on the server, encrypted.")
    page.click("#lv-delete")
    page.click("#lv-sure >> text=Keep it")
    assert len(stores.videos.of_lesson("sample")) == 1
    page.click("#lv-delete")
    page.click("#lv-sure >> text=Delete it")
    said(page, "There is no video of this lesson on the server.")
    expect(page.locator("#no-video")).to_be_visible()
    expect(page.locator("#lv-add")).to_be_focused()
    assert stores.videos.of_lesson("sample") == []
    assert list(here.settings.directory.glob("*")) == []
    stores.lessons.close()


def test_a_coach_sees_nothing_of_uploads(browser: Any, page: Page, here: SimpleNamespace) -> None:
    context = browser.new_context(base_url=here.address, storage_state=here.of_coach)
    coach = context.new_page()
    coach.goto("/lessons/sample")
    coach.wait_for_selector("body[data-drawn]")
    expect(coach.locator("#lesson-video")).to_have_count(0)
    expect(coach.locator("#to-video")).to_have_count(0)
    context.close()


def test_the_empty_picture_leads_to_the_upload(page: Page) -> None:
    page.click("#tab-moments")
    page.click("#to-video")
    expect(page.locator("#tab-video")).to_be_focused()
    expect(page.locator("#lv-add")).to_be_visible()
