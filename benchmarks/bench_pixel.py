"""From the end of a sampled second to the frame in which a browser shows it.

    python benchmarks/bench_pixel.py [--json] [--seconds 150]

The whole chain in real time and with its default settings: virtual hubs on
pseudo-terminals, the real edge, Mosquitto, ingest, score and dashboard, and Chromium on the live
page of the room. Everything is on this machine, so all times are of one clock: a second ends on
the edge's boot clock, which is CLOCK_MONOTONIC; an acknowledgement gets a time when it arrives; the page's own
clock is aligned with the same clock by the quickest of many requests.

The time of painting: `performance` has no entry for a canvas (Element Timing and paint entries cover
only texts and images). So the page's drawing is observed: the first stroke on the noise chart's
canvas after an event with a new second requests an animation frame, and its callback requests
another. The first callback runs before the browser paints the frame with the stroke, the second one
after that frame was painted. So the second one's time is not earlier than the paint, and up to a
frame (17 ms) later. The figures are upper bounds.

The floor, in the same run and browser: the same page, painted by events of a bare server that
writes an answer of the same size at known times; nothing is read, stored or computed for it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from queue import Empty
from typing import Any

from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTime

from contract.clock import SECOND_NS
from contract.mqtt.link import MqttLink, Received
from contract.topics import Topic, subscription
from contract.wire.messages import Ack, Birth, decode_state
from roomtone.demo.broker import free_port
from roomtone.demo.chain import SITE, Chain, PlannedHub, PlannedLesson
from simulators.classroom import Classroom
from simulators.scenario import load_scenario

ROOM = "room-101"
WARM_S = 4
SPARE_S = 300
"""Extra length of the lesson, for machines on which the page opens late or is slow."""
LATEST_S = 60
"""A second that is not painted by then counts as missing."""
FLOOR_EVENTS = 40
FLOOR_EACH_S = 0.37
QUESTIONS = 40
DAY_S = 86_400

WATCH = """
(() => {
  const shown = window.shown = [];
  let newest = window.newest = null, waiting = [];
  window.EventSource = class extends window.EventSource {
    constructor(...all) {
      super(...all);
      this.addEventListener("live", (event) => {
        const at = performance.now();
        const { noise, clock_s, span_s } = JSON.parse(event.data);
        // Where two came at once, both are new; the page shows both.
        noise.mean.forEach((level, i) => {
          const ends_s = clock_s - span_s + i + 1;
          if (level != null && newest != null && ends_s > newest) waiting.push({ ends_s, at });
        });
        const last = noise.mean.findLastIndex((level) => level != null);
        if (last >= 0) newest = window.newest = clock_s - span_s + last + 1;
      });
    }
  };
  const { stroke } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.stroke = function (...all) {
    stroke.apply(this, all);
    if (!waiting.length || !this.canvas.closest("#noise")) return;
    const mine = waiting;
    waiting = [];
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const painted = performance.now();
      for (const second of mine) shown.push({ ...second, painted });
    }));
  };
})();
"""


PAINTED = "(last) => window.shown.some(({ ends_s }) => (ends_s + 86400) % 86400 === last)"


class Acks:
    """The time of ingest's acknowledgement, by the acknowledged second's end on the boot clock."""

    def __init__(self, link: MqttLink) -> None:
        self.at_ns: dict[int, int] = {}
        self._link = link
        self._births: dict[int, Birth] = {}
        self._acked: dict[int, int] = {}
        self._stop = threading.Event()

    def run(self) -> None:
        """Until `stop`."""
        self._link.start()
        while not self._stop.is_set():
            try:
                event = self._link.events.get(timeout=0.2)
            except Empty:
                continue
            if isinstance(event, Received):
                self._take(event, time.monotonic_ns())
                self._link.acknowledge(event)
        self._link.stop()

    def stop(self) -> None:
        """End `run`."""
        self._stop.set()

    def _take(self, message: Received, now_ns: int) -> None:
        if Topic.parse(message.topic).kind == "state":
            state = decode_state(message.payload)
            if isinstance(state, Birth):
                self._births[state.run] = state
            return
        ack = Ack.decode(message.payload)
        birth = self._births.get(ack.run)
        if birth is None or ack.part:
            return
        last = max([ack.without_hole, *(last for _, last in ack.above)])
        for seq in range(self._acked.get(ack.run, last - 1) + 1, last + 1):
            self.at_ns[birth.run_boot_ns + (seq + 1) * birth.period_ns] = now_ns
        self._acked[ack.run] = last


def bare_server(
    page: str, cookie: str, answer: dict[str, Any], sent_ns: dict[int, int], events: int
) -> ThreadingHTTPServer:
    """Serves the dashboard's page with its own events; `sent_ns` gets the time of each."""

    class Bare(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith("/events"):
                self._events()
                return
            asked = urllib.request.Request(page + self.path, headers={"Cookie": cookie})
            with urllib.request.urlopen(asked, timeout=10) as got:
                body = got.read()
                self.send_response(200)
                self.send_header("Content-Type", got.headers["Content-Type"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _events(self) -> None:
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            noise = answer["noise"]
            for at in range(events):
                time.sleep(FLOOR_EACH_S)
                answer["clock_s"] += 1
                for name, values in noise.items():
                    if isinstance(values, list):
                        noise[name] = [*values[1:], 50.0 + at % 20]
                data = f"event: live\r\ndata: {json.dumps(answer)}\r\n\r\n".encode()
                sent_ns[answer["clock_s"]] = time.monotonic_ns()
                self.wfile.write(data)
            time.sleep(1.0)

        def log_message(self, *_: object) -> None: ...

    return ThreadingHTTPServer(("127.0.0.1", 0), Bare)


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    """The address of a server that runs on a thread."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def page_zero_ns(page: Page) -> tuple[int, int]:
    """The monotonic clock when the page's own showed 0, and how far that may be off."""
    found = []
    for _ in range(QUESTIONS):
        before_ns = time.monotonic_ns()
        page_ms = page.evaluate("performance.now()")
        took_ns = time.monotonic_ns() - before_ns
        found.append((took_ns, before_ns + took_ns // 2 - round(page_ms * 1e6)))
    took_ns, zero_ns = min(found)
    return zero_ns, took_ns // 2


def open_page(page: Page, address: str) -> None:
    """The live page."""
    page.goto(f"{address}/rooms/{ROOM}/live")
    page.wait_for_function("() => Number(document.body.dataset.updates) > 0")


def wait_in_page(page: Page, fact: str, argument: float | None, seconds: float) -> float:
    """Wait for a result of a function in the page; polled rarely, so that it does not disturb.

    Returns 0 after a timeout; the figures then show what is missing.
    """
    with suppress(NotInTime):
        found = page.wait_for_function(fact, arg=argument, polling=250, timeout=seconds * 1_000)
        return float(found.json_value())
    return 0.0


def shown(page: Page) -> list[dict[str, float]]:
    """What the page has painted so far."""
    found: list[dict[str, float]] = page.evaluate("window.shown")
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--seconds", type=int, default=150, help="how many seconds to look at")
    args = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("Chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        figures = measure_pixel(Path(folder), chromium, args.seconds)
    if args.json:
        print(json.dumps({"pixel": figures}))
        return 0
    for name, value in figures.items():
        print(f"{name}: {value:.4g}")
    return 0


def plan_lesson(seconds: int) -> PlannedLesson:
    """A simulated lesson of `seconds` that begins now."""
    scenario = load_scenario("demo").lasting(-(-seconds // 60))
    classroom = Classroom(scenario, 1)
    hubs = tuple(
        PlannedHub(name=f"table-{letter}", signal=signal, seats=seats)
        for letter, signal, seats in zip(
            "abcd", classroom.hub_signals(), scenario.hub_seats, strict=True
        )
    )
    return PlannedLesson(
        room=ROOM, teacher="bench", title="", hubs=hubs, zones=scenario.zones, activities=(),
        starts_utc_ns=time.time_ns() // SECOND_NS * SECOND_NS, duration_s=seconds,
    )  # fmt: skip


def measure_pixel(folder: Path, chromium: str, seconds: int) -> dict[str, float]:
    """Figures by name."""
    plan = plan_lesson(WARM_S + seconds + SPARE_S)
    chain = Chain(
        plan, folder=folder / "chain", speed=1.0, choose_port=free_port, report=lambda _: None
    )
    arguments = ["--disable-background-networking"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    begins_s = plan.starts_utc_ns // SECOND_NS % DAY_S
    with chain, sync_playwright() as playwright:
        chain.start()
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        page.add_init_script(WATCH)
        acks = Acks(
            MqttLink(
                broker=chain.broker, client_id="bench", will=None,
                subscriptions=(subscription(SITE, "state"), subscription(SITE, "ack")),
            )
        )  # fmt: skip
        watching = threading.Thread(target=acks.run)
        watching.start()
        try:
            chain.begin()
            page.goto(chain.sign_in_page("teacher"))
            open_page(page, chain.page)
            newest_s = wait_in_page(page, "() => window.newest", None, WARM_S + LATEST_S)
            from_s = max(WARM_S, int(newest_s - begins_s) % DAY_S)
            last_s = (begins_s + from_s + seconds) % DAY_S
            wait_in_page(page, PAINTED, last_s, from_s + seconds + LATEST_S)
            page.wait_for_timeout(1_000)  # it might be painted again
        finally:
            acks.stop()
            watching.join()
        zero_ns, error_ns = page_zero_ns(page)
        records = shown(page)
        chain.stop_edge()
        answer = json.loads(chain.fetch(f"/api/rooms/{ROOM}/live"))
        floor = floor_ms(page, chain.page, chain.cookie, answer, min(FLOOR_EVENTS, seconds))
        browser.close()
    return figures_of(
        records, acks.at_ns, floor, zero_ns=zero_ns, error_ns=error_ns,
        from_s=from_s, seconds=seconds, lesson_ns=chain.clock.anchor_ns, begins_s=begins_s,
    )  # fmt: skip


def floor_ms(
    page: Page, address: str, cookie: str, answer: dict[str, Any], events: int
) -> list[float]:
    """The time for painting alone: from a bare server's write to the paint."""
    sent_ns: dict[int, int] = {}
    with serving(bare_server(address, cookie, answer, sent_ns, events)) as bare:
        open_page(page, bare)
        # The page needs one event to know what is new in the others.
        wait_in_page(page, "(n) => window.shown.length >= n", events - 1, LATEST_S)
        zero_ns, _ = page_zero_ns(page)
        records = shown(page)
        page.goto("about:blank")
    return [
        (record["painted"] * 1e6 + zero_ns - sent_ns[int(record["ends_s"])]) / 1e6
        for record in records
        if int(record["ends_s"]) in sent_ns
    ]


def figures_of(
    records: list[dict[str, float]],
    acked_ns: dict[int, int],
    floor: list[float],
    *,
    zero_ns: int,
    error_ns: int,
    from_s: int,
    seconds: int,
    lesson_ns: int,
    begins_s: int,
) -> dict[str, float]:
    """The figures of the lesson's seconds, starting at `from_s`; all times in ms."""
    lesson_s = [int(record["ends_s"] - begins_s) % DAY_S for record in records]
    wanted = range(from_s + 1, from_s + seconds + 1)
    parts: dict[str, list[float]] = {
        name: [] for name in ("total", "closed_to_kept", "kept_to_event", "event_to_painted")
    }
    for ends_s, record in zip(lesson_s, records, strict=True):
        if ends_s not in wanted:
            continue
        end_ns = lesson_ns + ends_s * SECOND_NS
        event_ns, painted_ns = (zero_ns + record[name] * 1e6 for name in ("at", "painted"))
        parts["total"].append((painted_ns - end_ns) / 1e6)
        parts["event_to_painted"].append((painted_ns - event_ns) / 1e6)
        if end_ns in acked_ns:
            parts["closed_to_kept"].append((acked_ns[end_ns] - end_ns) / 1e6)
            parts["kept_to_event"].append((event_ns - acked_ns[end_ns]) / 1e6)
    inside = [second for second in lesson_s if second in wanted]
    figures: dict[str, float] = {
        "seconds_wanted": seconds,
        "seconds_painted": len(set(inside)),
        "painted_twice": len(inside) - len(set(inside)),
        "out_of_order": sum(later < earlier for earlier, later in pairwise(inside)),
    }
    for name, times in (*parts.items(), ("floor", floor)):
        figures |= {
            f"{name}_p50_ms": percentile(times, 50),
            f"{name}_p99_ms": percentile(times, 99),
        }
    figures["total_max_ms"] = max(parts["total"], default=float("nan"))
    figures["page_clock_error_ms"] = error_ns / 1e6
    figures["p50_times_the_floor"] = figures["total_p50_ms"] / figures["floor_p50_ms"]
    figures["p99_times_the_floor"] = figures["total_p99_ms"] / figures["floor_p99_ms"]
    return figures


def percentile(times: list[float], percent: int) -> float:
    """The nearest rank; NaN of nothing."""
    if not times:
        return float("nan")
    if percent == 50:
        return statistics.median(times)
    return sorted(times)[min(len(times) - 1, -(-percent * len(times) // 100) - 1)]


if __name__ == "__main__":
    raise SystemExit(main())
