"""`roomtone model evaluate --recording`: judges this kind of model on labelled motion."""

from __future__ import annotations

import argparse
from pathlib import Path

from contract.errors import UsageError
from roomtone.demo.unit_arguments import add_unit_arguments
from roomtone.model_cli.progress import ProgressReport, show_progress

__all__ = ["add_recording_arguments", "evaluate_recording", "refuse_options_without_recording"]


def add_recording_arguments(parser: argparse.ArgumentParser) -> None:
    recording = parser.add_argument_group(
        "labelled recordings",
        "A Parquet file with one row per sample and the columns group, recording, x, y, z, label, and "
        "observed_at in seconds. Groups are held out in turn, in eight parts at most.",
    )
    recording.add_argument(
        "--recording", type=Path, metavar="FILE", help="the file to evaluate on, .parquet"
    )
    recording.add_argument(
        "--label", nargs="+", action="extend", metavar="LABEL",
        help="the label that counts as positive, or several that count as one",
    )  # fmt: skip
    recording.add_argument(
        "--train", type=Path, metavar="FILE",
        help="train on this file instead of on the other groups",
    )  # fmt: skip
    recording.add_argument(
        "--calibrate-s", type=float, default=0.0, metavar="S",
        help="the first S seconds of a group set its normal, which then stays fixed; they are not "
        "judged (default: the normal keeps adapting, as in a lesson)",
    )  # fmt: skip
    add_unit_arguments(recording, rate_where="if there is no observed_at")


def refuse_options_without_recording(args: argparse.Namespace) -> None:
    """Raise UsageError if an option for recordings was given without a recording."""
    for option in ("label", "train", "rate_hz", "unit", "scale", "calibrate_s"):
        if getattr(args, option) not in (None, "g", 0.0):
            name = option.replace("_", "-")
            raise UsageError(f"--{name} needs --recording FILE, which is missing.")


def evaluate_recording(args: argparse.Namespace) -> int:
    """Print the figures of a labelled recording."""
    for option in ("simulated", "leave_one_out", "model", "classrooms", "no_cache"):
        given = getattr(args, option)
        if given is not None and given is not False:
            name = option.replace("_", "-")
            raise UsageError(
                f"--{name} is for simulated classrooms and can't be used with --recording; give one of "
                "the two."
            )
    if not args.label:
        raise UsageError("--recording needs --label, the label that counts as positive.")
    if not all(one.strip() for one in args.label):
        raise UsageError("--label is empty, expected a label of the recording.")
    if not (args.calibrate_s == 0.0 or 10.0 <= args.calibrate_s <= 3600.0):
        raise UsageError(f"--calibrate-s is {args.calibrate_s:g}, expected 10 to 3600 seconds.")
    if not 0 <= args.seed < 2**32:
        raise UsageError(f"--seed is {args.seed}, expected 0 or more, and less than 2^32.")
    labels = list(dict.fromkeys(args.label))
    # scikit-learn and pyarrow are slow to import, and `card` needs neither.
    from models.recordings.evaluation import evaluate_recordings  # noqa: PLC0415
    from models.recordings.reading.file import LabelledRecording, read_labelled  # noqa: PLC0415

    def read(path: Path) -> tuple[list[LabelledRecording], list[str]]:
        return read_labelled(
            path, positive=labels, rate_hz=args.rate_hz, unit=args.unit, scale=args.scale
        )

    show_progress(f"reading {args.recording}")
    recordings, notes = read(args.recording)
    training, more = (None, []) if args.train is None else read(args.train)
    with ProgressReport() as progress:
        result = evaluate_recordings(
            recordings,
            labels=labels,
            seed=args.seed,
            training=training,
            calibrate_s=args.calibrate_s,
            notes=[*notes, *more],
            progress=progress,
        )
    print(result.to_json() if args.json else result.table())
    return 0
