"""`roomtone model realism`: compares simulated classrooms with recordings of real motion."""

from __future__ import annotations

import argparse
from datetime import time
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from contract.errors import RecordingError
from contract.quantities.motion import lesson_quantities
from contract.quantities.table import SEAT_QUANTITIES, decode, encode
from roomtone.model_cli.drawing import draw_lessons

__all__ = ["realism"]

_EXAM: Final = Path("exam_motion") / "exam_motion.parquet"
_CHAIR: Final = Path("chair_motion") / "chair_motion.parquet"
_TILT: Final = len(SEAT_QUANTITIES) - 1
_WRISTS_FROM, _WRISTS_MINUTES = time(9, 30), 45
_WRIST_COUNTS_PER_G: Final = 64

Array = NDArray[np.float32]


def realism(args: argparse.Namespace) -> int:
    """Print marginals side by side, and how well a classifier separates the two."""
    from models.evaluation.realism import (  # noqa: PLC0415  # scikit-learn is slow to import
        motion_marginals,
        tilt_marginals,
        two_sample_auc,
    )

    folder: Path = args.recordings
    for path in (folder / _EXAM, folder / _CHAIR):
        if not path.exists():
            raise RecordingError(
                f"There is no recording at {path}; give its folder with --recordings."
            )
    wrists, chairs = _wrists(folder / _EXAM), _chairs(folder / _CHAIR)
    drawn = draw_lessons(args.classrooms, args.seed, is_cached=not args.no_cache)
    seats = [
        one.lesson.seat[:, at]
        for one in drawn
        for at in np.flatnonzero(one.lesson.occupied.mean(axis=0) > 0.9)
    ]
    length = min(len(seat) for seat in seats)
    simulated = np.stack([seat[:length] for seat in seats], axis=1)
    _print("Seats (simulated) and wrists in an exam (real)", motion_marginals(simulated),
           motion_marginals(wrists))  # fmt: skip
    real = [wrists[:, at] for at in range(wrists.shape[1])]
    for name, area in two_sample_auc(seats, real).items():
        print(f"  classifier, ROC-AUC, {name:32}{area:>12.3f}")
    tilts = np.concatenate(
        [np.pad(one, (0, max(map(len, chairs)) - len(one)), constant_values=np.nan)[:, None]
         for one in chairs], axis=1,
    )  # fmt: skip
    _print("Seats (simulated) and gamers' chairs (real, 1 Hz)",
           tilt_marginals(simulated[:, :, _TILT]), tilt_marginals(tilts))  # fmt: skip
    return 0


def _print(title: str, simulated: dict[str, float], real: dict[str, float]) -> None:
    print(f"{title:54}{'simulated':>12}{'real':>12}")
    for name, value in simulated.items():
        print(f"  {name:52}{value:>12.3g}{real[name]:>12.3g}")


def _wrists(path: Path) -> Array:
    """The quantities of all wrists over the same 45 minutes of the exam."""
    from simulators.recordings.source import read_recording  # noqa: PLC0415

    recording = read_recording(
        path, timezone=ZoneInfo("America/Chicago"), unit="counts", scale=_WRIST_COUNTS_PER_G
    )
    starts, seats = recording.at(_WRISTS_FROM), []
    for session in recording.sessions:
        rate = round(session.rate_hz)
        first = round((starts - session.starts).total_seconds() * rate)
        part = session.acceleration[first : first + _WRISTS_MINUTES * 60 * rate]
        seats.append(lesson_quantities(part[:, None], float(rate)))
    values = np.concatenate(seats, axis=1)
    return decode(encode(values, "seat"), "seat")


def _chairs(path: Path) -> list[Array]:
    """The tilt of each player's seat from second to second, in degrees."""
    axes = [f"seat_gravity_{axis}" for axis in "xyz"]
    try:
        table = parquet.read_table(path, columns=[*axes, "match", "player"])
    except (OSError, pa.ArrowException) as error:
        raise RecordingError(f"{path} can't be read: {str(error).splitlines()[0]}.") from error
    gravity = np.stack([table[axis].to_numpy() for axis in axes], axis=1)
    names = [f"{m} {p}" for m, p in zip(*(table[c].to_pylist() for c in ("match", "player")),
                                        strict=True)]  # fmt: skip
    tilts = []
    for name in dict.fromkeys(names):
        mine = gravity[np.array(names) == name]
        size = np.linalg.norm(mine, axis=1)
        unit = mine / np.where(size > 5.0, size, np.nan)[:, None]
        cosine = np.clip((unit[1:] * unit[:-1]).sum(axis=1), -1.0, 1.0)
        tilts.append(np.degrees(np.arccos(cosine)).astype(np.float32))
    return tilts
