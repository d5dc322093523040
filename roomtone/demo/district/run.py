"""Fills the district, starts its pages, and says who signs in where; or checks all of it and ends."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
import time

from contract.errors import UsageError
from contract.one_line import one_line
from roomtone.demo.district.checking import Check
from roomtone.demo.district.filling.fill import fill
from roomtone.demo.district.filming.showing import Filming
from roomtone.demo.district.programs import DistrictPrograms
from roomtone.demo.district.walking import walk
from roomtone.demo.district.world import World
from roomtone.demo.page_port import choose_port
from roomtone.demo.run import demo_folder, interrupted_by

__all__ = ["play_district"]

_log = logging.getLogger("roomtone")


def play_district(arguments: argparse.Namespace) -> int:
    """What `roomtone demo --district` does; raises UsageError for options of a single lesson."""
    if arguments.minutes is not None or arguments.scenario != "demo":
        raise UsageError("--district has its own lessons; leave --minutes and --scenario out.")
    is_check: bool = arguments.check

    def report(line: str) -> None:
        print(one_line(line), file=sys.stderr if is_check else sys.stdout, flush=True)

    def choose() -> int:
        return choose_port(arguments.port, report)

    if arguments.port is not None:
        choose()  # refused before anything starts
    with (
        demo_folder(arguments.keep) as folder,
        interrupted_by(signal.SIGTERM, signal.SIGHUP),
    ):
        data = folder / "data"
        (folder / "logs").mkdir(exist_ok=True)
        try:
            with DistrictPrograms(folder, data, report) as programs:
                steps = _Steps()
                world = fill(
                    folder, data, seed=arguments.seed, now_utc_ns=time.time_ns(),
                    progress=_Progress(is_line=sys.stderr.isatty()),
                )  # fmt: skip
                report(f"district   {_size(world)}, in {steps.over('fill')} s, into {data}")
                programs.write_settings()
                programs.start_collector()
                months = programs.release(world)
                report(
                    f"collector  holds {months} months of each school, in "
                    f"{steps.over('collector')} s: {programs.collector}/"
                )
                programs.serve(world.put.latest, choose)
                report(f"dashboard  serves {programs.page}, in {steps.over('pages')} s")
                filming = Filming(
                    world, programs.session("teacher"), programs.session("coach"), folder, report
                )
                if is_check:
                    filming.run()
                    steps.over("video")
                    return _check(programs, world, steps)
                for who, path, what in walk(world.put):
                    report(f"{f'as {who}':<17} {what}: {programs.sign_in_page(who, path)}")
                for command in ("oversight", "evaluation write"):
                    report(
                        f"a pack            roomtone {command} --out FOLDER --config {programs.config}"
                    )
                report("                  Ctrl-C stops everything")
                with filming.in_background():
                    threading.Event().wait()
        except KeyboardInterrupt:
            report("stopped")
            return 1 if is_check else 0
    return 0


def _size(world: World) -> str:
    cast = world.cast
    lessons = sum(counts.total() for counts in world.put.lessons.values())
    return f"{len(cast.teachers)} teachers, {len(cast.coaches)} coaches, {lessons} lessons"


def _check(programs: DistrictPrograms, world: World, steps: _Steps) -> int:
    check = Check(programs, world)
    check.run()
    _log.info("check      opened %d pages and files in %d s", check.pages, steps.over("check"))
    for fault in check.faults:
        _log.error("check: %s", fault)
    report = {
        "teachers": len(world.cast.teachers),
        "coaches": len(world.cast.coaches),
        "lessons": sum(counts.total() for counts in world.put.lessons.values()),
        "scored": world.put.scored,
        "pages_fetched": check.pages,
        "reached": {who: len(crawl.found) for who, crawl in check.crawls.items()},
        "seconds": steps.took_s,
        "faults": len(check.faults),
    }
    print(json.dumps(report), flush=True)
    return 1 if check.faults else 0


class _Steps:
    """How long each step took."""

    def __init__(self) -> None:
        self.took_s: dict[str, int] = {}
        self._since = time.monotonic()

    def over(self, step: str) -> int:
        """A step is over, and the next one begins; how many seconds it took."""
        now = time.monotonic()
        self.took_s[step] = round(now - self._since)
        self._since = now
        return self.took_s[step]


class _Progress:
    """Shows progress: one updated line on a terminal, otherwise a line for some weeks."""

    def __init__(self, *, is_line: bool) -> None:
        self._is_line = is_line

    def __call__(self, weeks: int, of: int) -> None:
        text = f"district   week {weeks} of {of}"
        if self._is_line:
            end = "\r\033[K" if weeks == of else ""
            print(f"\r{text}{end}", end="", file=sys.stderr, flush=True)
        elif weeks % 5 == 0:
            print(text, file=sys.stderr, flush=True)
