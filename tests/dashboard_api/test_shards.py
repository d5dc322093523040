"""One dashboard over two shards shows a lesson of either as it would alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from contract.clock import SECOND_NS, ManualClock, SystemClock
from dashboard_api.app import create_app
from dashboard_api.command import open_stores
from dashboard_api.live.program_watch import ProgramWatch
from ingest.monitoring.condition import Condition
from ingest.monitoring.heartbeat import heartbeat
from ingest.purge.log import PurgeLog
from ingest.purge.plan import PurgePlanner
from ingest.purge.requests import PurgeFolder
from ingest.purge.run import PurgeRun
from ingest.stores import open_period_reader, open_period_store, open_score_store, open_score_writer
from school import open_lesson_store, open_school
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import cookie, open_test_school

ROOMS = ("room-here", "room-there")
LESSONS = ("l-here", "l-there")
PATIENCE_S = 60.0


@pytest.fixture
def shards(tmp_path: Path, sample_lesson: Any) -> tuple[Path, Path]:
    """Two data directories with one room and lesson each; the lessons of both are in the first."""
    found = tmp_path / "first", tmp_path / "second"
    for directory in found:
        open_test_school(directory).close()
    for at, directory in enumerate(found):
        sample = sample_lesson.Sample(
            start_utc_ns=START_NS, room=ROOMS[at], lesson=LESSONS[at], seed=7 + at, run=41 + at
        )
        with (
            closing(open_period_store(directory)) as periods,
            closing(open_score_writer(directory)) as scores,
            closing(open_lesson_store(directory)) as lessons,
            closing(open_lesson_store(found[0])) as of_all,
        ):
            of_all.put(sample_lesson.write(periods, scores, lessons, sample))
    return found


def pages(directory: Path, clock: ManualClock, *others: Path) -> Pages:
    with closing(open_school(directory)) as school:
        cookies = cookie(school.people, clock.utc_ns())
    app = create_app(
        lambda: open_stores(directory, shards=others), clock=clock, zone=ZoneInfo("Europe/Berlin")
    )
    return Pages(app, cookies)


@pytest.mark.parametrize("at", (0, 1))
def test_a_lesson_of_either_shard_is_shown_as_it_is_alone(
    shards: tuple[Path, Path], clock: ManualClock, at: int
) -> None:
    lesson = LESSONS[at]
    asked = (
        f"/api/lessons/{lesson}/timeline", f"/api/lessons/{lesson}/timeline?level_s=30",
        f"/lessons/{lesson}/table.csv", f"/lessons/{lesson}/strip.svg", f"/api/lessons/{lesson}/moments",
        f"/lessons/{lesson}/table",
    )  # fmt: skip
    with pages(shards[at], clock) as alone, pages(shards[0], clock, shards[1]) as joined:
        for path in asked:
            one, all_of_them = alone.get(path), joined.get(path)
            assert one.status_code == all_of_them.status_code == 200, path
            assert all_of_them.content == one.content, path
        assert any(alone.get(asked[0]).json()["movement"]["mean"])


def test_rooms_and_lessons_of_both_stand_on_one_page(
    shards: tuple[Path, Path], clock: ManualClock
) -> None:
    with pages(shards[0], clock, shards[1]) as joined:
        rooms = joined.get("/rooms")
        assert all(room in rooms.text for room in ROOMS)
        listed = joined.get("/api/lessons").json()
        assert {lesson["id"] for lesson in listed} == set(LESSONS)
        assert all(lesson["lively"] is not None for lesson in listed)


def test_each_room_has_the_state_of_its_own_shards_programs(
    shards: tuple[Path, Path], clock: ManualClock
) -> None:
    with closing(open_stores(shards[0], shards=shards[1:])) as stores:
        assert [stores.shard_of(room) for room in (*ROOMS, "nowhere")] == [0, 1, 0]

    async def play() -> None:
        watch = ProgramWatch(shards[0], SystemClock(), shards[1:])
        following = asyncio.create_task(watch.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await until(lambda: watch.state("ingest", 1).state == "works")
                await until(lambda: watch.state("ingest", 0).state == "gone")
                assert watch.shards == 2
                assert watch.state("ingest", 2).state == "unknown"
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    condition = Condition(clock=ManualClock(), stall_s=10, missing={})
    # What has run here once and does not any more is gone; what has never run is not known.
    with heartbeat(shards[0], "ingest", condition):
        pass
    with heartbeat(shards[1], "ingest", condition):
        asyncio.run(play())


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110  # other threads set no event of this loop
        await asyncio.sleep(0.01)


def test_a_lesson_is_removed_where_its_room_is_kept_and_recorded_once(
    shards: tuple[Path, Path], clock: ManualClock
) -> None:
    first, second = shards
    with closing(open_stores(first, shards=(second,))) as stores:
        planner = PurgePlanner(
            reader=stores.periods, lessons=stores.lessons, now_utc_ns=clock.utc_ns(),
            longest_ns=stores.longest_ns,
        )  # fmt: skip
        request = planner.plan(None, 0, 0, lesson_id=LESSONS[1]).request
    with closing(open_period_reader(first)) as reader:
        here = reader.read(reader.streams(ROOMS[0])[0].id, 0, 4_000)
    done = PurgeRun(data_dir=first, clock=clock, say=lambda _: None, shards=(second,)).run(request)
    assert done.number == 1
    assert [len(PurgeLog(each).verified()) for each in shards] == [1, 0]
    assert [PurgeFolder(each).waiting() for each in shards] == [[], []]
    with closing(open_period_reader(second)) as reader, closing(open_score_store(second)) as scores:
        (stream,) = reader.streams(ROOMS[1])
        left = reader.read(stream.id, 0, 4_000)
        spans = [int(seq) for part in left for seq in part.seqs]
        assert len(spans) < 20  # only what was sensed outside the lesson
        assert scores.epochs(LESSONS[1]) == []
        assert scores.alerts(LESSONS[1]) == []
    with closing(open_period_reader(first)) as reader, closing(open_score_store(first)) as scores:
        again = reader.read(reader.streams(ROOMS[0])[0].id, 0, 4_000)
        assert len(again) == len(here) > 0
        assert all((a.values == b.values).all() for a, b in zip(again, here, strict=True))
        assert scores.epochs(LESSONS[0])
    with closing(open_lesson_store(first)) as lessons:
        assert {lesson.id for lesson in lessons.lessons()} == {LESSONS[0]}


def test_a_purge_that_was_cut_short_in_another_shard_is_finished(
    shards: tuple[Path, Path], clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = shards
    with closing(open_stores(first, shards=(second,))) as stores:
        planner = PurgePlanner(
            reader=stores.periods, lessons=stores.lessons,
            now_utc_ns=clock.utc_ns() + 60 * SECOND_NS, longest_ns=stores.longest_ns,
        )  # fmt: skip
        request = planner.plan(ROOMS[1], 0, clock.utc_ns()).request
    run = PurgeRun(data_dir=first, clock=clock, say=lambda _: None, shards=(second,))
    real = PurgeRun._steps

    def cut(self: PurgeRun, data_dir: Path, part: str, *args: Any) -> Any:
        if data_dir == second and part == "score":
            raise KeyboardInterrupt
        return real(self, data_dir, part, *args)

    monkeypatch.setattr(PurgeRun, "_steps", cut)
    with pytest.raises(KeyboardInterrupt):
        run.run(request)
    monkeypatch.undo()
    (waiting,) = PurgeFolder(first).waiting()
    run.run(waiting)
    assert [PurgeFolder(each).waiting() for each in shards] == [[], []]
    with closing(open_score_store(second)) as scores:
        assert scores.lessons_with_scores() == set()
