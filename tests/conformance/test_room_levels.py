"""What every score store says of a lesson's room alone, for drift over the weeks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.stores import SCORE_STORES, open_score_store
from ingest.stores.memory.scores import MemoryScoreStore
from ingest.stores.protocol import ScoreStore
from ingest.stores.records import EpochRecord, ScoredLesson, ZoneEpoch

SECOND = 1_000_000_000


@pytest.fixture(params=sorted(SCORE_STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ScoreStore]:
    made = MemoryScoreStore() if request.param == "memory" else open_score_store(tmp_path)
    yield made
    made.close()


def epoch(at: int, *, lesson: str = "maths", zones: int = 3, model: str = "m1") -> EpochRecord:
    return EpochRecord(
        lesson=lesson, stream_id=1, first_seq=at, utc_ns=at * SECOND, model=model,
        zones=tuple(
            ZoneEpoch(
                zone="room" if i == 0 else f"hub-{i}", seats=7, movement_db=at + 0.1 * i,
                movement_low_db=-1.0, movement_high_db=1.0, off_task=0.001 * at + 0.1 * i,
                off_task_low=0.0, off_task_high=1.0,
            )
            for i in range(zones)
        ),
    )  # fmt: skip


def test_the_rooms_levels_come_in_order_of_time_with_their_models(store: ScoreStore) -> None:
    store.commit(cursor=1, epochs=[epoch(at, model=f"m{at > 60}") for at in (120, 0, 60, 65, 5)])
    found = store.room_levels("maths", each=60)
    assert found.model == ("mFalse", "mFalse", "mTrue")
    np.testing.assert_allclose(found.movement_db, [0, 60, 120])
    np.testing.assert_allclose(found.off_task, [0, 0.06, 0.12])


def test_an_epoch_without_zones_and_an_unknown_lesson_have_no_levels(store: ScoreStore) -> None:
    store.commit(cursor=1, epochs=[epoch(0, zones=0), epoch(60, zones=1)])
    assert store.room_levels("maths", each=60).movement_db.tolist() == [60.0]
    assert len(store.room_levels("none", each=60).model) == 0


def test_scored_lessons_are_told_with_their_first_and_last_epoch(store: ScoreStore) -> None:
    assert store.scored_lessons() == []
    store.commit(cursor=1, epochs=[epoch(at) for at in (5, 10, 15)])
    store.commit(cursor=2, epochs=[epoch(70, lesson="art")])
    found = sorted(store.scored_lessons(), key=lambda one: one.lesson)
    assert found == [
        ScoredLesson(lesson="art", first_utc_ns=70 * SECOND, last_utc_ns=70 * SECOND),
        ScoredLesson(lesson="maths", first_utc_ns=5 * SECOND, last_utc_ns=15 * SECOND),
    ]


def test_the_version_moves_when_scores_are_retired_and_only_then(store: ScoreStore) -> None:
    store.commit(cursor=1, epochs=[epoch(5), epoch(100)])
    before = store.version()
    assert store.retire(before_utc_ns=SECOND, max_epochs=10) == 0
    assert store.version() == before
    assert store.retire(before_utc_ns=50 * SECOND, max_epochs=10) == 1
    assert store.version() != before
