"""How close two pages of a debrief keep, and how many debriefs one server bears.

    python benchmarks/bench_together.py [--json] [--seconds 30] [--debriefs 50]

Two Chromiums have one simulated lesson open, each through a link of its own that delays everything by
200 ms in either direction and stalls two of 100 pieces for a second more (`support/slow_link.py`). Each plays its own
copy of a video. Both say every 50 ms where their picture is; a difference is that of two such places at
the same time. A note's way is measured without the links, from the key that sends it to its line in the
other page's list. Then so many debriefs run at once without browsers, on the real `roomtone dashboard`:
one page of each reports once a second, both ping every two seconds, and every 15 s a note is written
and read by both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, sync_playwright
from support.lesson_dashboard import SPANS, dashboard, store_lesson, write_lesson
from support.many_debriefs import Times, many_debriefs
from support.slow_link import slow_link

from contract.clock import SECOND_NS
from school import open_school
from simulators.lessons import simulate_lesson
from simulators.scenario import Scenario
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie, cookie_of_all, storage_of

Figures = dict[str, float]
DELAY_S = 0.2
STALLS = 0.02
SEEKS = 10
NOTES = 10
FILM_S = 170
PATIENCE_MS = 60_000
SAMPLER = """() => {
  window.places = [];
  const video = document.querySelector('#video');
  setInterval(() => window.places.push([performance.timeOrigin + performance.now(), video.currentTime]), 50);
}"""
SEEN_AT = """(text) => new Promise((done) => {
  const look = () => [...document.querySelectorAll('.moment')].some((one) => one.textContent.includes(text));
  const watch = new MutationObserver(() => {
    if (!look()) return;
    watch.disconnect();
    done(performance.timeOrigin + performance.now());
  });
  watch.observe(document.querySelector('#moments-view'), { childList: true, subtree: true });
  window.isWatching = true;
})"""


def film_in(folder: Path) -> Path:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise SystemExit("no ffmpeg to make a video with: apt-get install ffmpeg")
    path = folder / "lesson.webm"
    subprocess.run(
        [ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=10",
         "-t", str(FILM_S), "-c:v", "libvpx", "-b:v", "100k", "-g", "20", "-deadline", "realtime",
         "-cpu-used", "8", str(path)],
        check=True,
    )  # fmt: skip
    return path


def open_page(
    browser: Browser, address: str, cookies: dict[str, str], lesson: str, film: Path
) -> Page:
    context = browser.new_context(base_url=address, storage_state=storage_of(cookies))
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"/lessons/{lesson}")
    page.wait_for_selector("body[data-drawn]")
    page.set_input_files("#video-file", film)
    page.wait_for_function("() => document.querySelector('#video').readyState >= 3")
    page.locator("#together-open").click()
    page.wait_for_selector("#together-people li")
    page.evaluate(SAMPLER)
    return page


def places(page: Page) -> NDArray[np.float64]:
    """Times and places, (n, 2), since the last call."""
    return np.array(page.evaluate("() => window.places.splice(0)"), dtype=float)


def apart_ms(
    one: NDArray[np.float64], other: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far the two were apart at times, in milliseconds."""
    first = np.interp(at, one[:, 0], one[:, 1])
    second = np.interp(at, other[:, 0], other[:, 1])
    return np.asarray(np.abs(first - second) * 1_000.0)


def measure_playing(lead: Page, follow: Page, seconds: float) -> Figures:
    lead.locator("#play").click()
    follow.wait_for_function("() => !document.querySelector('#video').paused")
    time.sleep(8.0)
    for page in (lead, follow):
        places(page)
    time.sleep(seconds)
    one, other = places(lead), places(follow)
    at = np.arange(max(one[0, 0], other[0, 0]), min(one[-1, 0], other[-1, 0]), 100.0)
    apart = apart_ms(one, other, at)
    return {
        "playing_p50_ms": float(np.median(apart)),
        "playing_p95_ms": float(np.percentile(apart, 95)),
        "playing_max_ms": float(apart.max()),
        "playing_within_150_ms": float((apart <= 150).mean()),
    }


def measure_seeks(lead: Page, follow: Page) -> Figures:
    """How long after a seek of a playing video both are within 150 ms, and stay so for half a second."""
    took = []
    for number in range(SEEKS):
        second = 20 + (number * 37) % 100
        for page in (lead, follow):
            places(page)
        began = lead.evaluate(
            "(t) => { location.hash = `#t=${t}`; return performance.timeOrigin + performance.now(); }",
            second,
        )
        time.sleep(7.0)
        one, other = places(lead), places(follow)
        at = np.arange(began, min(one[-1, 0], other[-1, 0]), 50.0)
        near = apart_ms(one, other, at) <= 150.0
        far = np.flatnonzero(~near)
        took.append(0.0 if not len(far) else float(at[far[-1]] + 50.0 - began))
    return {"seek_p50_ms": float(np.median(took)), "seek_max_ms": max(took)}


def measure_notes(
    browser: Browser, address: str, cookies: dict[str, dict[str, str]], film: Path
) -> Figures:
    writer, reader = (open_page(browser, address, cookies[who], "lesson", film) for who in cookies)
    took = []
    for number in range(NOTES):
        text = f"Note {number} of the benchmark."
        reader.evaluate(f"() => {{ window.seenAt = ({SEEN_AT})({json.dumps(text)}); }}")
        writer.locator("body").press("n")
        writer.locator("#moment-note").fill(text)
        sent = writer.evaluate(
            """() => { const at = performance.timeOrigin + performance.now();
            document.querySelector('#new-moment').requestSubmit(); return at; }"""
        )
        took.append(reader.evaluate("() => window.seenAt") - sent)
    for page in (writer, reader):
        page.context.close()
    return {
        "note_p50_ms": float(np.median(took)), "note_p95_ms": float(np.percentile(took, 95)),
        "note_max_ms": max(took),
    }  # fmt: skip


def measure_browsers(
    address: str, cookies: dict[str, dict[str, str]], film: Path, seconds: float
) -> Figures:
    port = int(address.rpartition(":")[2])
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    arguments = ["--autoplay-policy=no-user-gesture-required"]
    arguments += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browsers = [
            playwright.chromium.launch(executable_path=chromium, args=arguments) for _ in range(2)
        ]
        figures = measure_notes(browsers[0], address, cookies, film)
        with (
            slow_link(port, delay_s=DELAY_S, stalls=STALLS, seed=1) as near,
            slow_link(port, delay_s=DELAY_S, stalls=STALLS, seed=2) as far,
        ):
            lead, follow = (
                open_page(browser, f"http://127.0.0.1:{link}", cookies[who], "lesson", film)
                for browser, link, who in zip(browsers, (near, far), cookies, strict=True)
            )
            figures |= measure_playing(lead, follow, seconds)
            figures |= measure_seeks(lead, follow)
        for browser in browsers:
            browser.close()
    return figures


def p95_ms(values: list[float]) -> float:
    return float(np.percentile(values, 95) * 1_000.0)


def load_figures(times: Times) -> Figures:
    return {
        "load_pong_p95_ms": p95_ms(times.pongs),
        "load_playhead_p95_ms": p95_ms(times.playheads),
        "load_request_p95_ms": p95_ms(times.requests),
        "load_change_p95_ms": p95_ms(times.changes),
        "load_all_p95_ms": p95_ms(times.pongs + times.playheads + times.requests + times.changes),
        "load_answers": float(len(times.pongs) + len(times.playheads) + len(times.requests)),
    }


def prepare(data: Path, debriefs: int) -> dict[str, dict[str, str]]:
    """Lessons that a teacher shares with a coach, and the cookies of both."""
    epochs = write_lesson(data)
    drawn = simulate_lesson(Scenario(activities=SPANS), 3)
    names = [f"debrief-{number}" for number in range(debriefs)]
    for name in names:
        store_lesson(data, name, epochs, drawn)
    now = time.time_ns()
    cookies = {TEACHER: cookie_of_all(data, now)}
    with closing(open_school(data)) as school:
        add_person(school.people, COACH, "coach")
        for name in ["lesson", *names]:
            school.sharing.share(name, COACH, BY, until_utc_ns=now + 86_400 * SECOND_NS)
        cookies[COACH] = cookie(school.people, now, COACH)
    return cookies


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each part is watched")
    parser.add_argument("--debriefs", type=int, default=50, help="at once")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        cookies = prepare(folder / "data", args.debriefs)
        film = film_in(folder)
        with dashboard(folder) as address:
            figures: dict[str, Any] = {"load_average": os.getloadavg()[0]}
            names = [f"debrief-{number}" for number in range(args.debriefs)]
            times = asyncio.run(many_debriefs(address, names, cookies, args.seconds))
            figures |= load_figures(times)
            # After them: a person has 50 sockets at most.
            figures |= measure_browsers(address, cookies, film, args.seconds)
    if args.json:
        print(json.dumps({key: round(value, 3) for key, value in figures.items()}))
        return
    for key, value in figures.items():
        print(f"{key:28} {value:10.2f}")


if __name__ == "__main__":
    main()
