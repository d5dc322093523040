"""Cuts clips in the background, and removes those whose last day is over.

All that it does can be interrupted at any moment, and begins again at the next start.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from functools import partial
from typing import Final

from contract.errors import VideoRefusedError
from dashboard_api.video.in_thread import in_thread
from dashboard_api.video.in_turn import InTurn
from dashboard_api.video.left_out import end_left_out
from dashboard_api.video.service import VideoService
from dashboard_api.web.store_thread import Stores, StoreThread
from ingest.purge.retention import Removed, Retention
from school.audit.actor import Actor
from school.clips.records import NOT_CUT, TOO_LONG, VIDEO_GONE, Clip
from school.video.files import VideoFiles
from school.video.keys import VideoGoneError
from school.video.media import tasks
from school.video.media.containers import said_length_s
from school.video.records import Reason
from school.video.sealed_file import SealedReader
from school.video.sealing import VideoDamagedError

__all__ = ["ClipWorker"]

_LONGER_S: Final = 0.25
"""So much may a clip seem longer than its span: an encoder of sound fills its last piece."""


class _StoppedError(Exception):
    """The program ends."""


class ClipWorker:
    """`run` is one task of the application: it cuts one clip at a time, and tidies meanwhile."""

    def __init__(self, service: VideoService, store: StoreThread) -> None:
        self._service = service
        self._store = store
        self._turn = InTurn("clips", service.cutting)
        self._is_stopped = threading.Event()
        self._stores: Stores | None = None
        # It pauses for a day when the server's clock was set, as all retention does.
        self._retention = Retention(clock=store.people_clock, rounds=self._retire)

    async def run(self) -> None:
        """Work until the task is cancelled."""
        files = self._service.files
        if files is None:
            return
        await self._turn.run(work=partial(self.work, files), tidy=partial(self.tidy, files))

    async def tidy(self, files: VideoFiles) -> None:
        """Remove what has to go. Raises StoreError if there is no key file: then none is missing."""
        await asyncio.to_thread(files.keys.key_file)
        await self._store.run(partial(self._sweep, files))
        while await self._store.run(self._step):
            pass

    async def work(self, files: VideoFiles) -> None:
        """Cut all clips that wait, the oldest first; none holds up the others."""
        for clip in await self._store.run(lambda stores: stores.clips.waiting()):
            what = f"The clip {clip.id}"
            await self._turn.do(
                clip.id, what, partial(self._settle, files, clip),
                give_up=partial(self._refuse, clip, NOT_CUT),
            )  # fmt: skip

    async def _settle(self, files: VideoFiles, clip: Clip) -> None:
        """Cut a clip, or refuse it, or finish its removal."""
        try:
            await self._cut(files, clip)
        except VideoGoneError:
            await self._store.run(partial(self._remove_gone, files, clip))
        except (VideoRefusedError, VideoDamagedError) as error:
            await self._refuse(clip, str(error))

    async def _cut(self, files: VideoFiles, clip: Clip) -> None:
        video = await self._store.run(lambda stores: stores.videos.get(clip.video))
        if video is None or video.state != "ready":
            await self._refuse(clip, VIDEO_GONE)
            return
        try:
            opening = partial(files.source, video.file)
            source = await in_thread(opening, unwanted=SealedReader.close)
        except VideoGoneError:
            await self._refuse(clip, VIDEO_GONE)
            return
        try:
            size = await self._write(files, clip, source)
        finally:
            source.close()
        if not await self._fits(files, clip):
            await self._refuse(clip, TOO_LONG)
            return
        finish = partial(self._finish, clip, size)
        if not await self._store.run(finish):  # it was deleted meanwhile
            await asyncio.to_thread(files.destroy, clip.file)

    async def _write(self, files: VideoFiles, clip: Clip, source: SealedReader) -> int:
        """Write the clip under its key; how long it is."""

        def note(_share: float) -> None:
            self._require_wanted(files, clip)

        def write() -> int:
            # What an attempt left that was interrupted.
            files.path(clip.file).unlink(missing_ok=True)
            sink = files.sink(clip.file)
            try:
                tasks.cut(
                    source, sink, clip.start_s, clip.end_s, shows=clip.shows, progress=note
                )  # fmt: skip
                sink.close()
            finally:
                sink.abandon()  # unless it is closed
            return sink.size

        return await in_thread(write, cancelled=self._is_stopped.set)

    async def _fits(self, files: VideoFiles, clip: Clip) -> bool:
        """Whether the clip is no longer than the span that its teacher agreed to."""

        def length_s() -> float | None:
            made = files.source(clip.file)
            try:
                return said_length_s(made)
            finally:
                made.close()

        found_s = await in_thread(length_s)
        return found_s is not None and found_s <= clip.length_s + _LONGER_S

    def _require_wanted(self, files: VideoFiles, clip: Clip) -> None:
        """Raise when the program ends, or when the clip is deleted, by whichever program."""
        if self._is_stopped.is_set():
            raise _StoppedError
        if not files.keys.path(clip.file).exists():
            files.keys.get(clip.file)

    async def _refuse(self, clip: Clip, reason: str) -> None:
        keep = self._service.clips
        await self._store.run(lambda stores: keep(stores).refuse(clip, reason))

    def _remove_gone(self, files: VideoFiles, clip: Clip, stores: Stores) -> None:
        """Finish the removal of a clip whose key is destroyed."""
        current = stores.clips.get(clip.id)
        if current is None or current.state == "refused":
            return  # its teacher reads why
        if not files.keys.path(clip.file).exists():
            self._remove(stores, clip, "key_gone")

    def _sweep(self, files: VideoFiles, stores: Stores) -> None:
        """What a crash left, or a database that was put back: clips that nobody can read.

        A video that was lined up differently may show that a clip has what was left out.
        """
        end_left_out(stores, self._service, stores.clips.every(), self._by())
        for clip in stores.clips.every():
            if clip.state != "refused" and not files.keys.path(clip.file).exists():
                self._remove(stores, clip, "key_gone")

    def _step(self, stores: Stores) -> bool:
        self._stores = stores
        try:
            return self._retention.step()
        finally:
            self._stores = None

    def _retire(self, utc_ns: int) -> Iterator[Removed]:
        """Clips whose last day is over, one a slice."""
        assert self._stores is not None
        for clip in self._stores.clips.ended(utc_ns):
            assert self._stores is not None
            is_over = clip.until_utc_ns <= utc_ns
            self._remove(self._stores, clip, "end_date" if is_over else "owner_changed")
            yield "clips", 1

    def _finish(self, clip: Clip, size: int, stores: Stores) -> bool:
        return stores.clips.settle(clip, state="ready", size=size)

    def _remove(self, stores: Stores, clip: Clip, why: Reason) -> None:
        self._service.clips(stores).remove(clip, self._by(), why)

    def _by(self) -> Actor:
        return Actor(name="the pages", utc_ns=self._store.people_clock.utc_ns())
