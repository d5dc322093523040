"""Whoever hangs up in the middle of a video: no thread works on a file that is closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from dashboard_api.video.in_thread import in_thread
from school.video.files import VideoFiles
from school.video.sealed_file import SealedReader, SealedUpload
from tests.dashboard_api.video.conftest import FILM, Uploads
from tests.videos import add_video

WAIT_S = 20.0
PLAYED = "/lessons/sample/video"


class Slow:
    """A step of an upload that goes on until somebody says so; notes what was closed meanwhile."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.goes_on = threading.Event()
        self.ended = threading.Event()
        self.is_in_it = False
        self.closed_in_it: list[bool] = []

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def slow(*given: Any) -> Any:
            self.is_in_it = True
            self.begun.set()
            assert self.goes_on.wait(WAIT_S)
            try:
                return work(*given)
            finally:
                self.is_in_it = False
                self.ended.set()

        return slow


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def cancelled_in(uploads: Uploads, slow: Slow, where: str, times: int) -> None:
    """Send a part, or play the video, and cancel the request while `slow` holds it."""

    async def body() -> AsyncIterator[bytes]:
        yield FILM[:1_500_000]

    async def run() -> None:
        headers = {
            "Tus-Resumable": "1.0.0", "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        }  # fmt: skip
        client = uploads.pages._client
        if where == PLAYED:
            task = asyncio.ensure_future(client.get(PLAYED))
        else:
            part = client.request("PATCH", where, headers=headers, content=body())
            task = asyncio.ensure_future(part)
        assert await asyncio.to_thread(slow.begun.wait, WAIT_S)
        for _ in range(times):
            task.cancel()
            for _ in range(5):
                await asyncio.sleep(0)
        slow.goes_on.set()
        await asyncio.gather(task, return_exceptions=True)
        assert await asyncio.to_thread(slow.ended.wait, WAIT_S)

    uploads.pages._runner.run(run())


@pytest.mark.parametrize("step", ("settle", "write"))
@pytest.mark.parametrize("times", (1, 3))
def test_a_file_is_closed_when_its_threads_are_done_with_it(
    uploads, monkeypatch, step: str, times: int
) -> None:
    where, slow, close = uploads.begin(), Slow(), SealedUpload.close

    def closed(self: SealedUpload) -> None:
        slow.closed_in_it.append(slow.is_in_it)
        close(self)

    with monkeypatch.context() as patched:
        patched.setattr(SealedUpload, step, slow.around(getattr(SealedUpload, step)))
        patched.setattr(SealedUpload, "close", closed)
        cancelled_in(uploads, slow, where, times)
    assert slow.closed_in_it == [False]
    assert not uploads.service.turns.is_taken(where.rsplit("/", 1)[1])
    # All that came is kept, and it goes on from there.
    here = uploads.offset(where)
    assert here == 1_500_000
    assert uploads.patch(where, here, FILM[here:]).status_code == 204


def test_a_file_that_nobody_waits_for_any_more_is_closed(uploads, monkeypatch) -> None:
    where, slow = uploads.begin(), Slow()
    before = open_files()
    with monkeypatch.context() as patched:
        patched.setattr(VideoFiles, "upload", slow.around(VideoFiles.upload))
        cancelled_in(uploads, slow, where, 1)
    assert open_files() == before
    assert uploads.patch(where, 0, FILM).status_code == 204


@pytest.mark.parametrize("step", ("open", "read"))
def test_a_video_that_is_not_watched_any_more_is_closed(
    uploads, stores, monkeypatch, step: str
) -> None:
    add_video(stores.videos, uploads.files, "sample", FILM)
    slow, close = Slow(), SealedReader.close

    def closed(self: SealedReader) -> None:
        slow.closed_in_it.append(slow.is_in_it)
        close(self)

    before = open_files()
    with monkeypatch.context() as patched:
        patched.setattr(SealedReader, "close", closed)
        if step == "open":
            patched.setattr(VideoFiles, "source", slow.around(VideoFiles.source))
        else:
            patched.setattr(SealedReader, "read_at", slow.around(SealedReader.read_at))
        cancelled_in(uploads, slow, PLAYED, 1)
    assert slow.closed_in_it == [False]
    assert open_files() == before


def test_work_in_a_thread_ends_before_the_task_that_waits_for_it() -> None:
    goes_on, ends, asked = threading.Event(), [], []

    def work() -> int:
        assert goes_on.wait(WAIT_S)
        ends.append("work")
        return 7

    def cancelled() -> None:
        asked.append("stop")
        if len(asked) == 2:
            goes_on.set()

    async def waiting(unwanted: list[int]) -> None:
        try:
            await in_thread(work, cancelled=cancelled, unwanted=unwanted.append)
        finally:
            ends.append("task")

    async def run() -> None:
        unwanted: list[int] = []
        task = asyncio.create_task(waiting(unwanted))
        for _ in range(2):
            await asyncio.sleep(0)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (ends, asked, unwanted) == (["work", "task"], ["stop"] * 2, [7])

    asyncio.run(run())
