"""A simulated lesson of 50 minutes and 30 seats on disk, and the real dashboard that serves it."""

from __future__ import annotations

import math
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import numpy as np

from contract.clock import SECOND_NS
from contract.lesson import LabelledLesson
from contract.quantities.table import encode
from contract.wire.messages import Birth, Hub, Timebase
from contract.wire.payload import FULL_LAYOUT_CODES, Batch, Layout
from ingest.stores import open_period_store, open_score_store
from ingest.stores.records import AlertRecord, Arrival, EpochRecord, Tick, ZoneEpoch
from roomtone.demo.broker import free_port
from school import open_lesson_store
from school.lessons.records import Lesson
from simulators.lessons import simulate_lesson
from simulators.scenario import ActivitySpan, Scenario

LESSON_S = 3_000
SPANS = (
    ActivitySpan(name="whole_class", minutes=18.0),
    ActivitySpan(name="small_group", minutes=20.0),
    ActivitySpan(name="individual_work", minutes=12.0),
)
STARTS_NS = 1_763_460_300 * SECOND_NS
SEED = 3
MODEL = "bench"
READY_S = 30.0


def write_lesson(directory: Path) -> list[EpochRecord]:
    """A simulated lesson, kept and sealed as the programs would; its epochs."""
    lesson = simulate_lesson(Scenario(activities=SPANS), SEED)
    layout = Layout(lesson.seats, *FULL_LAYOUT_CODES)
    rows = layout.rows(encode(lesson.seat, "seat"), encode(lesson.room, "room"))
    head: dict[str, Any] = {"node": "kit", "run": 1}
    hub = Hub(hub="a", firmware="1", seats=lesson.seats, sample_rate_hz=50.0, has_sound=True)
    birth = Birth(
        **head, boot="boot", software="bench", period_ns=SECOND_NS, run_boot_ns=0, hubs=(hub,),
        seat_codes=FULL_LAYOUT_CODES[0], room_codes=FULL_LAYOUT_CODES[1], units={},
        synchronised=True,
    )  # fmt: skip
    timebase = Timebase(
        **head, boot="boot", boot_ns=0, utc_ns=STARTS_NS, error_ns=1, synchronised=True
    )
    arrivals = []
    for first in range(0, LESSON_S, 10):
        batch = Batch(
            **head, first_seq=first, boot_ns=first * SECOND_NS, period_ns=SECOND_NS,
            synchronised=True, waited_ms=4, layout=layout, values=rows[first : first + 10],
        )  # fmt: skip
        arrivals.append(Arrival(site="bench", room="room-1", message=batch, is_live=True))
    periods = open_period_store(directory)
    births = [("bench", "room-1", birth)]
    periods.commit(Tick(received_utc_ns=STARTS_NS, births=births, timebases=[timebase]))
    now_ns = STARTS_NS + LESSON_S * SECOND_NS
    (stream_id,) = set(periods.commit(Tick(received_utc_ns=now_ns, arrivals=arrivals)))
    periods.seal(before_utc_ns=STARTS_NS + 10 * LESSON_S * SECOND_NS)
    periods.close()
    epochs = epochs_of(lesson, stream_id)
    store_lesson(directory, "lesson", epochs, lesson)
    return epochs


def epochs_of(lesson: LabelledLesson, stream_id: int) -> list[EpochRecord]:
    """Epochs of the room and its zones in the shape of a scorer's; the pages don't check them."""
    level = lesson.seat[:, :, 0] - np.nanmedian(lesson.seat[:, :, 0], axis=0)
    areas = {"room": lesson.seats, **{zone.name: zone.seats for zone in lesson.zones}}
    columns = {name: np.isin(lesson.seats, seats) for name, seats in areas.items()}
    epochs = []
    for first in range(0, len(level) - 4, 5):
        zones = []
        for name, chosen in columns.items():
            moved = float(np.nan_to_num(np.nanmean(level[first : first + 5, chosen])))
            share = 1.0 / (1.0 + math.exp(1.0 - moved / 4.0))
            zones.append(
                ZoneEpoch(
                    zone=name, seats=int(chosen.sum()), movement_db=moved,
                    movement_low_db=moved - 1.0, movement_high_db=moved + 1.0, off_task=share,
                    off_task_low=0.8 * share, off_task_high=0.2 + 0.8 * share,
                )
            )  # fmt: skip
        epochs.append(
            EpochRecord(
                lesson="lesson", stream_id=stream_id, first_seq=first,
                utc_ns=STARTS_NS + first * SECOND_NS, model=MODEL, zones=tuple(zones),
            )
        )  # fmt: skip
    return epochs


def store_lesson(
    directory: Path, name: str, epochs: list[EpochRecord], lesson: LabelledLesson
) -> None:
    """The lesson itself, its epochs, and four alerts of the room."""
    scores, lessons = open_score_store(directory), open_lesson_store(directory)
    lessons.put(
        Lesson(
            id=name, room="room-1", teacher="Ms Ortega", title="Fractions",
            starts_utc_ns=STARTS_NS, ends_utc_ns=STARTS_NS + LESSON_S * SECOND_NS, source="button",
            zones=lesson.zones,
        )
    )  # fmt: skip
    scores.commit(
        cursor=1,
        epochs=epochs,
        alerts=[
            AlertRecord(
                id=f"alert-{at}", lesson=name, room="room-1", zone="room",
                raised_utc_ns=STARTS_NS + at * SECOND_NS,
                cleared_utc_ns=STARTS_NS + (at + 90) * SECOND_NS,
                because=("About 2.0 times the room's usual movement.",), off_task=0.4,
                model=epochs[0].model,
            )
            for at in (700, 1300, 1900, 2500)
        ],
    )  # fmt: skip
    scores.close()
    lessons.close()


@contextmanager
def dashboard(directory: Path) -> Iterator[str]:
    """The address of a running dashboard."""
    port = free_port()
    config = directory / "server.toml"
    config.write_text(
        f'site = "bench"\ndata_dir = "{directory / "data"}"\n[dashboard]\nport = {port}\n'
    )
    command = [sys.executable, "-P", "-m", "roomtone", "dashboard", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as program:
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + READY_S
        try:
            while not answers(f"{address}/readyz"):
                if time.monotonic() > until:
                    raise SystemExit("the dashboard did not answer in time")
                time.sleep(0.1)
            yield address
        finally:
            program.terminate()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except (HTTPError, URLError, ConnectionError, TimeoutError):
        return False
