"""How often a video is lined up with its lesson, and what an upload's alignment costs.

    python benchmarks/bench_alignment.py [--json] [--lessons 200] [--no-upload]

Each lesson is drawn with a seed of its own: its plan, its room, and the camera with its place, gain,
noise, clock and start (`simulators/lesson_video/camera.py`). The levels that the camera's file would
have go straight into the alignment, without encoding. The room's trace has gaps: single seconds, and one
of a minute. Right is within 0.5 s at every minute of the video. For the wrong tries each video is
held against another lesson, half of them one with the same plan on another day.

The upload is a file of 45 minutes with H.264 and AAC that the simulator writes first; its time is from
the first byte to the map, in a child process as the server does it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from school.video.alignment.line_up import Found, line_up
from school.video.media.tasks import sound_levels
from simulators.behaviour.noise import LEVELS_A_SECOND
from simulators.classroom import Classroom
from simulators.lesson_video.camera import (
    STEPS_A_SECOND,
    Camera,
    Pause,
    draw_camera,
    recorded_levels,
)
from simulators.lesson_video.film import write_lesson_video
from simulators.lessons import draw_scenario
from simulators.scenario import Scenario

RIGHT_S = 0.5
STEP_S = 1.0 / STEPS_A_SECOND
MINUTES = (40, 20, 10, 5)
OTHER_DAY = 1_000_000
"""Added to a seed: the same plan, another day."""


T = TypeVar("T")


class Try(NamedTuple):
    """What became of one video."""

    verdict: str
    is_right: bool
    is_within: bool
    """Whether ± held."""
    plus_minus_s: float
    correlation: float
    seconds: float


def room_trace(classroom: Classroom, seed: int) -> NDArray[np.float64]:
    """LAeq by second as the store has it: to a tenth of a decibel, with gaps."""
    periods = classroom.scenario.periods
    levels = classroom.levels(0, LEVELS_A_SECOND * periods).reshape(periods, LEVELS_A_SECOND)
    trace: NDArray[np.float64] = np.round(
        10.0 * np.log10(np.mean(10.0 ** (levels / 10.0), axis=1)), 1
    )
    rng = np.random.default_rng(seed)
    trace[rng.random(periods) < 0.01] = np.nan
    gap = int(rng.integers(0, periods - 60))
    trace[gap : gap + 60] = np.nan
    return trace


def camera_of(seed: int, minutes: float, scenario: Scenario, *, stops: bool = False) -> Camera:
    camera = draw_camera(seed, minutes * 60.0)
    rng = np.random.default_rng(seed + 1)
    if minutes < 40:  # somewhere in the lesson
        latest = max(0.0, scenario.periods - minutes * 60.0)
        camera = replace(camera, starts_at_s=float(rng.uniform(-60.0, latest)))
    if stops:
        at, length = float(rng.uniform(900.0, 1500.0)), float(rng.uniform(20.0, 200.0))
        camera = replace(camera, pause=Pause(at, length), starts_at_s=0.0)
    return camera


def judged(found: Found, camera: Camera, lesson_s: int) -> tuple[bool, bool]:
    """Whether it is right at every minute that is in both, and whether ± held there."""
    errors, allowed = [], []
    for video_s in np.arange(30.0, camera.length_s - 30.0, 60.0):
        true_s = float(camera.lesson_s(np.array([video_s]))[0])
        stop = camera.pause
        # When it stopped is known to about half a minute.
        near_stop = stop and -45.0 < true_s - stop.lesson_s < stop.length_s + 45.0
        if not 0.0 <= true_s < lesson_s or near_stop:
            continue
        for each in found.segments:
            if each.segment.start_s <= true_s < each.segment.end_s:
                errors.append(abs(each.segment.offset_s + each.segment.rate * true_s - video_s))
                allowed.append(each.plus_minus_s)
                break
        else:
            return False, False
    if not errors:
        return False, False
    error = np.array(errors)
    return bool(np.all(error <= RIGHT_S)), bool(np.all(error <= np.array(allowed)))


def lined_up(arguments: tuple[int, float, bool]) -> Try:
    seed, minutes, stops = arguments
    scenario = draw_scenario(seed)
    classroom = Classroom(scenario, seed)
    camera = camera_of(seed, minutes, scenario, stops=stops)
    video = recorded_levels(classroom, camera, seed)
    began = time.process_time()
    found = line_up(room_trace(classroom, seed), video, STEP_S)
    seconds = time.process_time() - began
    is_right, is_within = judged(found, camera, scenario.periods)
    best = found.segments[0] if found.segments else None
    return Try(
        found.verdict,
        is_right,
        is_within,
        best.plus_minus_s if best else 0.0,
        best.correlation if best else 0.0,
        seconds,
    )


def of_another_lesson(arguments: tuple[int, float]) -> str:
    """The verdict on a video of another lesson; of every second one with the same plan."""
    seed, minutes = arguments
    scenario = draw_scenario(seed)
    other = scenario if seed % 2 else draw_scenario(seed + 1)
    own, wrong = Classroom(scenario, seed), Classroom(other, seed + OTHER_DAY)
    video = recorded_levels(wrong, camera_of(seed, minutes, other), seed)
    return line_up(room_trace(own, seed), video, STEP_S).verdict


class InMemory:
    """A file's bytes, read as the store's are."""

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        self._file = os.open(path, os.O_RDONLY)

    def read_at(self, offset: int, count: int) -> bytes:
        return os.pread(self._file, count, offset)


def upload_seconds() -> dict[str, float]:
    """Wall and processor time of a 45-minute file, from its first byte to its map."""
    scenario = draw_scenario(7).lasting(47.0)
    classroom = Classroom(scenario, 7)
    camera = Camera(length_s=45 * 60.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lesson.mp4")
        began = time.monotonic()
        with path.open("wb") as file:
            write_lesson_video(classroom, camera, 7, file)
        made_s = time.monotonic() - began
        before = os.times()
        began = time.monotonic()
        levels = sound_levels(InMemory(path))
        decoded_s = time.monotonic() - began
        found = line_up(room_trace(classroom, 7), levels.level_db, levels.step_s)
        took_s = time.monotonic() - began
        after = os.times()
    assert found.verdict == "accepted", found
    return {
        "wall_s": took_s,
        "decoding_wall_s": decoded_s,
        "cpu_s": sum(after[:4]) - sum(before[:4]),
        "making_the_file_s": made_s,
    }


def shown(name: str, results: Iterator[T], count: int) -> list[T]:
    found: list[T] = []
    for number, each in enumerate(results, 1):
        found.append(each)
        if sys.stderr.isatty() or number % 50 == 0:
            print(f"\r{name}: {number}/{count}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found


def measured(lessons: int) -> dict[str, object]:
    rows: dict[str, object] = {}
    with ProcessPoolExecutor() as pool:
        for minutes, stops in (*((each, False) for each in MINUTES), (40, True)):
            count = lessons if minutes == 40 and not stops else lessons // 4
            name = f"{minutes} min" + (", stopped once" if stops else "")
            jobs = [(seed, float(minutes), stops) for seed in range(count)]
            tries = shown(name, pool.map(lined_up, jobs), count)
            known = [each for each in tries if each.verdict != "nothing"]
            rows[name] = {
                "lessons": count,
                "within_0.5_s": float(np.mean([each.is_right for each in tries])),
                "accepted": float(np.mean([each.verdict == "accepted" for each in tries])),
                "accepted_and_wrong": sum(
                    each.verdict == "accepted" and not each.is_right for each in tries
                ),
                "nothing_found": float(np.mean([each.verdict == "nothing" for each in tries])),
                "truth_within_plus_minus": float(np.mean([each.is_within for each in known])),
                "plus_minus_s": [
                    float(q) for q in np.quantile([k.plus_minus_s for k in known], (0.1, 0.5, 0.9))
                ],
                "correlation": [
                    float(q) for q in np.quantile([k.correlation for k in known], (0.1, 0.5, 0.9))
                ],
                "cpu_s": float(np.mean([each.seconds for each in tries])),
            }
        for minutes in (40, 20):
            others = [(seed, float(minutes)) for seed in range(lessons)]
            name = f"{minutes} min of another lesson"
            verdicts = shown(name, pool.map(of_another_lesson, others), lessons)
            rows[name] = {
                "lessons": lessons,
                "accepted_and_wrong": verdicts.count("accepted"),
                "proposed": verdicts.count("proposed") / lessons,
            }
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--lessons", type=int, default=200)
    parser.add_argument("--no-upload", action="store_true", help="leave the 45-minute file out")
    args = parser.parse_args()
    rows = measured(args.lessons)
    if not args.no_upload:
        rows["an upload of 45 min"] = upload_seconds()
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    for name, row in rows.items():
        print(name)
        assert isinstance(row, dict)
        for key, value in row.items():
            values = value if isinstance(value, list) else [value]
            print(
                f"  {key:26}",
                *(f"{each:g}" if isinstance(each, int) else f"{each:.3g}" for each in values),
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
