"""A room with its stores and a scorer, and a lesson whose values tell what must come of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from contract.clock import ManualClock
from contract.lesson import Zone
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES, encode
from ingest.receiving.keeper import Keeper
from ingest.scoring.follower import Following
from ingest.settings import IngestSettings, ScoreSettings
from ingest.stores import open_period_store, open_score_store
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from ingest.stores.protocol import PeriodStore, ScoreStore
from ingest.stores.records import AlertRecord, EpochRecord
from models.features.seat_features import FEATURES, FEATURES_VERSION
from models.serving.alerts import AlertPolicy
from models.serving.manifest import Calibration, IntervalWidth, ModelManifest
from school import open_lesson_store
from school.lessons.memory import MemoryLessonStore
from school.lessons.protocol import LessonStore
from school.lessons.records import Lesson
from school.settings import LessonSettings
from tests.ingest.node import SECOND_NS, Node, Sent

SEATS = tuple(range(1, 13))
NODE = Node(seats=SEATS, run_boot_ns=0)
LENGTH = 480
LOUD = range(300, 400)
POLICY = AlertPolicy(learn=20, refractory=2)


class LevelModel:
    """Off task as soon as a seat moves at more than 10 dB: so that a test can say what comes."""

    manifest = ModelManifest(
        format=1,
        version="test-1",
        sha256="",
        features_version=FEATURES_VERSION,
        features=FEATURES,
        seed=0,
        made_with={},
        data={},
        calibration=Calibration(),
        interval=IntervalWidth(),
        room_alerts=POLICY,
        zone_alerts=POLICY,
    )

    def probability(self, values: np.ndarray) -> np.ndarray:
        level = values[:, FEATURES.index("motion_rms_10")].astype(np.float64)
        return np.asarray(1.0 / (1.0 + np.exp(10.0 - level)))


def _lesson_values() -> np.ndarray:
    """(periods, width): quiet, and loud in between."""
    random = np.random.default_rng(5)
    seat = random.normal(0.0, 1.0, (LENGTH, len(SEATS), len(SEAT_QUANTITIES)))
    seat[LOUD.start : LOUD.stop, :, :10] += 20.0
    seat[:, :, 10:] = 0.0
    seat[:, :, 11] = 1.0  # who never moves is not there
    room = np.full((LENGTH, len(ROOM_QUANTITIES)), 60.0)
    return NODE.layout.rows(encode(seat, "seat"), encode(room, "room"))


VALUES = _lesson_values()


class School:
    """A room, its stores, and a scorer that can be started anew."""

    def __init__(
        self,
        *,
        is_dated: bool = True,
        has_lesson: bool = True,
        longest_h: float = 12.0,
        directory: Path | None = None,
        **limits: Any,
    ) -> None:
        self.settings = ScoreSettings(**limits)
        self.longest_ns = LessonSettings(longest_h=longest_h).longest_ns
        self.clock = ManualClock()
        self.store: PeriodStore
        self.scores: ScoreStore
        self.lessons: LessonStore
        if directory is None:
            self.store, self.scores = MemoryPeriodStore(), MemoryScoreStore()
            self.lessons = MemoryLessonStore()
        else:
            self.store, self.scores = open_period_store(directory), open_score_store(directory)
            self.lessons = open_lesson_store(directory)
        self.keep_in(self.store)
        self.lesson = Lesson(
            id="lesson-1", room="r1", teacher="t", title="",
            starts_utc_ns=self.clock.utc_at_boot_ns,
            ends_utc_ns=self.clock.utc_at_boot_ns + LENGTH * SECOND_NS, source="button",
            zones=(Zone(name="left", seats=SEATS[:6]), Zone(name="right", seats=SEATS[6:])),
        )  # fmt: skip
        if has_lesson:
            self.lessons.put(self.lesson)
        self.keep(NODE.birth())
        if is_dated:
            self.date()
        self.start()

    def keep_in(self, store: PeriodStore) -> None:
        """Keep what comes from now on in this store."""
        self.store = store
        self._keeper = Keeper(
            store=store, site="school", clock=self.clock, settings=IngestSettings()
        )

    def start(self) -> None:
        self.following = Following(
            settings=self.settings, model=LevelModel(), clock=self.clock,
            reader=self.store, scores=self.scores, lessons=self.lessons,
            longest_ns=self.longest_ns,
        )  # fmt: skip
        self.following.begin()

    def keep(self, *messages: Sent) -> None:
        self._keeper.keep(messages)

    def date(self) -> None:
        self.keep(NODE.timebase(self.clock.utc_at_boot_ns))

    def live(self, seqs: Iterable[int], node: Node = NODE) -> None:
        """Periods as they come, each scored."""
        for seq in seqs:
            self.clock.now_ns = max(self.clock.now_ns, (seq + 1) * SECOND_NS)
            self.keep(node.batch(seq, values=VALUES[seq : seq + 1]))
            self.following.step()

    def backlog(self, first: int, last: int) -> None:
        """Ten periods a message, from the outbox."""
        for seq in range(first, last, 10):
            n = min(10, last - seq)
            self.keep(NODE.batch(seq, n, waited_ms=None, values=VALUES[seq : seq + n]))
            self.following.step()

    def settle(self) -> None:
        """Time passes, and what is waiting to be scored is."""
        for _ in range(8):
            self.clock.advance(3)
            while self.following.step():
                pass

    def close(self) -> None:
        for store in (self.store, self.scores, self.lessons):
            store.close()

    @property
    def epochs(self) -> list[EpochRecord]:
        return self.scores.epochs("lesson-1")

    @property
    def alerts(self) -> list[AlertRecord]:
        return self.scores.alerts("lesson-1")


def whole() -> School:
    school = School()
    school.live(range(LENGTH))
    return school


WHOLE = whole()
"""The lesson without any trouble, to compare with."""
