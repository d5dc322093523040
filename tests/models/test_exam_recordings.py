"""Real wrists in a real exam, scored as a class of ten: calm is calm, uproar is told.

ROOMTONE_RECORDINGS names the folder that holds exam_motion/; the project holds no recording.
"""

from __future__ import annotations

import os
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from contract.lesson import Zone
from contract.motion import lesson_quantities
from contract.quantities import ROOM_QUANTITIES, decode, encode
from models.alerts import AlertChange, AlertTracker
from models.off_task import OffTaskModel
from models.scorer import LessonScorer
from simulators.recording import read_recording

RATE = 32
BURST_S = 90

pytestmark = [pytest.mark.slow, pytest.mark.recordings]


@pytest.fixture(scope="module")
def exam() -> np.ndarray:
    """(samples, 10, 3) in g, from 09:00 to 10:30 by the exam's clock."""
    folder = os.environ.get("ROOMTONE_RECORDINGS")
    path = Path(folder or ".") / "exam_motion" / "exam_motion.parquet"
    if not folder or not path.exists():
        pytest.skip("ROOMTONE_RECORDINGS names no folder with exam_motion/exam_motion.parquet")
    recording = read_recording(path, timezone=ZoneInfo("America/Chicago"))
    starts, samples = recording.at(time(9)), round(timedelta(minutes=90).total_seconds()) * RATE
    seats = []
    for session in recording.sessions:
        first = round((starts - session.starts).total_seconds() * RATE)
        seats.append(session.acceleration[first : first + samples])
    return np.stack(seats, axis=1)


def raised(acceleration: np.ndarray) -> tuple[list[AlertChange], float]:
    """The room's alerts, and the share of the time in which it abstained."""
    kept = encode(lesson_quantities(acceleration, float(RATE)), "seat")
    model = OffTaskModel.load()
    seats = tuple(range(1, 11))
    zones = (Zone(name="left", seats=seats[:5]), Zone(name="right", seats=seats[5:]))
    scorer = LessonScorer(model=model, seats=seats, zones=zones)
    no_sound = np.full((len(kept), len(ROOM_QUANTITIES)), np.nan, np.float32)
    epochs = scorer.update(0, decode(kept, "seat"), no_sound)
    manifest = model.manifest
    tracker = AlertTracker(room=manifest.room_alerts, zone=manifest.zone_alerts)
    changes = [change for epoch in epochs for change in tracker.update(epoch)]
    unknown = sum(epoch.room.off_task is None for epoch in epochs) / len(epochs)
    return [c for c in changes if c.change == "raised" and c.zone == "room"], unknown


def uproar(acceleration: np.ndarray, *, mg: float, starts_s: list[int]) -> np.ndarray:
    """The same with bursts in which all seats move by `mg` RMS, mostly under 5 Hz."""
    rng = np.random.default_rng(1)
    moved = acceleration.copy()
    for start in starts_s:
        n = BURST_S * RATE
        noise = rng.standard_normal((n + 8, *acceleration.shape[1:]))
        smooth = np.cumsum(noise, axis=0)
        burst = smooth[6 : n + 6] - smooth[:n]
        burst *= mg / 1000.0 / np.sqrt((burst**2).sum(axis=2).mean())
        moved[start * RATE : (start + BURST_S) * RATE] += burst.astype(np.float32)
    return moved


@pytest.mark.parametrize("half", (0, 1))
def test_an_exam_is_calm(exam: np.ndarray, half: int) -> None:
    alerts, unknown = raised(exam[half * 45 * 60 * RATE : (half + 1) * 45 * 60 * RATE])
    abstained_minutes = 45 * unknown
    assert len(alerts) + abstained_minutes <= 2


@pytest.mark.parametrize(
    ("half", "mg"), ((0, 200.0), (1, 200.0), (1, 150.0)), ids=("first", "second", "second, weaker")
)
def test_uproar_in_an_exam_is_told(exam: np.ndarray, half: int, mg: float) -> None:
    starts = [240 + 245 * at for at in range(10)]
    part = exam[half * 45 * 60 * RATE : (half + 1) * 45 * 60 * RATE]
    alerts, _ = raised(uproar(part, mg=mg, starts_s=starts))
    found = [
        any(start <= alert.first_seq < start + BURST_S for alert in alerts) for start in starts
    ]
    assert sum(found) >= 8
    assert len(alerts) <= 12
    assert all("Movement" in " ".join(alert.because) for alert in alerts)
