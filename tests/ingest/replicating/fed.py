"""A school and one replica of it, fed step by step."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from ingest.replicas.engines import open_engine
from ingest.replicas.outlet import Outlet, ReplicaFigures
from ingest.replicas.progress import Progress
from ingest.replicas.settings import ReplicaSettings, ReplicateSettings
from ingest.replicating.lessons_feed import LessonsFeed
from ingest.settings import RetentionSettings
from ingest.stores.rules.dating import utc_of
from tests.ingest.replicas.stub_engine import StubEngine
from tests.ingest.school import LENGTH, School

__all__ = ["Fed", "dated", "seconds_of"]

SECOND_NS = 1_000_000_000


class Fed:
    """The feed of one replica, which can be begun again as after a failure or a restart."""

    def __init__(
        self,
        school: School,
        stub: StubEngine,
        data_dir: Path,
        *,
        kind: str = "victoriametrics",
        with_seats: bool = False,
        name: str = "lab",
        org: str = "roomtone",
        bucket: str = "roomtone",
        token_file: Path | None = None,
        retention: RetentionSettings | None = None,
        **limits: object,
    ) -> None:
        self.school, self.stub, self.data_dir = school, stub, data_dir
        self.replica = ReplicaSettings.checked(
            {"name": name, "kind": kind, "url": stub.url, "what": "lessons",
             "with_seats": with_seats, "org": org, "bucket": bucket, "token_file": token_file,
             "timeout_s": 60},
            where="test",
        )  # fmt: skip
        self.settings = ReplicateSettings.checked(dict(limits), where="test")
        self.retention = retention or RetentionSettings()
        self.figures = ReplicaFigures()
        self._held = ExitStack()
        self.begin()

    def begin(self) -> None:
        self._held.close()
        clock = self.school.clock
        self.progress = Progress(self.data_dir, self.replica.name)
        self._held.callback(self.progress.close)
        engine = open_engine(self.replica, clock)
        self._held.callback(engine.close)
        self.outlet = Outlet(
            engine=engine, progress=self.progress, replica=self.replica, settings=self.settings,
            clock=clock, figures=self.figures,
        )  # fmt: skip
        self.feed = LessonsFeed(
            replica=self.replica, reader=self.school.store, scores=self.school.scores,
            lessons=self.school.lessons, clock=clock, progress=self.progress, outlet=self.outlet,
            longest_ns=self.school.longest_ns, retention=self.retention,
            max_lines=self.settings.max_batch_lines,
        )  # fmt: skip

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.feed.step()

    def settle(self) -> None:
        """All that is stored is there, and compared once it has been quiet for a while."""
        self.school.settle()
        self.step(2)
        self.school.clock.advance(61)
        self.step(3)
        self.school.clock.advance(61)
        self.step(2)

    def close(self) -> None:
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def seconds_of(school: School, first: int = 0, last: int = LENGTH) -> list[int]:
    """When the periods of a lesson begin."""
    begin = school.clock.utc_at_boot_ns
    return [begin + seq * SECOND_NS for seq in range(first, last)]


def dated(school: School) -> list[int]:
    """When the periods of a lesson begin by the clock of its kit, as the store has it now."""
    store, lesson = school.store, school.lesson
    found: list[int] = []
    for stream in store.streams(lesson.room):
        timebases = store.timebases(stream)
        for part in store.read(stream.id, 0, 1 << 40):
            found += [int(at) for at in utc_of(stream, part.seqs, timebases)]
    return sorted({at for at in found if lesson.starts_utc_ns <= at < lesson.ends_utc_ns})
