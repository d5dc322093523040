"""Prepares videos in the background: checked, converted where browsers need it, then ready.

All that it does can be interrupted at any moment, and begins again at the next start.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from contract.errors import StoreError, VideoRefusedError
from dashboard_api.video.in_thread import in_thread
from dashboard_api.video.in_turn import InTurn
from dashboard_api.video.lining_up import found_map, keep_map, map_by_file_time, room_trace
from dashboard_api.video.service import VideoService
from dashboard_api.video.tidying import Tidying
from dashboard_api.web.store_thread import Stores, StoreThread
from school.audit.actor import Actor
from school.video.files import VideoFiles, new_name
from school.video.keeping import FULL
from school.video.keys import VideoGoneError
from school.video.media import tasks
from school.video.media.records import Probe
from school.video.records import Video
from school.video.sealed_file import SealedReader
from school.video.sealing import VideoDamagedError

__all__ = ["VideoWorker"]

T = TypeVar("T")

_LOG = logging.getLogger("video")
_RETRY_S: Final = 60.0


class _StoppedError(Exception):
    """The program ends."""


class VideoWorker:
    """`run` is one task of the application: it works on one video at a time, and tidies meanwhile."""

    def __init__(self, service: VideoService, store: StoreThread) -> None:
        self._service = service
        self._store = store
        self._tidying = Tidying(service, store)
        self._turn = InTurn("videos", service.work)
        self._is_stopped = threading.Event()

    async def run(self) -> None:
        """Work until the task is cancelled."""
        files = self._service.files
        if files is None:
            return
        while not await self._prepare(files):  # noqa: ASYNC110 (no event says that a disk is there)
            await asyncio.sleep(_RETRY_S)
        await self._turn.run(work=partial(self.work, files), tidy=partial(self._tidying.run, files))

    async def work(self, files: VideoFiles) -> None:
        """Prepare all videos that wait; none holds up the others."""
        for video in await self._store.run(lambda stores: stores.videos.to_do()):
            what = f"The video of lesson {video.lesson}"
            try:
                await self._turn.do(video.id, what, partial(self._settle, files, video))
            finally:
                self._service.progress.pop(video.id, None)

    async def _settle(self, files: VideoFiles, video: Video) -> None:
        """Prepare a video, or refuse it, or finish its removal."""
        try:
            await self._prepared(files, video)
        except VideoGoneError:
            await self._store.run(partial(self._remove_gone, files, video))
        except (VideoRefusedError, VideoDamagedError) as error:
            await self._refuse(video, str(error))

    async def _prepare(self, files: VideoFiles) -> bool:
        try:
            expects = await self._store.run(
                lambda stores: any(video.state != "refused" for video, _ in stores.videos.every())
            )
            now = self._store.people_clock.utc_ns()
            await asyncio.to_thread(files.prepare, now, expects_key=expects)
        except StoreError as error:
            _LOG.error("No video can be shown or added: %s", error)
            return False
        return True

    async def _prepared(self, files: VideoFiles, video: Video) -> None:
        sealed = await asyncio.to_thread(files.source, video.file)
        source = _Stoppable(sealed, partial(self._require_wanted, files, video.file))
        try:
            if video.state == "checking":
                probe: Probe = await self._in_thread(partial(tasks.probe, source))
                found = {"container": probe.container, "duration_s": probe.duration_s}
                await self._line_up(video, source, probe)
                if probe.plays_in_browsers:
                    await self._change(video, state="ready", **found)
                    return
                changed = await self._change(video, state="converting", **found)
                if changed is None:
                    return
                video = changed
            await self._convert(files, video, source)
        finally:
            sealed.close()

    async def _line_up(self, video: Video, source: _Stoppable, probe: Probe) -> None:
        """Find the lesson in the video; without a sound that shows it, a person has to."""
        trace = await self._store.run(lambda stores: room_trace(stores, video))
        if trace is None:
            return
        now = self._store.people_clock.utc_ns()
        made = await self._in_thread(
            partial(found_map, video, source, trace, now, source.require_wanted)
        )

        def keep(stores: Stores) -> None:
            known = made or map_by_file_time(stores.lesson(video.lesson), video, probe, now)
            if known is not None:
                keep_map(stores, known)

        await self._store.run(keep)

    async def _convert(self, files: VideoFiles, video: Video, source: _Stoppable) -> None:
        if video.spare:  # of a conversion that was interrupted
            await asyncio.to_thread(files.destroy, video.spare)
        begun = await self._change(video, spare=new_name())
        if begun is None:
            return
        done: Video | None = None
        try:
            size = await self._write(files, begun, source)
            done = await self._change(
                begun, state="ready", file=begun.spare, spare=begun.file, size=size, container="mp4"
            )
        finally:
            if done is None:
                _leave_nothing(files, begun)
        if done is None:  # it was deleted meanwhile
            await asyncio.to_thread(files.destroy, begun.spare)
            return
        if not await asyncio.to_thread(_destroy_original, files, begun.file):
            raise VideoGoneError(f"The video {video.id} was deleted while it was converted.")
        await self._change(done, spare="")

    async def _write(self, files: VideoFiles, begun: Video, source: _Stoppable) -> int:
        """Write the conversion beside the original; how long it is."""

        def note(share: float) -> None:
            source.require_wanted()
            self._service.progress[begun.id] = share

        files.begin(begun.spare)
        sink = files.sink(begun.spare)
        try:
            await self._in_thread(partial(tasks.convert, source, sink, note))
            await self._in_thread(sink.close)
        except OSError as error:
            if error.errno in FULL:
                sink.abandon()
                await self._give_back(files, begun)
            raise
        finally:
            sink.abandon()  # unless it is closed
        return sink.size

    async def _give_back(self, files: VideoFiles, begun: Video) -> None:
        """Remove what a conversion wrote; the video waits until there is room."""
        await asyncio.to_thread(files.destroy, begun.spare)
        await self._change(begun, spare="")

    async def _change(self, video: Video, **values: object) -> Video | None:
        """Change a record; a video that is ready takes the place of an older one."""
        now = self._store.people_clock.utc_ns()

        def change(stores: Stores) -> Video | None:
            changed = stores.videos.change(video, now, **values)
            if changed is not None and values.get("state") == "ready":
                for other in stores.videos.of_lesson(video.lesson):
                    if other.state == "ready" and other.id != video.id:
                        self._service.keeper(stores).remove(other, self._by(), "replaced")
            return changed

        return await self._store.run(change)

    def _remove_gone(self, files: VideoFiles, video: Video, stores: Stores) -> None:
        """Finish the removal of a video whose own key is destroyed, not only a conversion's."""
        if files.keys.path(video.file).exists():
            return
        self._service.keeper(stores).remove(video, self._by(), "key_gone")

    async def _refuse(self, video: Video, reason: str) -> None:
        now = self._store.people_clock.utc_ns()

        def refuse(stores: Stores) -> None:
            current = stores.videos.get(video.id)
            if current is not None:
                self._service.keeper(stores).refuse(current, reason, now)

        await self._store.run(refuse)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Run one of the media's tasks, which ends soon when this task is cancelled."""
        return await in_thread(work, cancelled=self._is_stopped.set)

    def _require_wanted(self, files: VideoFiles, name: str) -> None:
        """Raise when the program ends, or when the video is deleted, by whichever program.

        Its key goes first, so nobody has to be asked. Raises StoreError if the keys' disk is gone.
        """
        if self._is_stopped.is_set():
            raise _StoppedError
        if not files.keys.path(name).exists():
            files.keys.get(name)

    def _by(self) -> Actor:
        return Actor(name="the pages", utc_ns=self._store.people_clock.utc_ns())


class _Stoppable:
    """A source whose reader ends with the program, or with the video."""

    def __init__(self, source: SealedReader, require: Callable[[], None]) -> None:
        self._source = source
        self._require = require
        self.size = source.size

    def read_at(self, offset: int, count: int) -> bytes:
        self._require()
        return self._source.read_at(offset, count)

    def require_wanted(self, _share: float = 0.0) -> None:
        """Raise when nobody wants what is made of it any more."""
        self._require()


def _leave_nothing(files: VideoFiles, begun: Video) -> None:
    """What a conversion wrote goes with its video, whoever deleted that."""
    with suppress(StoreError, OSError):  # later the sweep finds it
        if not files.keys.path(begun.file).exists():
            files.destroy(begun.spare)


def _destroy_original(files: VideoFiles, name: str) -> bool:
    """False if somebody destroyed its key already, who may not know of the conversion."""
    had_key = files.keys.destroy(name)
    files.destroy(name)
    return had_key
