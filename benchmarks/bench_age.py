"""The cost of regular work in a store that is a school year old, compared with a store of one day.

    python benchmarks/bench_age.py [--json] [--days 76] [--rooms 40] [--only ingest score pages] [--few-timebases]

`tests/aged` makes both data directories: the same rooms and the same lessons today, and in one of
them a year of 6,000 lessons and 8,000 starts of kits behind them. Each program's work is done in a
process of its own, with the program's own classes and without a broker. Figures are milliseconds
of CPU. For repeated work they are the best of several runs, so a busy machine and a slow disk have
little effect. A start is counted from the process's beginning. Memory is the process's at the end of its work, in MB.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from support.age_programs import PARTS, Figures

from ingest.settings import ServerSettings
from tests.aged import aged_school
from tests.aged.aged_school import BOOTS_ROOM, SITE, UPTIME_ROOM
from tests.aged.timeline import YEAR_DAYS

LIMIT = 1.5


def run_part(part: str, directory: Path, days: int, rooms: int) -> Figures:
    """One program's figures on a copy of a store, in a separate process."""
    with tempfile.TemporaryDirectory(prefix="roomtone-age-", dir=directory.parent) as folder:
        copy = shutil.copytree(directory, Path(folder) / "data")
        said = subprocess.run(
            [sys.executable, __file__, "--child", part, str(copy), str(days), str(rooms)],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    return dict(json.loads(said.splitlines()[-1]))


def figures_table(figures: dict[str, dict[str, Figures]]) -> str:
    """A table: operation, young, old, ratio; ratios above the limit are marked."""
    lines = [f"{'':58}{'one day':>10}{'a year':>10}{'ratio':>8}"]
    for part, stores in figures.items():
        lines.append(part)
        for name, young in stores["young"].items():
            old = stores["aged"][name]
            ratio = old / young if young > 0 else float("nan")
            is_over = ratio > LIMIT and old - young > 0.05 and "grown" not in name
            lines.append(
                f"  {name:56}{young:10.2f}{old:10.2f}{ratio:8.2f}{'  over' if is_over else ''}"
            )
    return "\n".join(lines)


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        part, directory, for_days, rooms = sys.argv[2:6]
        school = aged_school.planned(Path(directory), days=int(for_days), rooms=int(rooms))
        settings = ServerSettings(site=SITE, data_dir=school.directory)
        print(json.dumps(PARTS[part](school, settings)))
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--days", type=int, default=YEAR_DAYS)
    parser.add_argument("--rooms", type=int, default=40)
    parser.add_argument(
        "--few-timebases", action="store_true", help="no kit has a timebase of each minute"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    args = parser.parse_args()
    figures: dict[str, dict[str, Figures]] = {part: {} for part in args.only}
    with tempfile.TemporaryDirectory(prefix="roomtone-age-") as folder:
        for name, days in (("young", 1), ("aged", args.days)):
            began = time.monotonic()
            minutely = () if args.few_timebases else (UPTIME_ROOM, BOOTS_ROOM)
            school = aged_school.build(
                Path(folder) / name, days=days, rooms=args.rooms, minutely=minutely
            )
            taken_s = time.monotonic() - began
            if not args.json:
                print(
                    f"{name}: {school.lessons} lessons, {school.streams} starts of kits, "
                    f"made in {taken_s:.1f} s", flush=True,
                )  # fmt: skip
            for part in args.only:
                figures[part][name] = run_part(part, school.directory, days, args.rooms)
            shutil.rmtree(school.directory)
    print(json.dumps(figures) if args.json else figures_table(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
