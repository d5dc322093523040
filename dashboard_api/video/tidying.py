"""Removes what has to go: videos that were kept long enough, and what a crash left behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from contract.clock import SECOND_NS
from contract.errors import RoomtoneError
from dashboard_api.video.service import VideoService
from dashboard_api.web.store_thread import Stores, StoreThread
from ingest.purge.retention import Removed, Retention
from school.audit.actor import Actor
from school.lessons.change import change_lesson
from school.lessons.records import Lesson
from school.video.files import VideoFiles
from school.video.keeping import NotAVideoError, kept_until_ns
from school.video.maps import ClockMapStore
from school.video.records import Reason, Video
from school.video.sealing import sealed_bytes

__all__ = ["Tidying"]

_LOG = logging.getLogger("video")
_DAY_NS: Final = 86_400 * SECOND_NS


class Tidying:
    """`run` is called at the start and every hour, also while a video is prepared."""

    def __init__(self, service: VideoService, store: StoreThread) -> None:
        self._service = service
        self._store = store
        self._stores: Stores | None = None
        self._waiting: set[Path] = set()
        """Plain files that could not be taken in, which was said."""
        # It pauses for a day when the server's clock was set, as all retention does.
        self._retention = Retention(clock=store.people_clock, rounds=self._retire)

    async def run(self, files: VideoFiles) -> None:
        """Remove leftovers, what is too old, and take in the plain files of earlier versions.

        Raises StoreError if there is no key file: then no missing key means a deleted video.
        """
        await asyncio.to_thread(files.keys.key_file)
        there = await asyncio.to_thread(lambda: (set(files.keys.names()), files.names()))
        await self._store.run(lambda stores: self._sweep(stores, files, *there))
        while await self._store.run(self._step):
            pass
        await self._take_in_older()

    def _sweep(
        self, stores: Stores, files: VideoFiles, with_key: set[str], with_file: set[str]
    ) -> None:
        """What crashes left: half-made and half-removed videos."""
        # Clips are kept beside videos, and looked after by `clips/clip_worker.py`.
        known = {clip.file for clip in stores.clips.every()}
        for video, _ in stores.videos.every():
            known.update(video.files)
            if video.spare and video.state != "converting":
                files.destroy(video.spare)
                stores.videos.change(video, video.changed_utc_ns, spare="")
            if video.state == "uploading" and self._is_here(video, files):
                # Its last request got no answer.
                stores.videos.finish_upload(
                    video.id, Actor(name="the pages", utc_ns=self._now_ns())
                )
            if video.state != "refused" and not files.keys.path(video.file).exists():
                self._remove(stores, video, "key_gone")
        for name in with_file - with_key - known:
            files.destroy(name)  # without a key nobody can ever read it
        # A video that no record names may be of a database that was put back from a backup, or of
        # another server's. It goes when it would have gone anyway.
        oldest_ns = self._now_ns() - self._service.days * _DAY_NS
        for name in with_key - known:
            if _made_ns(files.keys.path(name)) < oldest_ns:
                files.destroy(name)

    def _is_here(self, video: Video, files: VideoFiles) -> bool:
        """Whether all of an upload is here, and nobody is writing it."""
        is_moving = self._service.turns.is_taken(video.id)
        return not is_moving and files.file_size(video.file) == sealed_bytes(video.size)

    def _step(self, stores: Stores) -> bool:
        self._stores = stores
        try:
            return self._retention.step()
        finally:
            self._stores = None

    def _retire(self, utc_ns: int) -> Iterator[Removed]:
        """Videos whose time is over, one a slice."""
        assert self._stores is not None
        for video, lesson in self._stores.videos.every():
            why = self._too_old(video, lesson, utc_ns)
            if why is not None:
                assert self._stores is not None
                self._remove(self._stores, video, why)
                yield "videos", 1

    def _too_old(self, video: Video, lesson: Lesson, utc_ns: int) -> Reason | None:
        assert self._stores is not None
        if kept_until_ns(lesson, self._stores.longest_ns, self._service.days) <= utc_ns:
            return "kept_long_enough"
        unfinished_ns = self._service.settings.unfinished_days * _DAY_NS
        if video.state == "uploading" and video.changed_utc_ns + unfinished_ns <= utc_ns:
            return "unfinished"
        return None

    def _remove(self, stores: Stores, video: Video, why: Reason) -> None:
        by = Actor(name="the pages", utc_ns=self._now_ns())
        self._service.keeper(stores).remove(video, by, why)

    async def _take_in_older(self) -> None:
        """Earlier versions kept the path of a plain file; it becomes a sealed video."""
        for lesson in await self._store.run(lambda stores: stores.videos.older()):
            path, by = Path(lesson.video or ""), Actor(name="the pages", utc_ns=self._now_ns())
            keeper, maps = await self._store.run(
                lambda stores: (self._service.keeper(stores), stores.clock_maps)
            )
            # The number that somebody set for the plain file is of this video alone.
            bind = partial(_bind, maps)
            try:
                await asyncio.to_thread(keeper.take_in, lesson, path, by, first=bind)
            except NotAVideoError as error:
                _LOG.warning("The video of lesson %s is not taken in: %s", lesson.id, error)
            except (RoomtoneError, OSError) as error:
                # Its disk may come back, or there is room later: without the path nobody could
                # find the file.
                if path not in self._waiting:
                    _LOG.warning("The video %s is not taken in yet: %s", path, error)
                    self._waiting.add(path)
                continue
            else:
                _LOG.info(
                    "The video of lesson %s is kept encrypted now; remove %s, which is not needed "
                    "any more.", lesson.id, path,
                )  # fmt: skip
            await self._store.run(partial(_forget_path, lesson.id))

    def _now_ns(self) -> int:
        return self._store.people_clock.utc_ns()


def _bind(maps: ClockMapStore, taken: Video) -> None:
    maps.bind(taken.lesson, taken.id)


def _forget_path(lesson: str, stores: Stores) -> None:
    change_lesson(stores.lessons, lesson, lambda found: replace(found, video=None))


def _made_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 1 << 62
