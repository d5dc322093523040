"""Real wrists in a real exam, scored as a class: calm stays calm, uproar of many kinds raises alerts.

ROOMTONE_RECORDINGS names the folder that holds exam_motion/; the project holds no recording.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from contract.lesson import Zone
from contract.quantities.motion import lesson_quantities
from contract.quantities.table import ROOM_QUANTITIES, decode, encode
from models.serving.alerts import AlertChange, AlertTracker
from models.serving.off_task import OffTaskModel
from models.serving.scorer import LessonScorer
from simulators.recordings.source import read_recording

RATE = 32
BURST_S = 90
HALF_S = 45 * 60
STARTS_S = tuple(240 + 245 * at for at in range(10))
COUNTS_PER_G = 64

pytestmark = [pytest.mark.slow, pytest.mark.recordings]


@pytest.fixture(scope="module")
def exam() -> np.ndarray:
    """(samples, 10, 3) in g, from 09:00 to 10:30 by the exam's clock."""
    folder = os.environ.get("ROOMTONE_RECORDINGS")
    path = Path(folder or ".") / "exam_motion" / "exam_motion.parquet"
    if not folder or not path.exists():
        pytest.skip("ROOMTONE_RECORDINGS names no folder with exam_motion/exam_motion.parquet")
    recording = read_recording(
        path, timezone=ZoneInfo("America/Chicago"), unit="counts", scale=COUNTS_PER_G
    )
    starts, samples = recording.at(time(9)), 2 * HALF_S * RATE
    seats = []
    for session in recording.sessions:
        first = round((starts - session.starts).total_seconds() * RATE)
        seats.append(session.acceleration[first : first + samples])
    return np.stack(seats, axis=1)


def half(exam: np.ndarray, at: int) -> np.ndarray:
    return exam[at * HALF_S * RATE : (at + 1) * HALF_S * RATE]


def raised(classes: Sequence[np.ndarray]) -> list[tuple[list[AlertChange], float]]:
    """Each class's room alerts, and the share of the time in which the room abstained."""
    together = encode(lesson_quantities(np.concatenate(classes, axis=1), float(RATE)), "seat")
    ends = np.cumsum([one.shape[1] for one in classes])[:-1]
    return [scored(decode(kept, "seat")) for kept in np.split(together, ends, axis=1)]


def scored(kept: np.ndarray) -> tuple[list[AlertChange], float]:
    model = OffTaskModel.load()
    seats = tuple(range(1, kept.shape[1] + 1))
    middle = len(seats) // 2
    zones = (Zone(name="left", seats=seats[:middle]), Zone(name="right", seats=seats[middle:]))
    scorer = LessonScorer(model=model, seats=seats, zones=zones)
    no_sound = np.full((len(kept), len(ROOM_QUANTITIES)), np.nan, np.float32)
    epochs = scorer.update(0, kept, no_sound)
    manifest = model.manifest
    tracker = AlertTracker(room=manifest.room_alerts, zone=manifest.zone_alerts)
    changes = [change for epoch in epochs for change in tracker.update(epoch)]
    unknown = sum(epoch.room.off_task is None for epoch in epochs) / len(epochs)
    return [c for c in changes if c.change == "raised" and c.zone == "room"], unknown


def noise(rng: np.random.Generator, n: int, low_hz: float, high_hz: float) -> np.ndarray:
    """(n, 3) of noise between two frequencies."""
    line = np.fft.rfftfreq(n, 1.0 / RATE)
    waves = rng.standard_normal((len(line), 3)) + 1j * rng.standard_normal((len(line), 3))
    waves[(line < low_hz) | (line > high_hz)] = 0.0
    return np.fft.irfft(waves, n, axis=0)


def sine(rng: np.random.Generator, n: int, low_hz: float, high_hz: float) -> np.ndarray:
    """(n, 3) of one frequency between two, each axis with a phase of its own."""
    turn = 2.0 * np.pi * rng.uniform(low_hz, high_hz) * np.arange(n) / RATE
    return np.sin(turn[:, None] + rng.uniform(0.0, 2.0 * np.pi, 3))


def bouts(rng: np.random.Generator, n: int, low_hz: float, high_hz: float) -> np.ndarray:
    """(n, 3) of noise for 3 to 8 s, then rest for 1 to 4 s, and so on."""
    moves, at = np.zeros((n, 1)), int(rng.integers(2 * RATE))
    while at < n:
        end = at + int(rng.uniform(3.0, 8.0) * RATE)
        moves[at:end] = 1.0
        at = end + int(rng.uniform(1.0, 4.0) * RATE)
    return noise(rng, n, low_hz, high_hz) * moves


SHAPES = {
    "noise": (noise, 0.1, 15.0),
    "swaying": (noise, 0.5, 3.0),
    "rocking": (sine, 1.5, 2.5),
    "leg bounce": (sine, 4.0, 6.0),
    "wiggles": (bouts, 0.5, 5.0),
}


def uproar(acceleration: np.ndarray, shape: str, *, mg: float, share: float) -> np.ndarray:
    """The same, in the recording's own counts, with bursts in which a share of the seats, drawn
    for each, moves by `mg` RMS more.
    """
    rng = np.random.default_rng(1)
    make, low_hz, high_hz = SHAPES[shape]
    moved, seats = acceleration.copy(), acceleration.shape[1]
    for start in STARTS_S:
        span = slice(start * RATE, (start + BURST_S) * RATE)
        for seat in rng.permutation(seats)[: round(share * seats)]:
            burst = make(rng, BURST_S * RATE, low_hz, high_hz)
            burst *= mg / 1000.0 / np.sqrt((burst**2).sum(axis=1).mean())
            moved[span, seat] += burst.astype(np.float32)
    return np.clip(np.rint(moved * COUNTS_PER_G), -128, 127) / np.float32(COUNTS_PER_G)


def test_an_exam_is_calm(exam: np.ndarray) -> None:
    """Each half, thirty seats made of its halves and its middle, and six wrists of six students."""
    middle = exam[HALF_S * RATE // 2 : 3 * HALF_S * RATE // 2]
    thirty = np.concatenate([half(exam, 0), middle, half(exam, 1)], axis=1)
    six = exam[:, [1, 3, 5, 6, 8, 9]]
    for alerts, unknown in raised(
        [half(exam, 0), half(exam, 1), thirty, half(six, 0), half(six, 1)]
    ):
        abstained_minutes = 45 * unknown
        assert len(alerts) + abstained_minutes <= 2


@pytest.mark.parametrize(
    ("at", "mg", "share", "shapes"),
    (
        (0, 200.0, 1.0, ("rocking", "wiggles")),
        (1, 50.0, 0.7, ("noise", "swaying", "rocking", "leg bounce")),
        (0, 100.0, 1.0, ("swaying", "wiggles")),
    ),
    ids=("strong", "weak, seven of ten", "middling"),
)
def test_uproar_in_an_exam_raises_alerts(
    exam: np.ndarray, at: int, mg: float, share: float, shapes: tuple[str, ...]
) -> None:
    part = half(exam, at)
    reported = raised([uproar(part, shape, mg=mg, share=share) for shape in shapes])
    for shape, (alerts, _) in zip(shapes, reported, strict=True):
        found = [
            any(start <= alert.first_seq < start + BURST_S for alert in alerts)
            for start in STARTS_S
        ]
        assert sum(found) >= 8, shape
        assert len(alerts) <= 12, shape
        because = [" ".join(alert.because) for alert in alerts]
        assert all("usual movement" in text for text in because), shape
