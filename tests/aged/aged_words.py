"""The lessons, scores and words of a school that `aged_school.py` makes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from contract.lesson import Activity, Zone
from ingest.stores import open_score_store
from ingest.stores.records import AlertRecord, EpochRecord, ZoneEpoch
from school import open_lesson_store
from school.lessons.change import change_lesson
from school.moments.records import Moment, Verdict
from tests.aged import timeline
from tests.aged.timeline import SECOND_NS, Run, Sitting, utc_ns

SEATS = tuple(range(1, 13))
OTHER_ZONES = (Zone(name="front", seats=SEATS[:5]), Zone(name="back", seats=SEATS[5:]))
MODEL = "aged-1"
EDITED_EACH = 150


def write_lessons(directory: Path, runs: list[Run]) -> None:
    """What was and is, and what is ahead: as much as there was, six weeks at most."""
    sittings = [(run.room, each.starts, each.length_s) for run in runs for each in run.sittings]
    days = len({starts.date() for _, starts, _ in sittings})
    sittings += [
        (room, day + begin, 2_700)
        for room in sorted({run.room for run in runs})
        for day in timeline.days_ahead()[:days]
        for begin in timeline.BEGIN
    ]
    open_lesson_store(directory).close()
    rows = [
        (timeline.lesson_id(room, starts), room, f"Teacher {room[-2:]}", "Maths", utc_ns(starts),
         utc_ns(starts) + length_s * SECOND_NS)
        for room, starts, length_s in sittings
    ]  # fmt: skip
    with closing(sqlite3.connect(directory / "school.db")) as database, database:
        database.executemany(
            "INSERT INTO lessons(id, room, teacher, title, starts_utc_ns, ends_utc_ns, source, "
            "activities, zones, video) "
            "VALUES(?, ?, ?, ?, ?, ?, 'timetable', '[]', '[]', NULL)", rows,
        )  # fmt: skip


def write_scores(directory: Path, past: list[tuple[int, Sitting]]) -> None:
    """One lesson through the store, then copies of its rows; an alert in each."""
    template = [
        EpochRecord(
            lesson="template", stream_id=0, first_seq=seq, utc_ns=seq * SECOND_NS, model=MODEL,
            zones=tuple(_zone(zone, seq) for zone in ("room", "hub-a", "hub-b")),
        )
        for seq in range(0, timeline.LENGTH_S, 5)
    ]  # fmt: skip
    alert = AlertRecord(
        id="template", lesson="template", room="", zone="room", raised_utc_ns=0,
        cleared_utc_ns=60 * SECOND_NS, because=("More movement than usual.",), off_task=0.7,
        model=MODEL,
    )  # fmt: skip
    with closing(open_score_store(directory)) as scores:
        scores.commit(cursor=1, epochs=template, alerts=[alert])
    with closing(sqlite3.connect(directory / "score.db")) as database, database:
        (of,) = database.execute("SELECT id FROM words WHERE word = 'template'").fetchone()
        for stream, sitting in past:
            starts = utc_ns(sitting.starts)
            word = database.execute(
                "INSERT INTO words(word) VALUES(?)", (sitting.lesson,)
            ).lastrowid
            database.execute(
                "INSERT INTO epochs SELECT ?, ?, first_seq + ?, utc_ns + ?, model, zones, levels "
                "FROM epochs WHERE lesson = ?", (word, stream, sitting.first_seq, starts, of),
            )  # fmt: skip
            seq = sitting.first_seq + 120
            database.execute(
                "INSERT INTO alerts SELECT ?, ?, ?, zone, raised_utc_ns + ?, cleared_utc_ns + ?, "
                "because, off_task, model FROM alerts WHERE id = 'template'",
                (f"{sitting.lesson}.{stream}.room.{seq}", sitting.lesson, sitting.lesson[:7],
                 starts + 120 * SECOND_NS, starts + 120 * SECOND_NS),
            )  # fmt: skip
            database.execute(
                "INSERT INTO written VALUES(?, ?, ?)",
                (sitting.lesson, starts + sitting.length_s * SECOND_NS, starts),
            )
        database.execute("DELETE FROM written WHERE lesson = 'template'")
        database.execute("DELETE FROM epochs WHERE lesson = ?", (of,))
        database.execute("DELETE FROM words WHERE id = ?", (of,))
        database.execute("DELETE FROM alerts WHERE id = 'template'")


def _zone(name: str, seq: int) -> ZoneEpoch:
    share = 0.2 + 0.5 * (120 <= seq < 180)
    movement = float("nan") if seq < 60 else 1.0 + seq % 7
    return ZoneEpoch(
        zone=name, seats=len(SEATS) if name == "room" else 6, movement_db=movement,
        movement_low_db=movement - 1, movement_high_db=movement + 1,
        off_task=float("nan") if seq < 60 else share, off_task_low=share - 0.1,
        off_task_high=share + 0.1, moving_seats=0.4, fidgets=1.0, noise_db=0.5,
    )  # fmt: skip


def write_words(directory: Path, past: list[Sitting], random: np.random.Generator) -> None:
    """A moment in one lesson of twenty, and an answer about a suggestion in others."""
    some = random.permutation(len(past))[: len(past) // 10]
    with closing(open_lesson_store(directory)) as lessons:
        for at, number in enumerate(some.tolist()):
            lesson = past[number].lesson
            if at % 2:
                lessons.put_moment(
                    Moment(id=f"m{number}", lesson=lesson, start_s=60, end_s=90, note="Groups",
                           author="", role="teacher")
                )  # fmt: skip
            else:
                lessons.put_verdict(
                    Verdict(lesson=lesson, moment=f"{lesson}.1.room.120", by="", role="teacher",
                            is_confirmed=at % 4 == 0, kind="lively", zone="room", start_s=120,
                            end_s=180)
                )  # fmt: skip


def edit_some(directory: Path, lessons: list[str]) -> None:
    """What people changed afterwards."""
    activity = Activity(start_s=0, end_s=120, name="whole_class")
    with closing(open_lesson_store(directory)) as store:
        for number, lesson in enumerate(lessons[::EDITED_EACH]):
            zones = OTHER_ZONES if number % 2 else ()
            change_lesson(
                store, lesson,
                lambda mine, zones=zones: replace(  # type: ignore[misc]
                    mine, title="Maths, again", zones=zones, activities=(activity,)
                ),
            )  # fmt: skip
