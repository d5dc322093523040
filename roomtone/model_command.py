"""`roomtone model`: train the off-task model, measure it, and print what it is.

It is here because training wants both sides: the simulators' classrooms and the models' learning.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.errors import UsageError
from contract.lesson import LabelledLesson
from models.off_task import SHIPPED, OffTaskModel

__all__ = ["add_arguments", "draw_lessons", "run"]

_CLASSROOMS: Final = 40
_SEED: Final = 1
_SOURCE: Final = "simulated"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    train = actions.add_parser("train", help="train a model on newly drawn simulated classrooms")
    _classes(train)
    train.add_argument(
        "--output", type=Path, default=SHIPPED, metavar="FILE",
        help="where the .onnx file goes, and its .json beside it (default: the shipped model's)",
    )  # fmt: skip
    evaluate = actions.add_parser(
        "evaluate", help="put each classroom aside in turn, and measure how well the others teach"
    )
    _classes(evaluate)
    evaluate.add_argument(
        "--simulated", action="store_true",
        help="draw the classrooms by the simulator (the only source there is so far)",
    )  # fmt: skip
    evaluate.add_argument("--json", action="store_true", help="print one JSON object, no table")
    card = actions.add_parser("card", help="print what a model is and how well it does")
    card.add_argument(
        "--model", type=Path, default=None, metavar="FILE", help="default: the shipped model"
    )


def _classes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--classrooms", type=int, default=_CLASSROOMS, metavar="N",
        help=f"how many classrooms to draw, 4 or more (default: {_CLASSROOMS})",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=_SEED, metavar="N",
        help=f"what is drawn; the same seed gives the same classrooms (default: {_SEED})",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    if args.action == "card":
        print(_card(OffTaskModel.load(args.model)))
        return 0
    if args.classrooms < 4:
        raise UsageError(f"--classrooms is {args.classrooms}, expected 4 or more.")
    if args.seed < 0:
        raise UsageError(f"--seed is {args.seed}, expected 0 or more.")
    if args.action == "train":
        return _train(args.classrooms, args.seed, args.output)
    return _evaluate(args.classrooms, args.seed, as_json=args.json)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnLesson:
    """A simulated lesson, and the true kind of each second's movement for the ceiling."""

    lesson: LabelledLesson
    movement: NDArray[np.int8]


def draw_lessons(classrooms: int, seed: int) -> list[DrawnLesson]:
    """Newly drawn classrooms with one lesson each; no other seed draws any of them."""
    _say(f"drawing {classrooms} simulated classrooms")
    seeds = [seed * 1_000_000 + at for at in range(classrooms)]
    # Spawned, not forked: NumPy has threads by now.
    with ProcessPoolExecutor(
        max_workers=min(classrooms, os.cpu_count() or 1), mp_context=get_context("spawn")
    ) as pool:
        return list(pool.map(_draw, seeds))


def _draw(seed: int) -> DrawnLesson:
    from simulators.classroom import Classroom  # noqa: PLC0415  # `card` needs no simulator
    from simulators.lessons import draw_scenario, lesson_of  # noqa: PLC0415

    classroom = Classroom(draw_scenario(seed), seed)
    return DrawnLesson(lesson=lesson_of(classroom), movement=classroom.movements.observed)


def _train(classrooms: int, seed: int, output: Path) -> int:
    from models.ceiling import oracle_rows  # noqa: PLC0415  # scikit-learn takes its time
    from models.rows import lesson_rows  # noqa: PLC0415
    from models.train import train_rows  # noqa: PLC0415
    from simulators.movements import MOVEMENT_KINDS  # noqa: PLC0415

    if not output.parent.is_dir() or output.suffix != ".onnx":
        raise UsageError(f"--output is {output}, expected a .onnx file in a folder that exists.")
    drawn = draw_lessons(classrooms, seed)
    rows = [lesson_rows(one.lesson) for one in drawn]
    known = [
        oracle_rows(row, one.movement, len(MOVEMENT_KINDS))
        for row, one in zip(rows, drawn, strict=True)
    ]
    _say("training, and measuring on five groups of classrooms put aside in turn")
    model = train_rows(rows, seed=seed, source=_SOURCE, known=known)
    model.save(output)
    print(f"{output}: model {model.version}")
    print(_card(model))
    return 0


def _evaluate(classrooms: int, seed: int, *, as_json: bool) -> int:
    from models.evaluate import evaluate  # noqa: PLC0415
    from simulators.movements import MOVEMENT_KINDS  # noqa: PLC0415

    drawn = draw_lessons(classrooms, seed)
    _say("putting each aside in turn, with the model, the rule and the ceiling")
    result = evaluate(
        [one.lesson for one in drawn],
        seed=seed,
        source=_SOURCE,
        movements=[one.movement for one in drawn],
        movement_kinds=len(MOVEMENT_KINDS),
    )
    print(result.to_json() if as_json else result.table())
    return 0


def _card(model: OffTaskModel) -> str:
    manifest = model.manifest
    data = manifest.data
    lines = [
        f"Off-task model {manifest.version}, made with seed {manifest.seed}",
        (
            f"Data: {data['lessons']} {data['source']} lessons in {data['classrooms']} "
            f"{data['source']} classrooms, {data['seat_epochs']} seat-epochs, "
            f"{data['off_task_share']:.1%} of them off task"
        ),
        f"Features: {len(manifest.features)}, version {manifest.features_version}",
        f"Room alerts: {asdict(manifest.room_alerts)}",
        f"Zone alerts: {asdict(manifest.zone_alerts)}",
        "Made with: " + ", ".join(f"{name} {what}" for name, what in manifest.made_with.items()),
    ]
    if data["source"] == _SOURCE:
        lines.append("Tested on simulated lessons only; not yet checked in real classrooms.")
    for figures in manifest.figures.values():
        lines.append("")
        lines.append(f"On {data['source']} classrooms that it had not seen, beside the ceiling")
        ceiling = figures.get("ceiling") or {}
        rule = figures["baselines"]["movement_rule"]
        for name, value in figures.items():
            if isinstance(value, int | float):
                lines.append(
                    f"{name.replace('_', ' '):26}{value:>12.5g}"
                    f"   ceiling {_or_dash(ceiling.get(name))}"
                    f"   movement rule {_or_dash(rule.get(name))}   ({data['source']})"
                )
    return "\n".join(lines)


def _or_dash(value: float | None) -> str:
    return f"{'-':>7}" if value is None else f"{value:>7.4g}"


def _say(what: str) -> None:
    print(f"model: {what}…", file=sys.stderr, flush=True)
