"""Carries out a purge: asks the writers that run, and does the parts of those that don't."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from contract.clock import SECOND_NS, Clock
from contract.errors import StoreError
from contract.files.sqlite_file import has_writer
from ingest.purge.log import PurgeLog, PurgeRecord
from ingest.purge.maintenance import purge_kept, purge_scores
from ingest.purge.requests import PARTS, PartDone, PurgeFolder, PurgeRequest
from ingest.replicas.part import ReplicasPart
from ingest.replicas.progress import progress_files
from ingest.stores import open_period_reader, open_period_store, open_score_writer
from school import open_lesson_store, open_school
from school.clips.records import Clip
from school.lessons.protocol import LessonStore
from school.observing.removing import LessonSpan
from school.video.files import VideoFiles
from school.video.records import Video

__all__ = ["PurgeRun"]

_POLL_S: Final = 0.1
_REPORT_EACH_NS: Final = 5 * SECOND_NS


class PurgeRun:
    """Carries out requests on a data directory and those of other shards, and records them once."""

    def __init__(
        self,
        *,
        data_dir: Path,
        clock: Clock,
        say: Callable[[str], None],
        database_url: SecretStr | None = None,
        videos: VideoFiles | None = None,
        shards: Sequence[Path] = (),
        replicas: ReplicasPart | None = None,
    ) -> None:
        self._videos = videos
        self._shards = shards
        self._replicas = replicas
        self._data_dir = data_dir
        self._database_url = database_url
        self._clock = clock
        self._say = say
        self._folder = PurgeFolder(data_dir)
        self._log = PurgeLog(data_dir)

    def run(self, request: PurgeRequest) -> PurgeRecord:
        """Do a whole purge and record it; after a StoreError it can be resumed."""
        self._log.verified()  # do not begin what can't be recorded
        removed = self.remove(request)
        record = self._log.append(request, removed, done_utc_ns=self._clock.utc_ns())
        self._finish(request)
        return record

    def repeat(self, request: PurgeRequest) -> None:
        """Remove again what a restored backup brought back; it is already recorded."""
        self.remove(request)
        self._finish(request)

    def remove(self, request: PurgeRequest) -> dict[str, int]:
        """Do all parts; returns what was removed, and how many."""
        with closing(open_lesson_store(self._data_dir, self._database_url)) as lessons:
            self._require_videos(request)
            self._folder.ask(request)
            removed = Counter({"lessons and moments": 0})
            # Before the lessons, whose records name them: nobody could find them afterwards.
            removed.update(self._remove_videos(request))
            if request.lessons or request.moments or request.scored:
                gone = lessons.purge(
                    lessons=request.lessons,
                    moments=(*request.moments, *_answered(lessons, request)),
                    labels_of=request.scored,
                    looks_in=list(_spans_of(lessons, request)),
                    purged_utc_ns=self._clock.utc_ns(),
                )
                removed["lessons and moments"] = gone.lessons + gone.moments
                removed["replies to notes"] = gone.replies
                removed["answers about moments"] = gone.verdicts
                removed["labels"] = gone.labels
                removed["looks of observers"] = gone.looks
        for data_dir in (self._data_dir, *self._holders(request)):
            if data_dir != self._data_dir:
                PurgeFolder(data_dir).ask(request)
            for part in PARTS:
                if part != "replicas" or self._has_replicas(data_dir):
                    removed.update(self._do(data_dir, request, part).removed)
        return removed

    def _holders(self, request: PurgeRequest) -> Iterator[Path]:
        """The other shards that keep the room, or have its request from before."""
        for data_dir in self._shards:
            is_asked = PurgeFolder(data_dir).is_asked(request)
            with closing(open_period_reader(data_dir)) as reader:
                if is_asked or reader.streams(request.room):
                    yield data_dir

    def _finish(self, request: PurgeRequest) -> None:
        for data_dir in self._shards:
            if PurgeFolder(data_dir).is_asked(request):
                PurgeFolder(data_dir).finish(request)
        self._folder.finish(request)

    def _has_replicas(self, data_dir: Path) -> bool:
        """Whether there is a database beside the store that may hold something of it."""
        part = self._replicas if data_dir == self._data_dir else None
        known = set() if part is None else part.names
        left = set(progress_files(data_dir)) - known
        if not (known or left):
            return False
        lock = data_dir / PARTS["replicas"]
        if has_writer(lock):
            return True
        if left and part is None:
            raise StoreError(
                "What is removed here may be in a replica too, and `roomtone replicate` does not "
                "run: start it, and `roomtone purge --resume` finishes this."
            )
        if left:
            self._say(
                f"The replica {', '.join(sorted(left))} is not in the settings any more: what it "
                "holds stays there. Remove it yourself."
            )
        return bool(known)

    def _require_videos(self, request: PurgeRequest) -> None:
        """Refuse to forget where a video is that can't be destroyed from here."""
        kept: list[Video | Clip] = [*self._videos_of(request), *self._clips_of(request)]
        if self._videos is None and any(each.state != "refused" for each in kept):
            raise StoreError(
                "A lesson that is to be purged has a video, and this server's settings do not say "
                "where videos are: set `directory` and `key_directory` of [video] as they were, and "
                "purge again."
            )

    def _videos_of(self, request: PurgeRequest) -> list[Video]:
        if not request.lessons:
            return []
        with closing(open_school(self._data_dir, self._database_url)) as school:
            return [each for name in request.lessons for each in school.videos.of_lesson(name)]

    def _clips_of(self, request: PurgeRequest) -> list[Clip]:
        if not request.lessons:
            return []
        with closing(open_school(self._data_dir, self._database_url)) as school:
            return [each for name in request.lessons for each in school.clips.of_lesson(name)]

    def _remove_videos(self, request: PurgeRequest) -> dict[str, int]:
        if self._videos is None or not request.lessons:
            return {}
        gone: dict[str, bool] = {}
        # One that was converted meanwhile has another file.
        while names := {x for each in self._videos_of(request) for x in each.files} - gone.keys():
            gone |= {name: self._videos.destroy(name) for name in sorted(names)}
        cut: dict[str, bool] = {}
        while names := {each.file for each in self._clips_of(request)} - cut.keys():
            cut |= {name: self._videos.destroy(name) for name in sorted(names)}
        counts = {"videos": sum(gone.values())} if gone else {}
        return counts | ({"clips": sum(cut.values())} if cut else {})

    def _do(self, data_dir: Path, request: PurgeRequest, part: str) -> PartDone:
        database, folder = data_dir / PARTS[part], PurgeFolder(data_dir)
        reported_ns = self._clock.elapsed_ns() - _REPORT_EACH_NS
        while True:
            done = folder.done(request, part)
            if done is not None:
                return done
            if not folder.is_asked(request):
                why = folder.aside.why(request.file_name)
                raise StoreError(
                    f"The purge {request.id} is no longer in {data_dir / 'purges'}"
                    + (f": it was put aside there ({why})" if why else ": someone removed it")
                    + ". It is not finished and not recorded: correct that, and ask for it again."
                )
            if not has_writer(database):
                try:
                    self._stand_in(data_dir, request, part)
                except StoreError:
                    if not has_writer(database):
                        raise
                    # The writer has just started, and does its part itself.
                continue
            now_ns = self._clock.elapsed_ns()
            if now_ns - reported_ns >= _REPORT_EACH_NS:
                reported_ns = now_ns
                self._say(f"{part} is running: waiting until it has removed its part ...")
            time.sleep(_POLL_S)

    def _stand_in(self, data_dir: Path, request: PurgeRequest, part: str) -> None:
        reported_ns = self._clock.elapsed_ns()
        done = None
        for done in self._steps(data_dir, part, request):
            now_ns = self._clock.elapsed_ns()
            if now_ns - reported_ns >= _REPORT_EACH_NS:
                reported_ns = now_ns
                gone = ", ".join(f"{n} {what}" for what, n in done.removed.items())
                self._say(f"{part}'s part: {gone} so far ...")
        if done is not None:
            PurgeFolder(data_dir).note_done(request, part, done)

    def _steps(self, data_dir: Path, part: str, request: PurgeRequest) -> Iterator[PartDone]:
        if part == "replicas":
            if self._replicas is not None:
                for removed in self._replicas.remove(request):
                    yield PartDone(removed=removed)
        elif part == "ingest":
            with closing(open_period_store(data_dir)) as store:
                yield from purge_kept(store, request)
        else:
            with closing(open_score_writer(data_dir)) as scores:
                yield from purge_scores(scores, request)


def _answered(lessons: LessonStore, request: PurgeRequest) -> Iterator[str]:
    """The moments in the span that someone confirmed or dismissed.

    They are not named in the request, because it stays in the record: an alert's id would show that
    there was an alert.
    """
    for span in _spans_of(lessons, request):
        for said in lessons.verdicts(span.lesson):
            if said.start_s < span.end_s and said.end_s > span.start_s:
                yield said.moment


def _spans_of(lessons: LessonStore, request: PurgeRequest) -> Iterator[LessonSpan]:
    """The parts of lessons that are purged; none if only a seat is, of which nobody said anything."""
    if request.seat is not None:
        return
    for each in request.scored:
        lesson = lessons.get(each)
        if lesson is not None:
            yield LessonSpan(
                each,
                (request.from_utc_ns - lesson.starts_utc_ns) / SECOND_NS,
                (request.to_utc_ns - lesson.starts_utc_ns) / SECOND_NS,
            )
