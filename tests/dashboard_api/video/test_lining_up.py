"""A new video is lined up by its sound before it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.errors import NoSoundError
from dashboard_api.video.lining_up import keep_map, room_trace
from dashboard_api.video.tidying import Tidying
from dashboard_api.video.worker import VideoWorker
from school.video.maps import ClockMap, by_hand
from school.video.media import tasks
from school.video.media.records import Probe, SoundLevels
from tests.dashboard_api.video.conftest import Uploads
from tests.videos import add_video

FILM = b"\0\0\0\x18ftypisom" + bytes(4096)
PATH = "/api/lessons/sample/clock-map"


@dataclass
class Heard:
    """What the child process would hear; None is no sound."""

    level_db: NDArray[np.float32] | None = None
    asked: int = 0
    sources: list[Any] = field(default_factory=list)
    recorded_utc_ns: int | None = None

    def probe(self, _source: Any) -> Probe:
        return Probe(
            container="mp4", duration_s=1200.0, video_codec="h264", audio_codec="aac", width=640,
            height=360, plays_in_browsers=True, recorded_utc_ns=self.recorded_utc_ns, is_start_recorded=True,
        )  # fmt: skip

    def sound_levels(self, source: Any, _progress: Any = None) -> SoundLevels:
        self.asked += 1
        self.sources.append(source)
        if self.level_db is None:
            raise NoSoundError("This video has no sound.")
        return SoundLevels(0.1, self.level_db)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    made = Heard()
    monkeypatch.setattr(tasks, "probe", made.probe)
    monkeypatch.setattr(tasks, "sound_levels", made.sound_levels)
    return made


def like_the_room(trace: NDArray[np.float64], starts_s: int, seconds: int) -> NDArray[np.float32]:
    """The levels of a camera that is switched on at a second of the lesson, 90 dB down."""
    part = trace[starts_s : starts_s + seconds] - 90.0
    rng = np.random.default_rng(1)
    return (np.repeat(part, 10) + rng.normal(0.0, 1.0, seconds * 10)).astype(np.float32)


def work(uploads: Uploads, stores: Any) -> None:
    """Take a video in, and prepare it."""
    add_video(stores.videos, uploads.files, "sample", FILM, state="checking")
    worker = VideoWorker(uploads.service, uploads.pages.app.state.store_thread)
    uploads.pages._runner.run(worker.work(uploads.files))


def only(stores: Any) -> ClockMap:
    video = stores.videos.ready("sample")
    (made,) = stores.clock_maps.of_video("sample", video.id)
    assert isinstance(made, ClockMap)
    assert made.video == video.id
    return made


def trace_of(stores: Any, uploads: Uploads) -> NDArray[np.float64]:
    video = add_video(stores.videos, uploads.files, "sample", FILM, state="refused")
    trace = room_trace(stores, video)
    assert trace is not None
    return trace


def test_a_clear_sound_lines_the_video_up_without_a_question(uploads, stores, heard) -> None:
    heard.level_db = like_the_room(trace_of(stores, uploads), 100, 1200)
    work(uploads, stores)
    made = only(stores)
    assert (made.method, made.state, made.made_by) == ("levels", "accepted", "")
    assert made.segments[0].segment.offset_s == pytest.approx(-100.0, abs=0.1)
    shown = uploads.pages.get(PATH).json()
    assert shown["map"]["segments"][0]["correlation"] > 0.5
    assert shown["proposal"] is None


def test_a_short_video_is_asked_about(uploads, stores, heard) -> None:
    heard.level_db = like_the_room(trace_of(stores, uploads), 100, 600)
    work(uploads, stores)
    assert only(stores).state == "proposed"
    answer = uploads.pages.request("POST", f"{PATH}/1", json={"is_right": True})
    assert answer.json()["map"]["method"] == "levels"


@pytest.mark.parametrize("is_silent", (True, False))
def test_a_video_that_says_nothing_is_shown_all_the_same(
    uploads, stores, heard, is_silent: bool
) -> None:
    if not is_silent:
        heard.level_db = np.random.default_rng(2).normal(-40.0, 6.0, 12_000).astype(np.float32)
    work(uploads, stores)
    video = stores.videos.ready("sample")
    assert video is not None
    accepted = [
        each for each in stores.clock_maps.of_video("sample", video.id) if each.state == "accepted"
    ]
    assert not accepted
    assert uploads.pages.get(PATH).json()["map"] is None


def test_a_map_is_of_its_video_and_goes_with_it(uploads, stores, heard) -> None:
    heard.level_db = like_the_room(trace_of(stores, uploads), 100, 1200)
    work(uploads, stores)
    heard.level_db = like_the_room(trace_of(stores, uploads), 300, 1200)
    work(uploads, stores)
    made = only(stores)
    assert made.version == 2
    assert made.segments[0].segment.offset_s == pytest.approx(-300.0, abs=0.1)


def test_after_an_interruption_it_does_not_listen_again(uploads, stores, heard) -> None:
    heard.level_db = like_the_room(trace_of(stores, uploads), 100, 1200)
    work(uploads, stores)
    video = stores.videos.ready("sample")
    assert room_trace(stores, video) is None


def test_what_a_person_set_is_not_overridden_by_the_sound(uploads, stores, heard) -> None:
    """Set while the video waits, and while its sound is heard."""
    heard.level_db = like_the_room(trace_of(stores, uploads), 100, 1200)
    waiting = add_video(stores.videos, uploads.files, "sample", FILM, state="checking")
    hand = stores.clock_maps.add(by_hand("sample", 12.5, 1, video=waiting.id))
    assert room_trace(stores, waiting) is None
    keep_map(stores, replace(hand, method="levels", made_utc_ns=2))
    assert stores.clock_maps.of_video("sample", waiting.id) == [hand]


@pytest.mark.parametrize("is_silent", (True, False))
def test_where_the_sound_says_nothing_the_file_s_time_is_proposed(
    uploads, stores, heard, filled, is_silent: bool
) -> None:
    if not is_silent:
        heard.level_db = np.random.default_rng(2).normal(-40.0, 6.0, 12_000).astype(np.float32)
    heard.recorded_utc_ns = filled.lesson.starts_utc_ns + 90 * SECOND_NS
    work(uploads, stores)
    shown = uploads.pages.get(PATH).json()
    assert shown["map"] is None
    assert shown["proposal"]["method"] == "metadata"
    assert shown["proposal"]["plus_minus_s"] == 60.0
    assert shown["proposal"]["segments"][0]["offset_s"] == -90.0
    answer = uploads.pages.request("POST", f"{PATH}/1", json={"is_right": True})
    assert answer.json()["map"]["plus_minus_s"] == 60.0


def test_a_sound_that_lines_it_up_counts_more_than_the_file_s_time(
    uploads, stores, heard, filled
) -> None:
    heard.level_db = like_the_room(trace_of(stores, uploads), 100, 1200)
    heard.recorded_utc_ns = filled.lesson.starts_utc_ns + 90 * SECOND_NS
    work(uploads, stores)
    assert only(stores).method == "levels"


@pytest.mark.parametrize("is_silent", (True, False))
def test_what_was_set_for_a_file_elsewhere_is_no_map_of_a_later_video(
    uploads, stores, heard, is_silent: bool
) -> None:
    """Its own sound lines the video up, or nothing does; the other map stays where it was."""
    elsewhere = uploads.pages.request("PUT", PATH, json={"offset_s": 12.5}).json()
    if not is_silent:
        heard.level_db = like_the_room(trace_of(stores, uploads), 100, 1200)
    work(uploads, stores)
    shown = uploads.pages.get(PATH).json()
    assert shown["proposal"] is None
    if is_silent:
        assert shown["map"] is None
    else:
        assert shown["map"]["method"] == "levels"
    moved = uploads.pages.request("PUT", PATH, json={"offset_s": -98.0}).json()["map"]
    assert moved["version"] == (2 if is_silent else 3)
    assert uploads.pages.request("DELETE", "/api/lessons/sample/video").status_code == 204
    assert uploads.pages.get(PATH).json() == elsewhere


def test_the_number_of_an_earlier_version_is_of_its_plain_file(
    uploads, stores, filled, heard, tmp_path
) -> None:
    heard.level_db = like_the_room(trace_of(stores, uploads), 100, 1200)
    plain = tmp_path / "lesson.mp4"
    plain.write_bytes(FILM)
    stores.lessons.put(replace(filled.lesson, video=str(plain)))
    stores.clock_maps.add(by_hand("sample", 12.5, 1))
    store = uploads.pages.app.state.store_thread
    uploads.pages._runner.run(Tidying(uploads.service, store).run(uploads.files))
    uploads.pages._runner.run(VideoWorker(uploads.service, store).work(uploads.files))
    made = only(stores)
    assert (made.method, made.segments[0].segment.offset_s) == ("hand", 12.5)
    assert heard.asked == 0
    assert stores.clock_maps.of_video("sample", "of-another-video") == []


def test_nothing_of_the_sound_is_kept(uploads, stores, heard, tmp_path) -> None:
    trace = trace_of(stores, uploads)
    heard.level_db = like_the_room(trace, 100, 1200)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    work(uploads, stores)
    (sealed,) = (
        {path for path in tmp_path.rglob("*") if path.is_file()}
        - before
        - {path for path in tmp_path.rglob("*") if "keys" in path.parts}
    )
    assert sealed.stat().st_size < 2 * len(FILM)  # the video itself, sealed
    made = only(stores)
    assert len(made.segments) == 1
    assert set(made.segments[0].__dataclass_fields__) == {
        "segment", "plus_minus_s", "correlation", "peak_ratio",
    }  # fmt: skip
