"""What each program does regularly, measured on one data directory: see `bench_age.py`."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from contract.clock import SECOND_NS, ManualClock
from contract.lesson import Zone
from contract.topics import Topic
from contract.wire.payload import encode
from dashboard_api.app import create_app
from dashboard_api.command import open_stores
from ingest.doctor.checks import findings
from ingest.monitoring.weekly_levels import WeeklyLevels
from ingest.nodes.accounting import SeatSeconds
from ingest.nodes.configuration import LessonConfig
from ingest.purge.maintenance import KeptUpkeep
from ingest.purge.plan import PurgePlanner
from ingest.purge.retention import retire_kept, retire_scores
from ingest.receiving.keeper import Keeper
from ingest.receiving.sealed_check import SealedChecking
from ingest.scoring.follower import Following
from ingest.scoring.lesson_spans import LessonSpans
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader, open_period_store, open_score_store
from models.serving.off_task import OffTaskModel
from school import open_lesson_store
from school.lessons.change import change_lesson
from tests.aged import aged_school
from tests.aged.aged_school import BOOTS_ROOM, SITE, UPTIME_ROOM, AgedSchool
from tests.aged.aged_words import SEATS
from tests.aged.timeline import NOW, utc_ns
from tests.signed_in import cookie_of_all

IMPORTED_MS = 1e3 * time.process_time()
"""What the start of a program costs before it looks at its stores."""
TIMES = 30
ZONES = (Zone(name="left", seats=SEATS[:5]), Zone(name="right", seats=SEATS[5:]))
Figures = dict[str, float]


class Sent:
    """A message as the keeper takes it."""

    is_retained = False

    def __init__(self, topic: str, payload: bytes) -> None:
        self.topic = topic
        self.payload = payload


def cpu_ms(work: Callable[[], object]) -> float:
    """Of all threads of this process."""
    began = time.process_time()
    work()
    return 1e3 * (time.process_time() - began)


def best_ms(work: Callable[[], object], times: int = TIMES) -> float:
    return min(cpu_ms(work) for _ in range(times))


def memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def clock_now() -> ManualClock:
    hour_ns = 3_600 * SECOND_NS  # the machine has been up for a while
    return ManualClock(now_ns=hour_ns, utc_at_boot_ns=utc_ns(NOW) - hour_ns)


class Kits:
    """The kits that are up: they send a period each when they are asked to."""

    def __init__(self, school: AgedSchool) -> None:
        self._runs = school.running
        self._values = aged_school.values(np.random.default_rng(7), 1)
        self._sent = 0

    def second(self) -> list[Sent]:
        """The next second of each."""
        found = []
        for run in self._runs:
            first = (utc_ns(NOW) - utc_ns(run.starts)) // SECOND_NS + self._sent
            for batch in aged_school.batches(run, first, self._values):
                topic = Topic(SITE, run.room, run.node, "data")
                found.append(Sent(str(topic), encode(batch)))
        self._sent += 1
        return found


def ingest(school: AgedSchool, settings: ServerSettings) -> Figures:
    """Ingest's start, its ticks, and what it does each minute and hour."""
    clock, kits, figures = clock_now(), Kits(school), Figures()
    began = time.process_time()
    store, lessons = open_period_store(school.directory), open_lesson_store(school.directory)
    seat_seconds = SeatSeconds(store=store, clock=clock, max_runs=settings.ingest.max_counted)
    keeper = Keeper(
        store=store, site=SITE, clock=clock, settings=settings.ingest, seat_seconds=seat_seconds
    )
    config = LessonConfig(
        lessons=lessons, site=SITE, clock=clock, longest_ns=settings.lessons.longest_ns
    )
    upkeep = KeptUpkeep(settings=settings, clock=clock, store=store)
    checking = SealedChecking(store=store, clock=clock, seat_seconds=seat_seconds)
    for stream in store.runs("newest"):
        config.add_node(stream.room, stream.node)
    seat_seconds.begin()
    figures["start, imports included"] = IMPORTED_MS + 1e3 * (time.process_time() - began)

    def due() -> None:
        for _ in range(len(school.rooms)):  # a tick has 10 ms for this
            list(config.due())

    def tick() -> None:
        clock.advance(1)
        keeper.keep(kits.second())
        list(config.due())
        checking.step()
        upkeep.step()
        seat_seconds.count_on(5_000_000)

    figures["first configurations"] = cpu_ms(due)
    figures["first tick"] = cpu_ms(tick)
    figures["what was kept, counted"] = cpu_ms(lambda: _until(lambda: _counted(seat_seconds)))
    figures["tick of all kits"] = best_ms(tick)
    figures["sealing, nothing due"] = best_ms(
        lambda: store.seal(before_utc_ns=clock.utc_ns() - 3_600 * SECOND_NS)
    )

    def changed() -> None:
        title = f"Maths {clock.elapsed_ns()}"
        change_lesson(lessons, school.over, lambda lesson: replace(lesson, title=title))
        clock.advance(1)
        due()

    figures["configurations after a lesson's change"] = best_ms(changed, 5)
    list(retire_kept(store, settings.retention, clock.utc_ns()))
    figures["retention, nothing due"] = best_ms(
        lambda: list(retire_kept(store, settings.retention, clock.utc_ns())), 5
    )
    before = memory_mb()
    for _ in range(100):
        tick()
    figures["memory"], figures["memory grown by 100 ticks"] = memory_mb(), memory_mb() - before
    store.close()
    lessons.close()
    return figures


def _counted(seat_seconds: SeatSeconds) -> bool:
    seat_seconds.count_on(SECOND_NS)
    return not seat_seconds.is_behind


def _until(is_done: Callable[[], bool]) -> None:
    while not is_done():
        pass


def score(school: AgedSchool, settings: ServerSettings) -> Figures:
    """The scorer's start after a day away, its polls, and a rescore."""
    clock, kits, figures = clock_now(), Kits(school), Figures()
    model = OffTaskModel.load(None)
    store, lessons = open_period_store(school.directory), open_lesson_store(school.directory)
    keeper = Keeper(store=store, site=SITE, clock=clock, settings=settings.ingest)
    reader, scores = open_period_reader(school.directory), open_score_store(school.directory)

    def begun() -> Following:
        following = Following(
            settings=settings.score, model=model, clock=clock, reader=reader, scores=scores,
            lessons=lessons, longest_ns=settings.lessons.longest_ns,
            retention=settings.retention,
        )  # fmt: skip
        following.begin()
        return following

    def settled(following: Following) -> None:
        for _ in range(4):
            clock.advance(3)
            while following.step():
                pass

    def looked_at_today(following: Following) -> None:
        settled(following)
        for _ in range(2 * len(school.rooms)):  # one of the last days' lessons a poll
            following.step()
        settled(following)

    began = time.process_time()
    following = begun()
    figures["start after a day away"] = IMPORTED_MS + 1e3 * (time.process_time() - began)
    figures["its first poll"] = cpu_ms(following.step)
    figures["what was missed, scored"] = cpu_ms(lambda: settled(following))
    began = time.process_time()
    following = begun()
    figures["start, nothing missed"] = IMPORTED_MS + 1e3 * (time.process_time() - began)
    figures["its first polls"] = cpu_ms(lambda: looked_at_today(following))
    figures["poll, nothing new"] = best_ms(following.step)
    polls = []
    for _ in range(4 * TIMES):
        clock.advance(1)
        keeper.keep(kits.second())
        polls.append(cpu_ms(following.step))
    figures["poll with all kits live"] = sorted(polls)[len(polls) // 2]
    figures["poll with all kits live, the dearest"] = max(polls[20:])

    def changed(**fields: Any) -> None:
        change_lesson(lessons, school.over, lambda lesson: replace(lesson, **fields))
        following.step()

    titles = iter(range(100))
    figures["poll after a lesson's change"] = best_ms(
        lambda: changed(title=f"Art {next(titles)}"), 5
    )

    def edited() -> None:
        changed(zones=ZONES)
        settled(following)

    figures["zones edited, rescored"] = cpu_ms(edited)
    clock.advance(61)
    figures["silent lessons looked at"] = cpu_ms(following.step)
    list(retire_scores(scores, settings.retention, clock.utc_ns()))
    figures["retention, nothing due"] = best_ms(
        lambda: list(retire_scores(scores, settings.retention, clock.utc_ns())), 5
    )
    _date(figures, school, settings, partial(LessonSpans, reader=reader, lessons=lessons))
    before = memory_mb()
    for _ in range(100):
        clock.advance(1)
        keeper.keep(kits.second())
        following.step()
    figures["memory"], figures["memory grown by 100 polls"] = memory_mb(), memory_mb() - before
    for each in (store, reader, scores, lessons):
        each.close()
    return figures


def _date(
    figures: Figures,
    school: AgedSchool,
    settings: ServerSettings,
    spans_of: Callable[..., LessonSpans],
) -> None:
    """How long streams take to be dated: what the scorer does again every ten seconds."""
    clock = clock_now()
    with closing(open_period_reader(school.directory)) as reader:
        spans = spans_of(clock=clock, longest_ns=settings.lessons.longest_ns)
        with closing(open_lesson_store(school.directory)) as lessons:
            over = lessons.lessons(room=BOOTS_ROOM, to_utc_ns=school.now_utc_ns, limit=2)[-1]
        for name, room in (("a kit up for 90 days", UPTIME_ROOM), ("any other kit", "room-03")):
            stream_id = max(reader.streams(room), key=lambda each: each.id).id

            def reload(stream_id: int = stream_id) -> None:
                spans.forget()
                spans.spans(stream_id, 50, 60)

            figures[f"reload of a stream, {name}"] = best_ms(reload, 5)

        def room_dated() -> None:
            spans.forget()
            for stream_id in spans.streams_of(over):
                spans.is_dated(stream_id)
                spans.span(stream_id, over)

        figures["a lesson found again after 200 boots"] = best_ms(room_dated, 3)


def pages(school: AgedSchool, settings: ServerSettings) -> Figures:
    """The dashboard's start and pages, and what people ask on the command line."""
    with asyncio.Runner() as runner:
        figures = runner.run(_pages(school))
    with (
        closing(open_period_reader(school.directory)) as reader,
        closing(open_lesson_store(school.directory)) as lessons,
        closing(open_score_store(school.directory)) as scores,
    ):
        planner = PurgePlanner(
            reader=reader, lessons=lessons, now_utc_ns=school.now_utc_ns,
            longest_ns=settings.lessons.longest_ns,
        )  # fmt: skip
        now_ns = school.now_utc_ns
        day_ns = 86_400 * SECOND_NS
        figures["purge of a lesson, planned"] = best_ms(
            lambda: planner.plan(None, 0, now_ns, lesson_id=school.over), 5
        )
        figures["purge of a seat's day, planned"] = best_ms(
            lambda: planner.plan("room-03", now_ns - day_ns, now_ns, seat=3), 5
        )
        weeks = WeeklyLevels()
        weeks.look(scores, lessons)
        while not weeks.read(scores, lessons, max_lessons=20):
            pass
        figures["drift, nothing new"] = best_ms(lambda: weeks.look(scores, lessons), 5)
    figures["doctor, the disk and databases"] = cpu_ms(lambda: list(findings(settings)))
    figures["memory"] = memory_mb()
    return figures


async def _pages(school: AgedSchool) -> Figures:
    figures = Figures()
    began = time.process_time()
    app = create_app(partial(open_stores, school.directory), clock=clock_now())
    await app.state.store_thread.open()
    figures["start, imports included"] = IMPORTED_MS + 1e3 * (time.process_time() - began)
    transport = httpx.ASGITransport(app)
    cookies = cookie_of_all(school.directory, clock_now().utc_ns())
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", cookies=cookies
    ) as client:

        async def get(path: str, times: int = 5) -> float:
            taken = []
            for _ in range(times):
                began = time.process_time()
                answer = await client.get(path)
                taken.append(1e3 * (time.process_time() - began))
                if answer.status_code != 200:
                    raise SystemExit(f"{path} answered {answer.status_code}: {answer.text[:200]}")
            return min(taken)

        figures["list of lessons, the first time"] = await get("/", 1)
        figures["list of lessons"] = await get("/")
        figures["list of lessons, page 2"] = await get("/api/lessons?number=2")
        figures["live page, one look"] = await get("/api/rooms/room-03/live")
        figures["live page, a kit up for 90 days"] = await get(f"/api/rooms/{UPTIME_ROOM}/live")
        figures["live page, after 200 boots"] = await get(f"/api/rooms/{BOOTS_ROOM}/live")
        figures["lesson page"] = await get(f"/lessons/{school.over}")
        figures["a lesson's timeline"] = await get(f"/api/lessons/{school.over}/timeline")
    await app.state.store_thread.close()
    return figures


PARTS = {"ingest": ingest, "score": score, "pages": pages}
