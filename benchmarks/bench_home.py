"""The cost of the start page of a school with many lessons, against one with few.

    python benchmarks/bench_home.py [--json] [--lessons 20000] [--loads 15]

Three schools, each with a page of its own in this process: 50 lessons of one teacher, 20,000 lessons
of one teacher, 20,000 lessons of sixty teachers in forty rooms. A quarter of the lessons are to come.
Times are those of the processor, the least of all loads; the pages are asked for in turn, so that other
load on the machine affects all of them. A ratio is that to the school with 50 lessons, in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
from sqlalchemy import insert

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from dashboard_api.web.store_thread import Stores
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from school import open_school
from school.database import open_school_database
from school.lessons.records import Lesson
from school.lessons.rows import lesson_values
from school.schema import lesson_owners, lessons
from tests.signed_in import add_person, cookie, header, open_test_school

NOW_NS = 1_763_460_300 * SECOND_NS
HOUR_NS = 3_600 * SECOND_NS
FEW = 50
ROOMS = 40
Figures = dict[str, float]


def pages(middle: int, count: int) -> dict[str, str]:
    """What is asked for; a deep page of many goes on from half of the way back."""
    deep = middle if count <= FEW else middle // 2
    return {
        "start page": "/",
        "a deep page": f"/?after={NOW_NS + (deep - middle) * HOUR_NS}.l{deep}",
        "a room": "/?room=room-0",
        "a week": "/?week=1",
        "a word of every title": "/?q=maths",
        "a word of no title": "/?q=xyzzy",
    }


def fill(directory: Path, count: int, teachers: int) -> None:
    """Lessons each hour, a quarter of them to come, in turn of each teacher."""
    school = open_test_school(directory)
    for i in range(teachers):
        add_person(school.people, f"t{i}", "teacher")
    school.close()
    middle = count * 3 // 4
    made = [
        Lesson(
            id=f"l{i}", room=f"room-{i // teachers % ROOMS}", teacher=f"T{i % teachers}",
            title=f"Maths {i}", starts_utc_ns=NOW_NS + (i - middle) * HOUR_NS,
            ends_utc_ns=NOW_NS + (i - middle) * HOUR_NS + HOUR_NS * 3 // 4, source="timetable",
        )
        for i in range(count)
    ]  # fmt: skip
    owners = [{"lesson": each.id, "person": f"t{i % teachers}"} for i, each in enumerate(made)]
    database = open_school_database(directory)
    with database.writing() as connection:
        connection.execute(insert(lessons), [lesson_values(each) for each in made])
        connection.execute(insert(lesson_owners), owners)
    database.close()


async def client_of(stack: AsyncExitStack, directory: Path) -> httpx.AsyncClient:
    """A browser in which the first teacher is signed in."""
    school = open_school(directory)
    stores = Stores.of_school(school, periods=MemoryPeriodStore(), scores=MemoryScoreStore())
    app = create_app(lambda: stores, clock=ManualClock(now_ns=0, utc_at_boot_ns=NOW_NS))
    await app.state.store_thread.open()
    stack.push_async_callback(app.state.store_thread.close)
    return await stack.enter_async_context(
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://127.0.0.1:8000",
            headers=header(cookie(school.people, NOW_NS, "t0")),
        )
    )


async def measure(directory: Path, count: int, loads: int) -> dict[str, Figures]:
    schools = {"few": (FEW, 1), "one teacher": (count, 1), "sixty teachers": (count, 60)}
    times: dict[tuple[str, str], list[float]] = {}
    async with AsyncExitStack() as stack:
        clients = {}
        for name, (size, teachers) in schools.items():
            fill(directory / name, size, teachers)
            clients[name] = await client_of(stack, directory / name)
        for _ in range(loads + 1):
            for name, (size, _) in schools.items():
                for page, path in pages(size * 3 // 4, size).items():
                    began = time.process_time()
                    answer = await clients[name].get(path)
                    taken = (time.process_time() - began) * 1e3
                    if answer.status_code != 200:
                        raise SystemExit(f"{path} answered {answer.status_code}")
                    times.setdefault((page, name), []).append(taken)
    least = {key: min(taken[1:]) for key, taken in times.items()}
    found: dict[str, Figures] = {}
    for page in pages(0, 0):
        few = least[page, "few"]
        found[page] = {"few, ms": few} | {
            f"{name}, {what}": least[page, name] / by
            for name in schools
            if name != "few"
            for what, by in (("ms", 1.0), ("ratio", few))
        }
    return found


def main() -> None:
    """Measure and print, as a table or as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--lessons", type=int, default=20_000, metavar="N")
    parser.add_argument("--loads", type=int, default=15, metavar="N", help="loads of each page")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-home-") as name:
        found = asyncio.run(measure(Path(name), arguments.lessons, arguments.loads))
    if arguments.json:
        print(json.dumps(found))
        return
    print(f"start page: {FEW} lessons, and {arguments.lessons} of one and of sixty teachers")
    for page, figures in found.items():
        print(page)
        for figure, value in figures.items():
            print(f"    {figure:<26}{value:>10,.3g}")


if __name__ == "__main__":
    main()
