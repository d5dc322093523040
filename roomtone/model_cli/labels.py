"""`roomtone model recalibrate` and `train --with-labels`: learn from what a school's people said."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from contract.errors import UsageError
from models.school_model.labels import LabelledMoment
from models.school_model.recalibration import HeldOut, hold_out, recalibrated, recalibration_of
from models.school_model.training import (
    estimates_of,
    let_pass,
    school_lines,
    school_manifest,
    usable_moments,
)
from models.serving.manifest import SHIPPED, Manifest
from models.serving.off_task import OffTaskModel
from roomtone.model_cli.drawing import draw_lessons, say
from roomtone.model_cli.school_option import add_school_option, database_url
from school import open_lesson_store
from school.moments.records import Label

__all__ = [
    "add_label_arguments",
    "add_recalibrate",
    "labelled_moments",
    "recalibrate",
    "train_with_labels",
]

_OWN_MODEL: Final = "school_model.onnx"


def add_label_arguments(parser: argparse.ArgumentParser) -> None:
    """What `train` takes to learn from labels."""
    parser.add_argument(
        "--with-labels", type=Path, default=None, metavar="DATA_DIR",
        help="learn the alerts anew, and the labels in this data directory with them; trees and "
        "calibration stay those of the model that scored them",
    )  # fmt: skip
    parser.add_argument(
        "--base", type=Path, default=None, metavar="FILE",
        help="with --with-labels: the model that scored the lessons (default: the shipped one)",
    )  # fmt: skip
    add_school_option(parser)


def add_recalibrate(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Say what `recalibrate` takes."""
    parser = actions.add_parser(
        "recalibrate",
        help="fit a model's alerts to what a school's people confirmed and dismissed",
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
        help=f"where the .onnx file goes, and its .json beside it (default: DIR/{_OWN_MODEL})",
    )  # fmt: skip
    add_school_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def labelled_moments(data_dir: Path, url: SecretStr | None = None) -> list[LabelledMoment]:
    """What is kept of a school to learn from; raises UsageError where there is no such school.

    Where teacher and coach both answered, the teacher's word counts. A dismissed calm stretch
    says neither that it was lively nor that it was not, and teaches nothing.
    """
    if url is None and not (data_dir / "school.db").is_file():
        raise UsageError(f"{data_dir} holds no school.db; look at `data_dir` in server.toml.")
    with closing(open_lesson_store(data_dir, url)) as store:
        labels = store.labels()
    chosen: dict[tuple[str, str], Label] = {}
    for label in labels:
        if label.by == "teacher" or (label.lesson, label.moment) not in chosen:
            chosen[label.lesson, label.moment] = label
    return [
        _moment(label) for label in chosen.values() if label.kind != "calm" or label.is_confirmed
    ]


def _moment(label: Label) -> LabelledMoment:
    return LabelledMoment(
        lesson=label.lesson,
        in_episode=label.is_confirmed and label.kind != "calm",
        is_room=label.is_room,
        is_suggested=label.kind == "lively",
        model=label.model,
        features_version=label.features_version,
        rows=label.rows,
    )


def recalibrate(args: argparse.Namespace) -> int:
    """Fit, let the guard judge, and write the school's model only if it lets it pass."""
    output = args.data_dir / _OWN_MODEL if args.output is None else args.output
    _check_output(output)
    found = labelled_moments(args.data_dir, database_url(args))
    model = OffTaskModel.load(args.model)
    shipped = estimates_of(model.manifest)
    moments = _usable(found, model.manifest)
    held_out = hold_out(shipped, moments, lambda others: recalibrated(shipped, others))
    own = recalibration_of(shipped, moments)
    manifest = school_manifest(
        model.manifest,
        room_alerts=own.policy(model.manifest.room_alerts),
        zone_alerts=own.policy(model.manifest.zone_alerts),
        held_out=held_out,
        labels=moments,
        how="recalibrated",
    )
    _write(manifest, args.model, output)
    _tell(manifest, held_out, output, as_json=args.json)
    return 0


def train_with_labels(args: argparse.Namespace) -> int:
    """`train --with-labels`: the same guard stands before it."""
    from models.learning.rows import lesson_rows  # noqa: PLC0415
    from models.school_model.label_training import LabelTraining  # noqa: PLC0415  # scikit-learn takes its time

    output = args.output
    if output.resolve() == SHIPPED.resolve():
        output = args.with_labels / _OWN_MODEL
    _check_output(output)
    found = labelled_moments(args.with_labels, database_url(args))
    model = OffTaskModel.load(args.base)
    shipped = estimates_of(model.manifest)
    moments = _usable(found, model.manifest)
    seed = args.seed
    if seed == model.manifest.seed:
        seed += 1  # shares of lessons that the trees know would be too good
    drawn = draw_lessons(args.classrooms, seed)
    training = LabelTraining.of(model, [lesson_rows(one.lesson) for one in drawn])
    say(f"learning the alerts from {len(drawn)} drawn lessons and {len(moments)} labels")
    held_out = training.held_out(shipped, moments)
    let_pass(held_out)
    room, zone = training.policies(moments)
    manifest = school_manifest(
        model.manifest,
        room_alerts=room,
        zone_alerts=zone,
        held_out=held_out,
        labels=moments,
        how="trained with labels",
    )
    _write(manifest, args.base, output)
    _tell(manifest, held_out, output, as_json=False)
    return 0


def _check_output(output: Path) -> None:
    if not output.parent.is_dir() or output.suffix != ".onnx":
        raise UsageError(f"--output is {output}, expected a .onnx file in a folder that exists.")
    if output.resolve() == SHIPPED.resolve():
        raise UsageError("--output is the shipped model's file; a school's own goes elsewhere.")


def _usable(found: Sequence[LabelledMoment], manifest: Manifest) -> list[LabelledMoment]:
    moments, notes = usable_moments(found, manifest.version)
    say(*notes)
    return moments


def _write(manifest: Manifest, base: Path | None, output: Path) -> None:
    """The same trees under another manifest, read back as the scorer will."""
    onnx = (SHIPPED if base is None else base).read_bytes()
    OffTaskModel(onnx=onnx, manifest=manifest).save(output)
    OffTaskModel.load(output)


def _tell(manifest: Manifest, held_out: HeldOut, output: Path, *, as_json: bool) -> None:
    if as_json:
        told = {"model": manifest.version, "file": str(output), **manifest.data["school"]}
        print(json.dumps(told, indent=2))
        return
    print("\n".join(school_lines(manifest)[:2]))
    print(f"{output}: model {manifest.version}, judged on {held_out.moments} moments")
    print(f'To use it: model_file = "{output}" in [score] of server.toml, and start score anew.')
