"""While a video is prepared, others are tidied, and one that is deleted is prepared no further."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from contract.clock import SECOND_NS
from dashboard_api.video.worker import VideoWorker
from school import open_school
from school.video.media import tasks
from school.video.media.records import SoundLevels
from school.video.records import Video
from tests.dashboard_api.video.conftest import CONVERTED, FILM, Media, Uploads, names, only
from tests.videos import BY, add_video

DAY_NS = 86_400 * SECOND_NS
LONG_S = 20.0


@dataclass
class Busy:
    """A task on a video that never ends by itself."""

    begun: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def work(self, ask: Any) -> None:
        self.begun.set()
        try:
            until = time.monotonic() + LONG_S
            while time.monotonic() < until:
                ask()
            raise AssertionError("it was not stopped")
        finally:
            self.ended.set()


@pytest.fixture
def busy() -> Busy:
    return Busy()


def keep_busy(monkeypatch: pytest.MonkeyPatch, media: Media, busy: Busy, step: str) -> None:
    """Let one of the three tasks go on for ever: it reads, or it only says that it is alive."""

    def probe(source: Any) -> Any:
        busy.work(lambda: source.read_at(0, 10))

    def levels(_source: Any, progress: Any = None) -> SoundLevels:
        busy.work(lambda: progress(0.0))
        raise AssertionError

    def convert(source: Any, sink: Any, progress: Any) -> None:
        sink.write(CONVERTED)
        busy.work(lambda: source.read_at(0, 10) if step == "convert" else progress(0.5))

    media.plays = False
    name = "convert" if step.startswith("convert") else step
    made = {"probe": probe, "sound_levels": levels, "convert": convert}[name]
    monkeypatch.setattr(tasks, name, made)


def meanwhile(uploads: Uploads, busy: Busy, act: Any) -> None:
    """Run the task of the application, and `act` in the middle of its work on a video."""

    async def run() -> None:
        worker = VideoWorker(uploads.service, uploads.pages.app.state.store_thread)
        task = asyncio.create_task(worker.run())
        try:
            assert await asyncio.to_thread(busy.begun.wait, LONG_S)
            await act()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    uploads.pages._runner.run(run())


async def stopped(busy: Busy) -> None:
    assert await asyncio.to_thread(busy.ended.wait, LONG_S / 4)


@pytest.mark.parametrize("step", ("probe", "sound_levels", "convert", "convert without reading"))
def test_what_is_deleted_on_its_page_is_prepared_no_further(
    uploads, stores, media, busy, monkeypatch, step: str
) -> None:
    keep_busy(monkeypatch, media, busy, step)
    add_video(stores.videos, uploads.files, "sample", FILM, state="checking")

    async def delete() -> None:
        client = uploads.pages._client
        assert (await client.delete("/api/lessons/sample/video")).status_code == 204
        await stopped(busy)

    meanwhile(uploads, busy, delete)
    assert stores.videos.of_lesson("sample") == []
    assert names(uploads) == set()
    sentence = stores.audit.of_lesson("sample", 1)[0].sentence
    assert sentence.endswith("because they asked for it")


def test_nor_is_what_another_program_deletes(
    uploads, stores, media, busy, monkeypatch, tmp_path: Path
) -> None:
    """As a purge does, which knew the video before its conversion began."""
    keep_busy(monkeypatch, media, busy, "convert")
    known = add_video(stores.videos, uploads.files, "sample", FILM, state="checking")

    def purge() -> None:
        with closing(open_school(tmp_path / "school")) as school:
            uploads.files.destroy(known.file)
            school.videos.remove(known, BY, "by_hand")

    async def act() -> None:
        assert only(stores).spare
        await asyncio.to_thread(purge)
        await stopped(busy)

    meanwhile(uploads, busy, act)
    assert stores.videos.of_lesson("sample") == []
    assert names(uploads) == set()


def test_retention_waits_for_no_conversion(
    uploads, stores, clock, media, busy, monkeypatch, filled
) -> None:
    """Neither the video that is converted nor another one stays longer than it may."""
    keep_busy(monkeypatch, media, busy, "convert")
    monkeypatch.setattr("dashboard_api.video.in_turn._TIDY_EACH_S", 0.05)
    later = replace(filled.lesson, id="other", room="other")
    stores.lessons.put(later)
    add_video(stores.videos, uploads.files, "sample", FILM, state="checking")
    add_video(stores.videos, uploads.files, "other", FILM)

    async def act() -> None:
        store = uploads.pages.app.state.store_thread
        clock.now_ns += 31 * DAY_NS
        while await store.run(lambda stores: stores.videos.every()):
            clock.now_ns += 3_601 * SECOND_NS
            await asyncio.sleep(0.05)
        await stopped(busy)

    async def in_time() -> None:
        async with asyncio.timeout(LONG_S / 4):
            await act()

    meanwhile(uploads, busy, in_time)
    assert names(uploads) == set()


def test_a_removal_knows_what_a_video_became_meanwhile(background, uploads, stores, media) -> None:
    """Retention looks at all videos, and removes them one by one."""
    media.plays = False
    uploads.patch(uploads.begin(), 0, FILM)
    known: Video = only(stores)
    background.work()
    assert only(stores).file != known.file
    uploads.service.keeper(stores).remove(known, BY, "kept_long_enough")
    assert stores.videos.of_lesson("sample") == []
    assert names(uploads) == set()


def test_a_deletion_at_the_very_end_of_a_conversion_counts(
    background, uploads, stores, media, monkeypatch
) -> None:
    """Another program destroyed the original's key, and knows of no conversion."""
    media.plays = False
    uploads.patch(uploads.begin(), 0, FILM)
    original = only(stores).file
    change = type(stores.videos).change

    def changed(self: Any, video: Video, utc_ns: int, **values: object) -> Video | None:
        made = change(self, video, utc_ns, **values)
        if values.get("file"):
            uploads.files.destroy(original)
        return made

    monkeypatch.setattr(type(stores.videos), "change", changed)
    background.work()
    assert stores.videos.of_lesson("sample") == []
    assert names(uploads) == set()
