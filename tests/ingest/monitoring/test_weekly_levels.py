"""Scores gathered by week: kept up with, forgotten when they go, in the school's time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ingest.monitoring.weekly_levels import WeeklyLevels
from ingest.stores import open_score_store
from ingest.stores.records import AlertRecord, EpochRecord, ZoneEpoch
from school import open_lesson_store
from school.lessons.records import Lesson
from school.sharing.cut import Span
from school.sharing.teacher_store import TeacherStore
from tests.signed_in import BY

SECOND = 1_000_000_000
SUNDAY_NIGHT = int(datetime(2026, 3, 1, 23, 30, tzinfo=UTC).timestamp()) * SECOND


@pytest.fixture
def stores(tmp_path):
    scores, lessons = open_score_store(tmp_path), open_lesson_store(tmp_path)
    yield scores, lessons
    scores.close()
    lessons.close()


def put(stores, lesson="a", *, start=SUNDAY_NIGHT, n=24, models=("m",), first=0):
    scores, lessons = stores
    lessons.put(
        Lesson(
            id=lesson, room="r1", teacher="T", title="", starts_utc_ns=start, ends_utc_ns=None,
            source="button",
        )
    )  # fmt: skip
    epochs = []
    for i in range(first, n):
        zone = ZoneEpoch(
            zone="room", seats=9, movement_db=float(i), movement_low_db=0.0, movement_high_db=1.0,
            off_task=float("nan") if i == 12 else 0.01 * i, off_task_low=0.0, off_task_high=1.0,
        )  # fmt: skip
        epochs.append(
            EpochRecord(
                lesson=lesson, stream_id=1, first_seq=5 * i, utc_ns=start + 5 * i * SECOND,
                model=models[i * len(models) // n], zones=(zone, zone),
            )
        )  # fmt: skip
    alert = AlertRecord(
        id=f"{lesson}-x", lesson=lesson, room="r1", zone="room", raised_utc_ns=start,
        cleared_utc_ns=None, because=(), off_task=0.5, model=models[-1],
    )  # fmt: skip
    scores.commit(cursor=1, epochs=epochs, alerts=[alert])


def read(levels, stores):
    levels.look(stores[0], stores[1])
    assert levels.read(*stores, max_lessons=100)
    return levels.lessons


def test_one_epoch_a_minute_is_read_with_its_alerts(stores):
    put(stores)
    (found,) = read(WeeklyLevels(), stores)
    assert found.movement_db.tolist() == [0.0, 12.0]
    assert found.off_task[0] == 0.0
    assert np.isnan(found.off_task[1])
    assert (found.room, found.model, found.alerts) == ("r1", "m", 1)


def test_the_week_is_the_schools(stores):
    put(stores)
    (utc,) = read(WeeklyLevels(UTC), stores)
    (berlin,) = read(WeeklyLevels(ZoneInfo("Europe/Berlin")), stores)
    assert (utc.week, berlin.week) == ("2026-W09", "2026-W10")


def test_two_models_in_a_lesson_are_two(stores):
    put(stores, models=("a", "b"), n=48)
    found = read(WeeklyLevels(), stores)
    assert [(one.model, len(one.off_task), one.alerts) for one in found] == [
        ("a", 2, 0), ("b", 2, 1),
    ]  # fmt: skip


def test_a_schools_own_model_counts_as_the_one_that_it_was_made_from(stores):
    put(stores, models=("a", "a+5c0013"), n=48)
    (found,) = read(WeeklyLevels(), stores)
    assert (found.model, len(found.off_task), found.alerts) == ("a", 4, 1)


def test_only_what_changed_is_read_again(stores):
    put(stores)
    put(stores, "b")
    levels = WeeklyLevels()
    read(levels, stores)
    levels.look(stores[0], stores[1])
    assert levels.waiting == 0
    put(stores, "b", n=48)
    levels.look(stores[0], stores[1])
    assert levels.waiting == 1
    levels.look(stores[0], stores[1], everything=True)
    assert levels.waiting == 2
    read(levels, stores)
    assert sorted(len(one.off_task) for one in levels.lessons) == [2, 4]


def test_what_is_purged_is_forgotten(stores):
    put(stores)
    put(stores, "b")
    levels = WeeklyLevels()
    read(levels, stores)
    before = levels.revision
    for _ in stores[0].purge(["a"], from_utc_ns=0, to_utc_ns=2 * SUNDAY_NIGHT):
        pass
    assert [one.lesson for one in read(levels, stores)] == ["b"]
    assert levels.revision > before


def test_reading_goes_in_steps(stores):
    for i in range(5):
        put(stores, f"l{i}")
    levels = WeeklyLevels()
    levels.look(stores[0], stores[1])
    assert not levels.read(*stores, max_lessons=2)
    assert (levels.waiting, len(levels.lessons)) == (3, 2)
    assert levels.read(*stores, max_lessons=3)


def test_scores_of_a_lesson_that_is_gone_count_nowhere(stores):
    put(stores)
    stores[1].purge(lessons=["a"])
    assert read(WeeklyLevels(), stores) == []


def test_scores_that_nobody_has_written_are_not_looked_through_again(stores, monkeypatch):
    put(stores)
    levels = WeeklyLevels()
    read(levels, stores)
    scores, looks = stores[0], []
    scored_lessons = scores.scored_lessons
    monkeypatch.setattr(scores, "scored_lessons", lambda: looks.append(1) or scored_lessons())
    levels.look(scores, stores[1])
    assert not looks
    levels.look(scores, stores[1], everything=True)
    assert (len(looks), levels.waiting) == (1, 1)
    levels.look(scores, stores[1])
    assert levels.waiting == 1  # still to be read
    put(stores, "b")
    levels.look(scores, stores[1])
    assert (len(looks), levels.waiting) == (2, 1)


def test_a_span_that_is_left_out_is_in_no_week(stores):
    put(stores)
    levels = WeeklyLevels()
    (before,) = read(levels, stores)
    database = stores[1]._database
    TeacherStore(database).exclude(before.lesson, Span(0, 60), "fire_drill", "", BY)
    (after,) = read(levels, stores)
    assert after.alerts == 0 < before.alerts
    np.testing.assert_array_equal(after.movement_db, before.movement_db[1:])
