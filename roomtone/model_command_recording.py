"""`roomtone model evaluate --recording`: the model family on anyone's labelled motion."""

from __future__ import annotations

import argparse
from pathlib import Path

from contract.errors import UsageError

__all__ = ["add_recording_arguments", "evaluate_recording"]


def add_recording_arguments(parser: argparse.ArgumentParser) -> None:
    """What `evaluate` takes beside the simulated classrooms."""
    recording = parser.add_argument_group(
        "labelled recordings",
        "A Parquet file with one row a sample and the columns group, recording, x, y, z, label, and "
        "observed_at in seconds. Each group is put aside in turn.",
    )
    recording.add_argument(
        "--recording", type=Path, metavar="FILE", help="the file to evaluate on, .parquet"
    )
    recording.add_argument("--label", metavar="LABEL", help="the label that counts as positive")
    recording.add_argument(
        "--train", type=Path, metavar="FILE",
        help="learn from this file instead of from the other groups",
    )  # fmt: skip
    recording.add_argument(
        "--calibrate-s", type=float, default=0.0, metavar="S",
        help="the first S seconds of a group set its normal for good, and are not judged "
        "(default: the normal runs on, as in a lesson)",
    )  # fmt: skip
    recording.add_argument(
        "--rate-hz", type=float, metavar="HZ",
        help="samples a second where there is no observed_at, 20 to 400",
    )  # fmt: skip
    recording.add_argument(
        "--unit", choices=("g", "m/s2", "counts"), default="g",
        help="what x, y and z are in (default: g)",
    )  # fmt: skip
    recording.add_argument(
        "--scale", type=float, metavar="N", help="with --unit counts: how many counts are 1 g"
    )


def evaluate_recording(args: argparse.Namespace) -> int:
    """Print the figures of a labelled recording."""
    if not args.label:
        raise UsageError("--recording needs --label, the label that counts as positive.")
    if not (args.calibrate_s == 0.0 or 10.0 <= args.calibrate_s <= 3600.0):
        raise UsageError(f"--calibrate-s is {args.calibrate_s:g}, expected 10 to 3600 seconds.")
    # scikit-learn and pyarrow take their time, and `card` needs neither.
    from models.recording_evaluation import evaluate_recordings  # noqa: PLC0415
    from models.recording_file import LabelledRecording, read_labelled  # noqa: PLC0415

    def read(path: Path) -> tuple[list[LabelledRecording], list[str]]:
        return read_labelled(
            path, positive=args.label, rate_hz=args.rate_hz, unit=args.unit, scale=args.scale
        )

    recordings, notes = read(args.recording)
    training, more = (None, []) if args.train is None else read(args.train)
    result = evaluate_recordings(
        recordings,
        label=args.label,
        seed=args.seed,
        training=training,
        calibrate_s=args.calibrate_s,
        notes=[*notes, *more],
    )
    print(result.to_json() if args.json else result.table())
    return 0
