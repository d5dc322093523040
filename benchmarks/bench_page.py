"""The cost of a lesson page: the server's time, and the time until Chromium has drawn it.

    python benchmarks/bench_page.py [--json] [--loads 15]

A simulated lesson of 50 minutes and 30 seats is sealed on disk, with epochs of five areas. The real
`roomtone dashboard` serves it. Warm means that the browser has the site's files and the server has
answered once. "Drawn" is the time from the start of the navigation to the second animation frame
after the layout of the timeline's data, which is not earlier than its paint. The floor, in the same
run, browser and site: a page of two lines without scripts, measured in the same way.

The model's card needs a school's weeks: the benchmark measures the time to read a lesson for them,
and to compute a year of 10,000 lessons.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from playwright.sync_api import BrowserContext, sync_playwright
from support.lesson_dashboard import MODEL, dashboard, write_lesson

from dashboard_api.web.model_catalog import ModelCatalog
from ingest.monitoring.weekly_levels import WeeklyLevels
from ingest.stores import open_score_store
from ingest.stores.records import EpochRecord
from models.drift import LessonLevels, measure_drift
from school import open_lesson_store
from tests.signed_in import cookie_of_all, header

WEEK_LESSONS = 200
YEAR_LESSONS = 10_000
PATHS = {
    "page_ms": "/lessons/lesson",
    "timeline_ms": "/api/lessons/lesson/timeline",
    "card_ms": "/model",
    "floor_ms": "/healthz",
}

FLOOR = """
window.addEventListener("DOMContentLoaded", () => requestAnimationFrame(() =>
  requestAnimationFrame(() => { window.floorDrawn = performance.now(); })));
"""
Figures = dict[str, float]


def server_ms(address: str, paths: dict[str, str], loads: int, cookies: dict[str, str]) -> Figures:
    """The median times of answers, with their bytes read; asked for in turn, as a browser does."""
    times: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(loads + 1):
        for name, path in paths.items():
            began = time.perf_counter()
            request = urllib.request.Request(address + path, headers=header(cookies))
            with urllib.request.urlopen(request, timeout=30) as answer:
                answer.read()
            times[name].append((time.perf_counter() - began) * 1e3)
    return {name: statistics.median(taken[1:]) for name, taken in times.items()}


def drawn_ms(context: BrowserContext, path: str, drawn: str, loads: int) -> list[float]:
    """Milliseconds from each navigation to its drawing, the first load left out."""
    page = context.new_page()
    times: list[float] = []
    for _ in range(loads + 1):
        page.goto(path, wait_until="commit")
        times.append(float(page.wait_for_function(drawn, timeout=30_000).json_value()))
        page.goto("about:blank")
    page.close()
    return sorted(times[1:])


def in_browser(address: str, loads: int, cookies: dict[str, str]) -> Figures:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        context = browser.new_context(viewport={"width": 1366, "height": 768}, base_url=address)
        context.add_cookies(
            [{"name": name, "value": value, "url": address} for name, value in cookies.items()]
        )
        context.add_init_script(FLOOR)
        # In turn, so that other load on the machine affects both.
        lesson: list[float] = []
        floor: list[float] = []
        for _ in range(3):
            part = max(2, loads // 3)
            floor += drawn_ms(context, "/lessons/none", "() => window.floorDrawn", part)
            lesson += drawn_ms(
                context, "/lessons/lesson", "() => Number(document.body?.dataset.drawn) || null", part
            )  # fmt: skip
        browser.close()
    return {
        "drawn_ms": statistics.median(lesson),
        "drawn_p90_ms": float(np.quantile(lesson, 0.9)),
        "floor_drawn_ms": statistics.median(floor),
        "drawn_times_floor": statistics.median(lesson) / statistics.median(floor),
    }


def weeks(directory: Path, epochs: list[EpochRecord]) -> Figures:
    """Reading lessons for the weeks, and computing a year of them."""
    scores, lessons = open_score_store(directory), open_lesson_store(directory)
    base = lessons.get("lesson")
    assert base is not None
    for i in range(WEEK_LESSONS):
        lessons.put(replace(base, id=f"l{i}"))
        scores.commit(cursor=1, epochs=[replace(epoch, lesson=f"l{i}") for epoch in epochs])
    levels = WeeklyLevels()
    levels.look(scores, lessons)
    began = time.perf_counter()
    while not levels.read(scores, lessons, max_lessons=20):
        pass
    each = (time.perf_counter() - began) * 1e3 / len(levels.lessons)
    looking = timed_ms(lambda: levels.look(scores, lessons))
    scores.close()
    lessons.close()
    in_use = ModelCatalog().current()
    assert in_use is not None
    year = a_year(levels.lessons[0])
    references = {MODEL: in_use.reference}
    return {
        "read_ms_per_lesson": each,
        "look_ms": looking,
        "compute_year_ms": timed_ms(lambda: measure_drift(year, references)),
    }


def a_year(pattern: LessonLevels) -> list[LessonLevels]:
    """Ten rooms, forty weeks, twenty-five lessons a week in each; every lesson slightly different."""
    rng = np.random.default_rng(1)
    return [
        replace(
            pattern,
            lesson=f"l{i}",
            room=f"room-{i % 10}",
            week=f"2026-W{1 + i * 40 // YEAR_LESSONS:02}",
            movement_db=pattern.movement_db + np.float32(rng.normal()),
        )
        for i in range(YEAR_LESSONS)
    ]


def timed_ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def measure_pages(directory: Path, loads: int) -> dict[str, Figures]:
    (directory / "data").mkdir()
    epochs = write_lesson(directory / "data")
    cookies = cookie_of_all(directory / "data")
    with dashboard(directory) as address:
        server = server_ms(address, PATHS, loads, cookies)
        server["lesson_ms"] = server["page_ms"] + server["timeline_ms"]
        server["lesson_times_floor"] = server["lesson_ms"] / server["floor_ms"]
        browser = in_browser(address, loads, cookies)
    return {
        "lesson page, server, warm": server,
        "lesson page in Chromium, 1366 x 768, warm": browser,
        "drift over the weeks": weeks(directory / "data", epochs),
    }


def main() -> None:
    """Measure and print, as a table or as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--loads", type=int, default=15, metavar="N", help="loads of each page")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-page-", dir=Path.cwd()) as name:
        found = measure_pages(Path(name), arguments.loads)
    if arguments.json:
        print(json.dumps(found))
        return
    print("pages, on a simulated lesson of 50 minutes and 30 seats")
    for what, figures in found.items():
        print(what)
        for figure, value in figures.items():
            print(f"    {figure.replace('_', ' '):<26}{value:>10,.3g}")


if __name__ == "__main__":
    main()
