"""How a lesson page behaves in Chromium: first paint, scripts, frames, and a click's new picture.

    python benchmarks/bench_lesson_page.py [--json] [--loads 12] [--only-paint]

A simulated lesson of 50 minutes and 30 seats, served by the real `roomtone dashboard`; the video is a
file of this computer, H.264 at 25 pictures a second with a key frame every two seconds. First paints
are cold: each load has a browser context of its own. Their floor is a page of two lines of the same
server. Frames are the times between animation frames while the brush is dragged, while the page zooms
in and out, and while the video plays, each beside the same browser's frames at rest. A click's new
picture is the first frame of the place that was clicked, as the browser presents it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright
from playwright.sync_api import TimeoutError as TooLateError
from support.lesson_dashboard import dashboard, write_lesson

from tests.signed_in import cookie_of_all

Figures = dict[str, float]
MAX_WAIT_MS = 5_000
SETTLED_MS = 500
"""Chromium loads scripts of its own for each new window, which are no part of a page."""
SIZE: ViewportSize = {"width": 1366, "height": 625}
PAINTED = """() => new Promise((done) => new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.name === 'first-contentful-paint') done(entry.startTime);
  }
}).observe({ type: 'paint', buffered: true }))"""
FRAMES = """([what, frames]) => new Promise((done) => {
  const strip = document.querySelector('#overview');
  const box = strip.getBoundingClientRect();
  const point = (kind, share, buttons) => strip.dispatchEvent(new PointerEvent(kind, {
    bubbles: true, pointerId: 1, isPrimary: true, button: 0, buttons,
    clientX: box.left + share * box.width, clientY: box.top + box.height / 2 }));
  strip.setPointerCapture = () => {};
  const each = {
    rest: () => {},
    brush: (i) => point('pointermove', 0.25 + 0.5 * (i / frames), 1),
    zoom: (i) => document.querySelector(Math.floor(i / 6) % 2 ? '#zoom-out' : '#zoom-in').click(),
  }[what];
  if (what === 'brush') point('pointerdown', 0.2, 1);
  const times = [];
  let last = null, i = 0;
  const next = (now) => {
    if (last !== null) times.push(now - last);
    last = now;
    each(i);
    i += 1;
    if (i <= frames) requestAnimationFrame(next);
    else {
      if (what === 'brush') point('pointerup', 0.75, 0);
      done(times);
    }
  };
  requestAnimationFrame(next);
})"""
WATCH = """() => {
  const video = document.querySelector('#video');
  addEventListener('pointerdown', () => { window.clickedAt = performance.now(); window.presented = 0; }, true);
  const onFrame = (now) => {
    if (!window.presented) window.presented = now;
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
}"""


def make_film(path: Path) -> Path:
    """Three minutes of a test picture with a tone."""
    if shutil.which("ffmpeg") is None:
        raise SystemExit("no ffmpeg to make a video with: apt-get install ffmpeg")
    subprocess.run(
        [
            "ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=640x360:rate=25",
            "-f", "lavfi", "-i", "sine=frequency=300", "-t", "180", "-c:v", "libx264", "-preset",
            "ultrafast", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart",
            str(path),
        ],
        check=True,
    )  # fmt: skip
    return path


def context_of(browser: Browser, address: str, cookies: dict[str, str]) -> BrowserContext:
    context = browser.new_context(viewport=SIZE, base_url=address)
    context.add_cookies(
        [{"name": name, "value": value, "url": address} for name, value in cookies.items()]
    )
    return context


def first_paints(browser: Browser, address: str, cookies: dict[str, str], loads: int) -> Figures:
    """The lesson and the empty page in turn, so that other load on the machine affects both."""
    times: dict[str, list[float]] = {"/lessons/lesson": [], "/lessons/none": []}
    for _ in range(loads):
        for path, taken in times.items():
            context = context_of(browser, address, cookies)
            page = context.new_page()
            page.wait_for_timeout(SETTLED_MS)
            page.goto(path)
            taken.append(float(page.evaluate(PAINTED)))
            context.close()
    lesson, empty = (float(np.median(taken)) for taken in times.values())
    return {"lesson_ms": lesson, "empty_page_ms": empty, "ratio": lesson / empty}


def scripts(browser: Browser, address: str, cookies: dict[str, str]) -> Figures:
    context = context_of(browser, address, cookies)
    page = context.new_page()
    sizes: list[int] = []
    page.on(
        "requestfinished",
        lambda request: (
            sizes.append(request.sizes()["responseBodySize"])
            if request.resource_type == "script"
            else None
        ),
    )
    page.goto("/lessons/lesson")
    page.wait_for_selector("body[data-drawn]")
    page.wait_for_load_state("networkidle")
    context.close()
    return {"kilobytes": sum(sizes) / 1e3, "requests": float(len(sizes))}


def percentiles(times: Sequence[float]) -> Figures:
    return {"p50_ms": float(np.quantile(times, 0.5)), "p95_ms": float(np.quantile(times, 0.95))}


def clicks(page: Page, count: int) -> Figures:
    """Milliseconds from a click on the noise lane to the first picture of that place.

    A click next to the last one shows the same picture, so that the browser presents no new one.
    """
    page.locator("#view-to").fill("2:30")
    page.locator("#view-to").press("Enter")
    page.locator("#play").focus()
    page.evaluate(WATCH)
    box = page.locator("#noise").bounding_box()
    if box is None:
        raise SystemExit("the noise lane is not shown")
    places = np.random.default_rng(1).uniform(0.02, 0.98, count)
    times: list[float] = []
    for share in places:
        page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
        try:
            page.wait_for_function("() => window.presented > 0", timeout=MAX_WAIT_MS)
        except TooLateError:
            continue
        times.append(float(page.evaluate("window.presented - window.clickedAt")))
        page.wait_for_timeout(80)
    return percentiles(times) | {"without_a_new_picture": float(count - len(times))}


def measure(directory: Path, loads: int, *, is_only_paint: bool) -> dict[str, Figures]:
    (directory / "data").mkdir()
    write_lesson(directory / "data")
    cookies = cookie_of_all(directory / "data")
    film = make_film(directory / "film.mp4")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("no Chromium: apt-get install chromium")
    found: dict[str, Figures] = {}
    with dashboard(directory) as address, sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        found["first contentful paint, cold"] = first_paints(browser, address, cookies, loads)
        if is_only_paint:
            browser.close()
            return found
        found["scripts, compressed"] = scripts(browser, address, cookies)
        page = context_of(browser, address, cookies).new_page()
        page.goto("/lessons/lesson")
        page.wait_for_selector("body[data-drawn]")
        page.locator("#video-file").set_input_files(film)
        page.wait_for_function("() => document.querySelector('#video').readyState >= 2")
        found["a click to its picture"] = clicks(page, 40)
        page.locator("#play").click()
        found["a frame, playing"] = percentiles(page.evaluate(FRAMES, ["rest", 240]))
        page.locator("#play").click()
        for what in ("rest", "brush", "zoom"):
            page.locator("#zoom-all").press("0")
            page.wait_for_timeout(500)
            found[f"a frame, {what}"] = percentiles(page.evaluate(FRAMES, [what, 180]))
        browser.close()
    return found


def main() -> None:
    """Measure and print, as a table or as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--loads", type=int, default=12, metavar="N", help="loads of each page")
    parser.add_argument("--only-paint", action="store_true", help="only the first paints")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-lesson-page-", dir=Path.cwd()) as name:
        found = measure(Path(name), arguments.loads, is_only_paint=arguments.only_paint)
    if arguments.json:
        print(json.dumps(found))
        return
    print("the lesson page in Chromium, 1366 x 625, 50 minutes and 30 seats")
    for what, figures in found.items():
        print(what)
        for figure, value in figures.items():
            print(f"    {figure.replace('_', ' '):<26}{value:>10,.3g}")


if __name__ == "__main__":
    main()
