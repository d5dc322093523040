"""`roomtone model recalibrate` and `train --with-labels`: learn from a school's answers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from contract.errors import UsageError
from dashboard_api.model.school_view import school_lines
from models.school_model.labels import LabelledMoment
from models.school_model.recalibration import (
    Estimates,
    HeldOut,
    hold_out,
    recalibrated,
    recalibration_of,
)
from models.school_model.training import (
    estimates_of,
    require_improvement,
    school_manifest,
    usable_moments,
)
from models.serving.manifest import SHIPPED, ModelManifest
from models.serving.off_task import OffTaskModel
from roomtone.model_cli.drawing import draw_lessons
from roomtone.model_cli.options import add_school_option, database_url
from roomtone.model_cli.progress import show_progress
from school import open_lesson_store
from school.moments.records import Label, agreed

__all__ = [
    "add_label_arguments",
    "add_recalibrate",
    "labelled_moments",
    "recalibrate",
    "train_with_labels",
]

_OWN_MODEL: Final = "school_model.onnx"


def add_label_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `train` for labels."""
    parser.add_argument(
        "--with-labels", type=Path, default=None, metavar="DATA_DIR",
        help="train only the alerts again, also on the labels in this data directory; trees and "
        "calibration stay those of the model that scored them",
    )  # fmt: skip
    parser.add_argument(
        "--base", type=Path, default=None, metavar="FILE",
        help="with --with-labels: the model that scored the lessons (default: the shipped one)",
    )  # fmt: skip
    add_school_option(parser)


def add_recalibrate(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action `recalibrate` and its options."""
    parser = actions.add_parser(
        "recalibrate",
        help="adapt a model's alerts to the moments that a school confirmed and dismissed",
    )
    parser.add_argument(
        "--data-dir", type=Path, required=True, metavar="DIR", help="the server's data directory"
    )
    parser.add_argument(
        "--model", type=Path, default=None, metavar="FILE",
        help="the model that scored the lessons (default: the shipped one)",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, default=None, metavar="FILE",
        help=f"the .onnx file to write, with its .json next to it (default: DIR/{_OWN_MODEL})",
    )  # fmt: skip
    add_school_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def labelled_moments(data_dir: Path, url: SecretStr | None = None) -> list[LabelledMoment]:
    """Read the labelled moments of a data directory; raises UsageError if it has no school.db.

    Of several answers about one moment the one counts that `agreed` finds; a moment on which people
    disagree is left out. So is a dismissed calm stretch: it shows neither that the class was lively
    nor that it was not.
    """
    if url is None and not (data_dir / "school.db").is_file():
        raise UsageError(f"{data_dir} has no school.db; use the `data_dir` of server.toml.")
    with closing(open_lesson_store(data_dir, url)) as store:
        labels = store.labels()
    by_moment: dict[tuple[str, str], list[Label]] = {}
    for label in labels:
        by_moment.setdefault((label.lesson, label.moment), []).append(label)
    counted = [_counted(of_one) for of_one in by_moment.values()]
    return [
        LabelledMoment(
            lesson=label.lesson,
            in_episode=label.is_confirmed and label.kind != "calm",
            is_room=label.is_room,
            is_suggested=label.kind == "lively",
            model=label.model,
            features_version=label.features_version,
            rows=label.rows,
        )
        for label in counted
        if label is not None and (label.kind != "calm" or label.is_confirmed)
    ]


def _counted(of_one: Sequence[Label]) -> Label | None:
    """Of the labels of one moment the one to learn from."""
    said = agreed((label.role, label.is_confirmed) for label in of_one)
    first_teacher = sorted(of_one, key=lambda label: label.role != "teacher")
    return next((label for label in first_teacher if label.is_confirmed is said), None)


def recalibrate(args: argparse.Namespace) -> int:
    """Fit the alerts, and write the school's model only if it is an improvement."""
    output = args.data_dir / _OWN_MODEL if args.output is None else args.output
    model, shipped, moments = _inputs(args, args.data_dir, args.model, output)
    manifest = model.manifest
    held_out = hold_out(shipped, moments, lambda others: recalibrated(shipped, others))
    own = recalibration_of(shipped, moments)
    new = school_manifest(
        manifest,
        room_alerts=own.policy(manifest.room_alerts),
        zone_alerts=own.policy(manifest.zone_alerts),
        held_out=held_out,
        labels=moments,
        how="recalibrated",
    )
    return _write(new, held_out, args.model, output, as_json=args.json)


def train_with_labels(args: argparse.Namespace) -> int:
    """`train --with-labels`: also writes only if it is an improvement."""
    from models.learning.rows import lesson_rows  # noqa: PLC0415
    from models.school_model.label_training import LabelTraining  # noqa: PLC0415  # scikit-learn is slow to import

    output = args.output
    if output.resolve() == SHIPPED.resolve():
        output = args.with_labels / _OWN_MODEL
    model, shipped, moments = _inputs(args, args.with_labels, args.base, output)
    seed = args.seed
    if seed == model.manifest.seed:
        seed += 1  # on the training lessons, the trees' shares would be too good
    drawn = draw_lessons(args.classrooms, seed, is_cached=not args.no_cache)
    training = LabelTraining.of(model, [lesson_rows(one.lesson) for one in drawn])
    show_progress(f"learning the alerts from {len(drawn)} drawn lessons and {len(moments)} labels")
    held_out = training.held_out(shipped, moments)
    require_improvement(held_out)
    room, zone = training.policies(moments)
    new = school_manifest(
        model.manifest,
        room_alerts=room,
        zone_alerts=zone,
        held_out=held_out,
        labels=moments,
        how="trained with labels",
    )
    return _write(new, held_out, args.base, output, as_json=False)


def _check_output(output: Path) -> None:
    if not output.parent.is_dir() or output.suffix != ".onnx":
        raise UsageError(f"--output is {output}, expected a .onnx file in a folder that exists.")
    if output.resolve() == SHIPPED.resolve():
        raise UsageError(
            "--output is the shipped model's file; name another file for a school's own model."
        )


def _inputs(
    args: argparse.Namespace, data_dir: Path, base: Path | None, output: Path
) -> tuple[OffTaskModel, Estimates, list[LabelledMoment]]:
    """The model that scored the lessons, its estimates, and the moments that it can learn from."""
    _check_output(output)
    found = labelled_moments(data_dir, database_url(args))
    model = OffTaskModel.load(base)
    estimates = estimates_of(model.manifest)
    moments, notes = usable_moments(found, model.version)
    show_progress(*notes)
    return model, estimates, moments


def _write(
    manifest: ModelManifest, held_out: HeldOut, base: Path | None, output: Path, *, as_json: bool
) -> int:
    """Write the same trees with a new manifest, load the file as the scorer does, and report."""
    onnx = (SHIPPED if base is None else base).read_bytes()
    OffTaskModel(onnx=onnx, manifest=manifest).save(output)
    OffTaskModel.load(output)
    if as_json:
        report = {"model": manifest.version, "file": str(output), **manifest.data["school"]}
        print(json.dumps(report, indent=2))
        return 0
    print("\n".join(school_lines(manifest)[:2]))
    print(f"{output}: model {manifest.version}, judged on {held_out.moments} moments")
    print(f'To use it: set model_file = "{output}" in [score] of server.toml, and restart score.')
    return 0
