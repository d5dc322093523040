"""Ours beside time-series databases: the same readings, one broker each, in one run.

    python benchmarks/bench_peers.py [--questdb-jar FILE] [--engines NAME ...] [--json]

Forty rooms of 30 seats send a message a second each, here as fast as each engine takes them. Ours
is Mosquitto, ingest and its store: durable, acknowledged, readable. A database gets the same
values as line protocol, with the measurements and tags of a replica: Mosquitto, then Telegraf where
`telegraf` is on the path, else the smallest consumer that is still safe. Counted is the CPU of all
processes behind the broker, from the first message until the last can be read.

`at rest` is the CPU with what comes later (sealing; flushes and merges), and the bytes after it.
The reads: five minutes of a room, all values; a lesson of 50 minutes in 600 buckets, the movement
of each seat and the level of the room; a term of lessons, each one's mean. Ours are read in
process, as the pages do; a database answers over HTTP. `kill -9` ends everything behind the broker
in the middle of live readings; it is started again, and what is left is counted. Reads that do not
agree end the run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench_store import simulated
from peers import influxdb, victoriametrics
from peers.engine import Engine
from peers.ours import measure_ours
from peers.plan import Figures, Plan
from peers.questdb import QuestDb
from peers.readings import Readings, Term
from peers.theirs import measure_theirs

from roomtone.demo.broker import mosquitto_path

OURS = "Roomtone"
COLUMNS: tuple[tuple[str, str, Callable[[Figures], str]], ...] = (
    ("values/s of CPU", "until readable", lambda f: f"{f['values_per_cpu_s'] / 1e6:.3f} M"),
    ("of CPU", "until at rest", lambda f: f"{f['values_per_cpu_s_at_rest'] / 1e6:.3f} M"),
    ("of it the", "feeder", lambda f: share(f.get("feeder_share"))),
    ("values/s", "on the clock", lambda f: f"{f['values_per_s'] / 1e6:.3f} M"),
    ("bytes", "a value", lambda f: f"{f['bytes_a_value']:.2f}"),
    ("5 min of", "a room, ms", lambda f: f"{f['read_room_ms']:.1f}"),
    ("a lesson,", "600 steps, ms", lambda f: f"{f['read_lesson_ms']:.1f}"),
    ("a term by", "lesson, ms", lambda f: f"{f['read_term_ms']:.1f}"),
    ("kill -9:", "lost", lambda f: f"{f['killed_lost']:.0f} of {f['killed_sent']:.0f}"),
    ("", "doubled", lambda f: f"{f['killed_doubled']:.0f}"),
)


def main() -> int:
    """Measure one after the other, and print a table or one JSON object."""
    arguments = parsed()
    if mosquitto_path() is None:
        print("Mosquitto is not installed: sudo apt-get install mosquitto")
        return 0
    layout, rows = simulated(arguments.simulated)
    readings = Readings(layout=layout, rows=rows, rooms=arguments.rooms)
    plan = Plan(
        rooms=arguments.rooms,
        lesson_s=arguments.lesson_seconds,
        seconds=arguments.seconds,
        killed_s=arguments.killed_seconds,
        term=Term(lessons=arguments.lessons),
        rate=arguments.rate,
    )
    telegraf = None if arguments.no_telegraf else shutil.which("telegraf")
    found: dict[str, Figures] = {}
    for name, measure in measures(arguments.questdb_jar, telegraf, readings, plan).items():
        if arguments.engines and name not in arguments.engines:
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="bench-peers-", dir=Path.cwd()) as folder:
            found[name] = measure(Path(folder))
    require_agreement(found)
    print(json.dumps({"peers": found}) if arguments.json else table(found))
    return 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rooms", type=int, default=40)
    parser.add_argument("--seconds", type=int, default=200, help="measured, of every room")
    parser.add_argument("--rate", type=float, help="messages a second instead of full speed")
    parser.add_argument("--lesson-seconds", type=int, default=3_000, help="of the lesson to read")
    parser.add_argument(
        "--killed-seconds", type=int, default=20, help="of every room, in real time"
    )
    parser.add_argument("--lessons", type=int, default=240, help="of the term")
    parser.add_argument("--simulated", type=int, default=3, help="different lessons in the rooms")
    parser.add_argument("--questdb-jar", type=Path, help="QuestDB takes part if it is named")
    parser.add_argument("--no-telegraf", action="store_true", help="use the consumer anyway")
    parser.add_argument("--engines", nargs="+", help="only these, by their names in the table")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    return parser.parse_args()


def measures(
    questdb_jar: Path | None, telegraf: str | None, readings: Readings, plan: Plan
) -> dict[str, Callable[[Path], Figures]]:
    """Name → what measures it in a directory; engines that are not installed are left out."""
    feeder = "Telegraf" if telegraf else "consumer"
    engines: dict[str, Callable[[Path], Engine]] = {}
    if shutil.which(victoriametrics.BINARY):
        engines["VictoriaMetrics"] = victoriametrics.VictoriaMetrics
    if shutil.which(influxdb.BINARY):
        engines["InfluxDB"] = influxdb.InfluxDb
    if questdb_jar is not None:
        engines["QuestDB"] = lambda folder: QuestDb(folder, questdb_jar)

    def measured(make: Callable[[Path], Engine]) -> Callable[[Path], Figures]:
        return lambda folder: measure_theirs(make(folder), telegraf, readings, plan, folder)

    return {OURS: lambda folder: measure_ours(readings, plan, folder)} | {
        f"{feeder} + {name}": measured(make) for name, make in engines.items()
    }


def share(of_cpu: float | None) -> str:
    return "–" if of_cpu is None else f"{of_cpu:.0%}"


def require_agreement(found: dict[str, Figures]) -> None:
    """End the run if an engine read something else than the others."""
    for figure in ("read_room_values", "read_lesson_values", "read_term_mean"):
        values = {name: figures[figure] for name, figures in found.items()}
        if max(values.values()) - min(values.values()) > 1e-4 * max(values.values()):
            raise SystemExit(f"the engines do not agree in {figure}: {values}")


def table(found: dict[str, Figures]) -> str:
    """A table in Markdown, with how many times each does of the others' work."""
    lines = [
        "| | " + " | ".join(f"{a} {b}".strip() for a, b, _ in COLUMNS) + " | ours is |",
        "|---" * (len(COLUMNS) + 2) + "|",
    ]
    ours = found.get(OURS)
    for name, figures in found.items():
        times = ours["values_per_cpu_s"] / figures["values_per_cpu_s"] if ours else 0
        ratio = f"{times:.1f} times" if ours and name != OURS else "–"
        cells = " | ".join(show(figures) for _, _, show in COLUMNS)
        lines.append(f"| {name} | {cells} | {ratio} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
