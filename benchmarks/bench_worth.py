"""How long a district's sheet takes to count, and "Your time" in a school with many notes.

    python benchmarks/bench_worth.py [--people N] [--notes N] [--json]

People belong to a hundred schools, groups of which overlap at random. Notes are of three hundred
people in five thousand lessons; visits of one are looked for with and without the index of authors.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from contextlib import closing
from datetime import UTC
from pathlib import Path

from sqlalchemy import insert, text

from contract.clock import SECOND_NS
from school.database import open_school_database
from school.ledger.store import LedgerStore
from school.ledger.worth import Saving, worth_of
from school.programme.records import SchoolGroup
from school.schema import lessons, moments

_SEED = 17
_SCHOOLS = 100
_GROUPS = 20
_LESSONS = 5_000
_AUTHORS = 300
_TIMES = 20


def _sheet(people: int, draw: random.Random) -> dict[str, float]:
    sites = [f"s{number}" for number in range(_SCHOOLS)]
    savings = {
        f"p{at}": Saving(before=300.0, saved=draw.gauss(60, 40), travel_saved=20.0, weeks=14)
        for at in range(people)
    }
    sites_of = {person: draw.choice(sites) for person in savings}
    groups = [
        SchoolGroup(name=f"g{at}", title=f"g{at}", sites=frozenset(draw.sample(sites, 20)))
        for at in range(_GROUPS)
    ]
    coaches = set(list(savings)[::10])
    began = time.process_time()
    found = worth_of(savings, coaches, sites_of, groups, [], teachers=people, kits=_SCHOOLS)
    return {
        "people": people,
        "cpu_s": round(time.process_time() - began, 2),
        "rows of groups": sum(row.saved is not None for row in found.groups[1:]),
    }


def _visits(notes: int, draw: random.Random) -> dict[str, float]:
    figures: dict[str, float] = {"notes": notes}
    with (
        tempfile.TemporaryDirectory(prefix="roomtone-bench-") as folder,
        closing(open_school_database(Path(folder))) as database,
    ):
        ledger = LedgerStore(database)
        with database.writing() as connection:
            connection.execute(
                insert(lessons),
                [
                    {"id": f"l{at}", "room": "r", "teacher": "t", "title": "", "activities": "[]",
                     "zones": "[]", "source": "timetable", "starts_utc_ns": at * 3_600 * SECOND_NS,
                     "ends_utc_ns": (at * 3_600 + 2_700) * SECOND_NS}
                    for at in range(_LESSONS)
                ],
            )  # fmt: skip
            connection.execute(
                insert(moments),
                [
                    {"id": f"m{at}", "lesson": f"l{draw.randrange(_LESSONS)}", "start_s": 1.0,
                     "end_s": 2.0, "note": "x" * 200, "author": f"a{draw.randrange(_AUTHORS)}",
                     "role": "coach", "began_utc_ns": at, "written_utc_ns": at}
                    for at in range(notes)
                ],
            )  # fmt: skip
        for name in ("with the index", "without it"):
            if name == "without it":
                with database.writing() as connection:
                    connection.execute(text("DROP INDEX moments_author"))
            began = time.process_time()
            for at in range(_TIMES):
                ledger.measured_of(f"a{at}", UTC, 3_600 * SECOND_NS)
            figures[f"{name}: ms"] = round((time.process_time() - began) / _TIMES * 1_000, 1)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=4_000)
    parser.add_argument("--notes", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = {
        "sheet": _sheet(given.people, random.Random(_SEED)),
        "visits": _visits(given.notes, random.Random(_SEED)),
    }
    print(json.dumps(figures, indent=None if given.json else 2))


if __name__ == "__main__":
    main()
