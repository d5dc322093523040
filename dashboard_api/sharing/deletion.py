"""Deletes lessons by the purge that the command has too: asked for, carried out, recorded.

Whoever left is recorded here too, and their lessons go one after the other, if they are to go.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from contract.clock import Clock
from contract.errors import StoreError, UsageError
from contract.language import N_, _
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from ingest.purge.leaving import LeavingRun
from ingest.purge.plan import PurgePlanner
from ingest.purge.requests import PurgeFolder, PurgeRequest
from ingest.purge.run import PurgeRun
from school.lessons.records import Lesson
from school.settings import LessonSettings
from school.video.files import VideoFiles

__all__ = ["NO_DELETIONS", "Deletions", "deletion_plan"]

_LOG = logging.getLogger("dashboard")
NO_DELETIONS: Final = N_(
    "Lessons are deleted on the server that keeps the sensors' data, and not by this dashboard."
)
_RETRY_S: Final = 30.0
_AGAIN_S: Final = 3_600.0


def deletion_plan(stores: Stores, lesson: Lesson, now_utc_ns: int) -> PurgeRequest:
    """What deleting a lesson removes; raises UsageError if it can't be deleted now."""
    ends_utc_ns = lesson.over_utc_ns(stores.longest_ns)
    if ends_utc_ns > now_utc_ns:
        raise UsageError(_("The lesson is not over yet. You can delete it when it is."))
    beside = stores.room_lessons(lesson.room, lesson.starts_utc_ns, ends_utc_ns)
    if any(each.id != lesson.id and each.starts_utc_ns < ends_utc_ns for each in beside):
        raise UsageError(
            _(
                "Another lesson was on in the same room at the same time, and what was sensed belongs to "
                "both. Ask the person who runs the server to remove a span of the room."
            )
        )
    planner = PurgePlanner(
        reader=stores.periods, lessons=stores.lessons, now_utc_ns=now_utc_ns,
        longest_ns=stores.longest_ns,
    )  # fmt: skip
    return planner.plan(None, 0, 0, lesson_id=lesson.id).request


class Deletions:
    """Carries out what stands in the folder `purges`, one after the other, in a thread of its own.

    A request that was interrupted stays there, and is finished after the next start.
    """

    def __init__(
        self,
        data_dir: Path,
        clock: Clock,
        database_url: SecretStr | None = None,
        longest_ns: int = LessonSettings().longest_ns,
        videos: VideoFiles | None = None,
        shards: Sequence[Path] = (),
    ) -> None:
        self._folder = PurgeFolder(data_dir)
        self._running = PurgeRun(
            data_dir=data_dir, clock=clock, say=_LOG.info, database_url=database_url, videos=videos,
            shards=shards,
        )  # fmt: skip
        self._leaving = LeavingRun(
            data_dir=data_dir, clock=clock, say=_LOG.info, purges=self._running,
            longest_ns=longest_ns, database_url=database_url, shards=shards,
        )  # fmt: skip
        self._is_asked = threading.Event()
        self._is_stopped = threading.Event()
        self._idle = threading.Event()

    def ask(self, stores: Stores, viewer: Viewer, lesson: Lesson, request: PurgeRequest) -> None:
        """Record that the teacher deletes a lesson, hide it, and hand it to the purge.

        The request is written first: were the program to end in between, the lesson would go
        as its teacher asked.
        """
        self._folder.ask(request)
        stores.sharing.teacher.ask_to_delete(lesson, viewer.actor)
        self.wake()

    def wake(self) -> None:
        """Have it look again what there is to do: someone left."""
        self._idle.clear()
        self._is_asked.set()

    def start(self) -> None:
        """Begin in the background, with what an earlier start left."""
        self._is_asked.set()
        # A daemon: it may wait for a writer that hangs, and must not keep the pages from ending.
        threading.Thread(target=self._run, name="deletions", daemon=True).start()

    def stop(self) -> None:
        self._is_stopped.set()
        self._is_asked.set()

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until everything that was asked for is removed; False after the timeout."""
        return self._idle.wait(timeout_s)

    def _run(self) -> None:
        while True:
            # Lessons of someone who left may have been on then.
            self._is_asked.wait(_AGAIN_S)
            if self._is_stopped.is_set():
                return
            self._is_asked.clear()
            try:
                self._finish_waiting()
            except StoreError as error:
                _LOG.warning("A lesson can't be deleted at the moment: %s", error)
                if self._is_stopped.wait(_RETRY_S):
                    return
                self._is_asked.set()
                continue
            if not self._is_asked.is_set():
                self._idle.set()

    def _finish_waiting(self) -> None:
        if not self._folder.waiting() and not self._leaving.is_waiting():
            return
        with self._folder.alone():
            while waiting := self._folder.waiting():
                for request in waiting:
                    if self._is_stopped.is_set():
                        return
                    record = self._running.run(request)
                    _LOG.info("record %d of purge-log.jsonl: %s", record.number, record.hash)
            self._leaving.settle(self._is_stopped.is_set)
