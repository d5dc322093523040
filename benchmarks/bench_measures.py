"""What the measures of a next step find in simulated lessons, and how often they find what is not there.

    python benchmarks/bench_measures.py [--json] [--lessons 24]

Each lesson is drawn with a seed of its own, 30 seats for 45 minutes, and scored by the shipped model. It
has two changes of activity. In some lessons restlessness of one, two or four minutes begins with the
first one; `calm` should find its length. For false alarms, two groups of lessons are drawn from the
undisturbed ones, again and again: no group differs, so each difference that is shown is a false one.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from typing import Final, NamedTuple

import numpy as np

from models.measures.calm import changes_of, seconds_until_calm
from models.measures.compare import compare
from models.measures.movement import minutes_of_more_movement
from models.measures.noise import noise_of
from models.measures.records import MeasureKind
from models.serving.off_task import OffTaskModel
from models.serving.scorer import LessonScorer
from simulators.facts import OffTask
from simulators.lessons import simulate_lesson
from simulators.scenario import PlannedSpell, Scenario

CHANGE_MINUTE: Final = 12.0
WORK_S: Final = (720.0, 1_800.0)
GROUPS_S: Final = (1_860.0, 2_580.0)
SPELLS: Final = (0.0, 1.0, 2.0, 4.0)
GROUPS: Final = ((1, 3), (2, 2), (3, 3), (6, 6))
DRAWS: Final = 4_000
KINDS: Final[tuple[MeasureKind, ...]] = ("calm", "movement", "noise")


class Values(NamedTuple):
    """The three measures of one lesson, and the time after its first change."""

    calm: float | None
    movement: float | None
    noise: float | None
    first_change: float | None


def measure(task: tuple[int, float]) -> Values:
    """Draw, score and measure one lesson."""
    seed, minutes = task
    spells = (PlannedSpell(at_minute=CHANGE_MINUTE, minutes=minutes),) if minutes else ()
    scenario = Scenario(planned_spells=spells, off_task=OffTask(spell_odds=12.0))
    lesson = simulate_lesson(scenario, seed)
    scorer = LessonScorer(model=OffTaskModel.load(), seats=lesson.seats, zones=lesson.zones)
    scores = scorer.update(0, lesson.seat, lesson.room)
    movement = np.array(
        [np.nan if one.room.movement is None else one.room.movement for one in scores]
    )
    changes = changes_of(lesson.activities)
    found = (
        seconds_until_calm(movement, changes),
        minutes_of_more_movement(movement, [WORK_S]),
        noise_of(lesson.room[:, 0].astype(np.float64), [GROUPS_S]),
        seconds_until_calm(movement, changes[:1]),
    )
    return Values(*(None if one is None else one.value for one in found))


def false_alarms(kind: MeasureKind, values: list[float], before: int, after: int) -> float:
    """How often a difference is shown between two groups of lessons that do not differ."""
    rng, shown = np.random.default_rng(1), 0
    for _ in range(DRAWS):
        drawn = rng.permutation(values)[: before + after].tolist()
        shown += compare(kind, drawn[:before], drawn[before:]).shows != "none"
    return shown / DRAWS


def found_share(long: list[float], short: list[float], n: int) -> float:
    """How often n lessons with long changeovers and n with short ones differ for `compare`."""
    rng, shown = np.random.default_rng(2), 0
    for _ in range(DRAWS):
        old, new = (rng.permutation(group)[:n].tolist() for group in (long, short))
        shown += compare("calm", old, new).shows == "less"
    return shown / DRAWS


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--lessons", type=int, default=24, help="lessons of each kind")
    args = parser.parse_args()
    tasks = [
        (1_000 * at + i, minutes) for at, minutes in enumerate(SPELLS) for i in range(args.lessons)
    ]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(tasks, pool.map(measure, tasks), strict=True))
    by_spell = {
        minutes: [one for (_, spell), one in found.items() if spell == minutes]
        for minutes in SPELLS
    }
    times = {
        spell: [one.first_change for one in group if one.first_change is not None]
        for spell, group in by_spell.items()
    }
    plain = by_spell[0.0]
    figures: dict[str, object] = {
        "lessons of each kind": args.lessons,
        "seconds until calm after a change, by minutes of restlessness": {
            f"{spell:g}": {
                "n": len(group),
                "median": float(np.median(group)),
                "middle half": [float(at) for at in np.quantile(group, (0.25, 0.75))],
            }
            for spell, group in times.items()
        },
        "4 against 1 minute, difference shown": {
            f"{n} and {n} lessons": found_share(times[4.0], times[1.0], n) for n in (2, 3, 6)
        },
    }
    for kind in KINDS:
        values = [value for one in plain if (value := getattr(one, kind)) is not None]
        figures[f"{kind}, undisturbed"] = {
            "mean": float(np.mean(values)),
            "sd": float(np.std(values, ddof=1)),
            "false alarms": {f"{n} and {m}": false_alarms(kind, values, n, m) for n, m in GROUPS},
        }
    if args.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name}: {json.dumps(value)}")


if __name__ == "__main__":
    main()
