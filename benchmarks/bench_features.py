"""Which features and learners hold on groups that were not learned from, by the worst case.

    python benchmarks/bench_features.py [--recordings FOLDER] [--classrooms N] [--only NAME] [--json]

FOLDER holds wrist_activities/wrist_activities.parquet; without it the environment's
ROOMTONE_RECORDINGS is used. Its people are ten activities at a table, not a lesson, in five groupings.
Four parts of them are held out in turn. Those are judged as they are, with their recordings in another
order, with readings half and twice as large, and with a clock that is wrong. Simulated classrooms of
both generators are judged the same way, also by what was learned from the other generator.

*Chosen* is what `roomtone model evaluate --recording` does: it chooses on the people that are learned
from. The other candidates are single learners and kinds of features. The quality of a candidate is the
mean of the pooled ROC-AUC and of the groups' mean ROC-AUC; its regret is how far it is below the best
candidate. The last lines are each candidate's largest regret over everything, the smallest first.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from support.feature_data import GROUPINGS, Task, classrooms, people

from models.learning.rows import LessonRows
from models.ranking import has_two, roc_area
from models.recordings.columns import KINDS
from models.recordings.interval import intervals
from models.recordings.learners import LEARNERS, Trees, fit_trees
from models.recordings.learning import examples_of, learn, thinned

PARTS: Final = 4
CHOSEN: Final = "chosen"
Floats = NDArray[np.float64]


def said(training: Sequence[LessonRows], judged: Sequence[LessonRows]) -> list[dict[str, Floats]]:
    """What each candidate says of the counted epochs of each of these groups."""
    examples = thinned(examples_of(training))
    learned = learn(training, seed=1)
    simple = {name: fit(examples, 1) for name, fit in list(LEARNERS.items())[:-1]}
    trees = learned.fitted if isinstance(learned.fitted, Trees) else fit_trees(examples, 1)
    found = []
    for rows in judged:
        values, level = rows.values[rows.counted], rows.truth[rows.counted]
        own = {CHOSEN: learned.judge(rows).p[rows.counted]}
        own |= {name: fitted.scores(values, level) for name, fitted in simple.items()}
        each = trees.each(values)  # (kinds, learners, epochs)
        for size in range(1, len(KINDS) + 1):
            for chosen in combinations(range(len(KINDS)), size):
                name = " + ".join(list(KINDS)[at] for at in chosen)
                own[f"trees: {name}"] = each[list(chosen)].mean(axis=(0, 1))
        own["boosted trees alone"] = each[:, 0].mean(axis=0)
        own["randomised trees alone"] = each[:, 1].mean(axis=0)
        found.append(own)
    return found


def figures(truth: Sequence[NDArray[np.bool_]], values: Sequence[Floats]) -> dict[str, float]:
    areas = [roc_area(*pair) for pair in zip(truth, values, strict=True) if has_two(pair[0])]
    pooled = roc_area(np.concatenate(truth), np.concatenate(values))
    mean = float(np.mean(areas))
    return {
        "roc_auc": pooled,
        "group_mean": mean,
        "worst": min(areas),
        "quality": (pooled + mean) / 2,
    }


def measured(task: Task) -> dict[str, dict[str, Any]]:
    """By condition: the figures of each candidate, with intervals for what is chosen."""
    values: dict[str, dict[int, dict[str, Floats]]] = defaultdict(dict)
    count = len(task.training)
    for part in range(PARTS):
        aside = range(part, count, PARTS)
        training = [one for at, one in enumerate(task.training) if at not in aside]
        every = [rows[at] for rows in task.judged.values() for at in aside]
        found = iter(said(training, every))
        for how in task.judged:
            values[how] |= {at: next(found) for at in aside}
    result: dict[str, dict[str, Any]] = {}
    for how, rows in task.judged.items():
        truth = [one.off_task[one.counted] for one in rows]
        names = list(values[how][0])
        own = {name: [values[how][at][name] for at in range(count)] for name in names}
        result[how] = {name: figures(truth, one) for name, one in own.items()}
        result[how][CHOSEN]["ci"] = intervals(truth, own[CHOSEN], 1)
    return result


def regrets(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, tuple[float, str]]:
    """Each candidate's largest regret, and where it is."""
    largest: dict[str, tuple[float, str]] = {}
    for task, conditions in found.items():
        for how, candidates in conditions.items():
            best = max(one["quality"] for one in candidates.values())
            for name, one in candidates.items():
                own = best - one["quality"], f"{task}, {how}"
                largest[name] = max(largest.get(name, own), own)
    return dict(sorted(largest.items(), key=lambda item: item[1]))


def line(task: str, how: str, candidates: Mapping[str, Mapping[str, Any]]) -> str:
    own = candidates[CHOSEN]
    (low, high), (mean_low, mean_high) = (own["ci"][name] for name in ("roc_auc", "group_mean"))
    others = ", ".join(
        f"{name} {one['quality']:.3f}" for name, one in candidates.items() if name != CHOSEN
    )
    return (
        f"{task}, {how}: ROC-AUC {own['roc_auc']:.3f} ({low:.3f} to {high:.3f}), by group "
        f"{own['group_mean']:.3f} ({mean_low:.3f} to {mean_high:.3f}), worst {own['worst']:.3f}; "
        f"quality {own['quality']:.3f}; {others}"
    )


def tasks(args: argparse.Namespace) -> list[Any]:
    """Functions that make a task, or several, in the order of the output."""
    folder = args.recordings or Path(os.environ.get("ROOMTONE_RECORDINGS", "."))
    path = folder / "wrist_activities" / "wrist_activities.parquet"
    names = [args.only] if args.only else list(GROUPINGS)
    if not path.exists():
        print(f"{path} does not exist; name the folder with --recordings.", file=sys.stderr)
        names = []
    made = [lambda name=name: [people(path, name)] for name in names]
    return [*made, *([lambda: classrooms(args.classrooms, 41)] if args.classrooms else [])]


def main() -> int:
    """Print the figures of all tasks, and the largest regrets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--recordings", type=Path, help="the folder with the recordings")
    parser.add_argument("--classrooms", type=int, default=0, help="of each generator, 4 or more")
    parser.add_argument("--only", choices=GROUPINGS, help="this grouping alone")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    args = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    for make in tasks(args):
        for task in make():
            found[task.name] = measured(task)
            for how, candidates in found[task.name].items():
                if not args.json:
                    print(line(task.name, how, candidates), flush=True)
    worst = regrets(found)
    if args.json:
        print(json.dumps({"features": found, "largest_regret": worst}))
        return 0
    for name, (regret, where) in worst.items():
        print(f"largest regret of {name}: {regret:.3f} ({where})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
