"""Videos are prepared in the background, and whatever interrupts that is made good at the next start."""

from __future__ import annotations

import asyncio
import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contract.clock import SECOND_NS
from contract.errors import VideoRefusedError
from dashboard_api.video.worker import VideoWorker
from school.video.files import new_name
from school.video.media import tasks
from school.video.media.records import Probe
from tests.dashboard_api.video.conftest import CONVERTED, FILM, Uploads, names, only
from tests.videos import BY, add_video

DAY_NS = 86_400 * SECOND_NS


def test_what_browsers_play_is_ready_as_it_is(background, uploads, stores) -> None:
    uploads.patch(uploads.begin(), 0, FILM)
    background.work()
    video = only(stores)
    assert (video.state, video.container, video.duration_s) == ("ready", "mov", 80.5)
    assert uploads.pages.get("/lessons/sample/video").content == FILM
    assert uploads.pages.get("/api/lessons").json()[0]["has_video"] is True


def test_what_they_don_t_play_is_converted_under_a_new_key(
    background, uploads, stores, media
) -> None:
    media.plays = False
    uploads.patch(uploads.begin(), 0, FILM)
    before = only(stores)
    shown = []
    media.meanwhile = lambda: shown.append(uploads.service.progress[before.id])
    background.work()
    video = only(stores)
    assert shown == [0.5]
    assert (video.state, video.container, video.size) == ("ready", "mp4", len(CONVERTED))
    assert video.file != before.file
    assert names(uploads) == {video.file}
    answer = uploads.pages.get("/lessons/sample/video")
    assert (answer.headers["content-type"], answer.content) == ("video/mp4", CONVERTED)
    assert uploads.state()["progress"] is None


def test_what_can_t_be_shown_is_refused_and_destroyed(background, uploads, stores, media) -> None:
    media.fails = VideoRefusedError("This video has no picture.")
    uploads.patch(uploads.begin(), 0, FILM)
    background.work()
    state = uploads.state()
    assert (state["state"], state["refusal"]) == ("refused", "This video has no picture.")
    assert names(uploads) == set()
    assert uploads.create().status_code == 201


def test_a_new_video_takes_the_place_of_the_old_one_when_it_is_ready(
    background, uploads, stores
) -> None:
    old = add_video(stores.videos, uploads.files, "sample", b"old" * 1_000)
    uploads.patch(uploads.begin(), 0, FILM)
    assert uploads.pages.get("/lessons/sample/video").content == b"old" * 1_000
    assert uploads.state()["is_ready"] is True
    background.work()
    assert only(stores).id != old.id
    assert names(uploads) == {only(stores).file}


def test_a_conversion_that_was_interrupted_begins_again(background, uploads, stores, media) -> None:
    media.plays = False

    def killed() -> None:
        raise KeyboardInterrupt

    media.meanwhile = killed
    uploads.patch(uploads.begin(), 0, FILM)
    with pytest.raises(KeyboardInterrupt):
        background.work()
    half = only(stores)
    assert (half.state, bool(half.spare)) == ("converting", True)
    assert names(uploads) == {half.file, half.spare}
    background.tidy()
    media.meanwhile = lambda: None
    background.work()
    assert only(stores).state == "ready"
    assert names(uploads) == {only(stores).file}


def test_a_full_disk_puts_a_conversion_off(background, uploads, stores, media, caplog) -> None:
    media.plays = False

    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    media.meanwhile = full
    uploads.patch(uploads.begin(), 0, FILM)
    background.work()
    video = only(stores)
    assert (video.state, video.spare) == ("converting", "")
    assert names(uploads) == {video.file}
    assert "No space left" in caplog.text
    media.meanwhile = lambda: None
    background.again()
    background.work()
    assert uploads.pages.get("/lessons/sample/video").content == CONVERTED


def test_a_video_deleted_while_it_is_converted_leaves_nothing(
    background, uploads, stores, media
) -> None:
    media.plays = False

    def deleted() -> None:
        video = only(stores)
        for name in video.files:
            uploads.files.destroy(name)
        stores.videos.remove(video, BY, "by_hand")

    media.meanwhile = deleted
    uploads.patch(uploads.begin(), 0, FILM)
    background.work()
    assert stores.videos.of_lesson("sample") == []
    assert names(uploads) == set()


@pytest.mark.parametrize("state", ("uploading", "checking", "converting", "ready"))
def test_a_removal_that_was_interrupted_is_finished(background, uploads, stores, state) -> None:
    video = add_video(stores.videos, uploads.files, "sample", FILM, state=state)
    uploads.files.keys.destroy(video.file)  # and the program is killed
    background.tidy()
    assert stores.videos.of_lesson("sample") == []
    assert names(uploads) == set()


def test_files_without_a_key_go_and_keys_without_a_record_go_in_time(
    background, uploads, stores, clock
) -> None:
    kept = add_video(stores.videos, uploads.files, "sample", FILM).file
    (uploads.files.directory / f"{'ab' * 16}.video").write_bytes(b"left")
    orphan, old = new_name(), new_name()
    for name in (orphan, old):
        uploads.files.begin(name)
        uploads.files.upload(name, 10).close()
    now = clock.utc_ns()
    os.utime(uploads.files.keys.path(orphan), ns=(now, now))
    os.utime(uploads.files.keys.path(kept), ns=(now, now))
    past = now - 31 * DAY_NS
    os.utime(uploads.files.keys.path(old), ns=(past, past))
    background.tidy()
    assert names(uploads) == {kept, orphan}


def test_retention_counts_from_the_end_of_the_lesson(
    background, uploads, stores, clock, filled
) -> None:
    add_video(stores.videos, uploads.files, "sample", FILM)
    ends = filled.lesson.ends_utc_ns
    clock.utc_at_boot_ns = ends + 30 * DAY_NS - 2 * 3_600 * SECOND_NS - clock.now_ns
    background.tidy()
    assert len(names(uploads)) == 1
    clock.utc_at_boot_ns += 2 * 3_600 * SECOND_NS
    background.tidy()
    assert names(uploads) == set()
    assert stores.videos.of_lesson("sample") == []
    sentence = stores.audit.of_lesson("sample", 1)[0].sentence
    assert sentence.endswith("because it was kept for as long as the school keeps videos")


def complete_without_a_record(uploads: Uploads, stores: Any) -> str:
    """The program was killed after the last byte, and before the record of it."""
    where = uploads.begin()
    video = only(stores)
    upload = uploads.files.upload(video.file, video.size)
    upload.write(FILM)
    upload.settle()
    upload.close()
    return where


def test_an_upload_whose_end_was_not_recorded_goes_on(background, uploads, stores) -> None:
    where = complete_without_a_record(uploads, stores)
    assert uploads.offset(where) == len(FILM)  # the browser takes it for done
    background.work()
    assert only(stores).state == "ready"


def test_it_goes_on_at_the_next_start_too(background, uploads, stores) -> None:
    complete_without_a_record(uploads, stores)
    background.tidy()
    background.work()
    assert only(stores).state == "ready"


@pytest.mark.parametrize("missing", (1, 7, 8, 9))
def test_an_upload_that_stopped_just_before_its_end_goes_on(
    background, uploads, stores, missing: int
) -> None:
    """What is kept of its last segment may be as long as the segment that is missing."""
    where, here = uploads.begin(), len(FILM) - missing
    uploads.patch(where, 0, FILM[:here])
    background.tidy()
    background.work()
    assert only(stores).state == "uploading"
    assert uploads.patch(where, here, FILM[here:]).status_code == 204
    background.work()
    assert only(stores).state == "ready"


def test_an_upload_that_nobody_finishes_goes_after_a_week(
    background, uploads, stores, clock
) -> None:
    where = uploads.begin()
    uploads.patch(where, 0, FILM[:2_000_000])
    clock.utc_at_boot_ns += DAY_NS * 3 // 4
    assert uploads.patch(where, 2_000_000, FILM[2_000_000:2_100_000]).status_code == 204
    clock.utc_at_boot_ns += DAY_NS * 27 // 4
    background.tidy()
    assert len(names(uploads)) == 1
    clock.utc_at_boot_ns += DAY_NS // 2
    background.tidy()
    assert names(uploads) == set()


def test_a_plain_file_of_an_earlier_version_is_taken_in(
    background, uploads, stores, filled, tmp_path: Path
) -> None:
    plain = tmp_path / "lesson.mp4"
    plain.write_bytes(FILM)
    stores.lessons.put(replace(filled.lesson, video=str(plain)))
    assert uploads.pages.get("/lessons/sample/video").status_code == 404
    background.tidy()
    assert stores.lessons.get("sample").video is None
    background.work()
    assert uploads.pages.get("/lessons/sample/video").content == FILM
    assert plain.exists()


def test_what_is_no_video_is_not_taken_in(
    background, uploads, stores, filled, tmp_path: Path
) -> None:
    plain = tmp_path / "server.toml"
    plain.write_bytes(b"password = 1234" * 10)
    stores.lessons.put(replace(filled.lesson, video=str(plain)))
    background.tidy()
    assert stores.lessons.get("sample").video is None
    assert stores.videos.of_lesson("sample") == []


def test_the_task_ends_at_once_though_a_conversion_takes_long(uploads, stores, monkeypatch) -> None:
    begun = asyncio.Event()
    loop_of = uploads.pages._runner.get_loop()

    def probe(source: Any) -> Probe:
        loop_of.call_soon_threadsafe(begun.set)
        while True:
            source.read_at(0, 10)

    monkeypatch.setattr(tasks, "probe", probe)
    add_video(stores.videos, uploads.files, "sample", FILM, state="checking")

    async def run() -> None:
        worker = VideoWorker(uploads.service, uploads.pages.app.state.store_thread)
        task = asyncio.create_task(worker.run())
        await begun.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    uploads.pages._runner.run(run())
    assert only(stores).state == "checking"


def test_without_its_key_file_nothing_is_touched(uploads, stores) -> None:
    add_video(stores.videos, uploads.files, "sample", FILM)
    for path in uploads.files.keys.directory.rglob("*.json"):
        path.unlink()
    (uploads.files.keys.directory / "key").unlink()  # as if its disk were not mounted
    worker = VideoWorker(uploads.service, uploads.pages.app.state.store_thread)

    async def run() -> None:
        assert not await worker._prepare(uploads.files)

    uploads.pages._runner.run(run())
    assert only(stores).state == "ready"
    assert len(uploads.files.names()) == 1
