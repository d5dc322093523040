"""`roomtone model evaluate --recording`: the model family on anyone's labelled motion."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Final

from contract.errors import UsageError
from roomtone.demo.unit_arguments import add_unit_arguments
from roomtone.model_cli.drawing import say

__all__ = ["add_recording_arguments", "evaluate_recording", "refuse_options_without_recording"]

_EVERY_S: Final = 5.0


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
    add_unit_arguments(recording, rate_where="where there is no observed_at")


def refuse_options_without_recording(args: argparse.Namespace) -> None:
    """Raise UsageError where an option of recordings was given and no recording."""
    for option in ("label", "train", "rate_hz", "unit", "scale", "calibrate_s"):
        if getattr(args, option) not in {None, "g", 0.0}:
            name = option.replace("_", "-")
            raise UsageError(f"--{name} goes with --recording FILE, which is missing.")


def evaluate_recording(args: argparse.Namespace) -> int:
    """Print the figures of a labelled recording."""
    for option in ("simulated", "leave_one_out", "model"):
        if getattr(args, option):
            name = option.replace("_", "-")
            raise UsageError(
                f"--{name} is of the evaluation on simulated classrooms, and --recording is one of "
                "its own; ask for one."
            )
    if not args.label:
        raise UsageError("--recording needs --label, the label that counts as positive.")
    if not (args.calibrate_s == 0.0 or 10.0 <= args.calibrate_s <= 3600.0):
        raise UsageError(f"--calibrate-s is {args.calibrate_s:g}, expected 10 to 3600 seconds.")
    if not 0 <= args.seed < 2**32:
        raise UsageError(f"--seed is {args.seed}, expected 0 or more, and less than 2^32.")
    # scikit-learn and pyarrow take their time, and `card` needs neither.
    from models.recordings.evaluation import evaluate_recordings  # noqa: PLC0415
    from models.recordings.file import LabelledRecording, read_labelled  # noqa: PLC0415

    def read(path: Path) -> tuple[list[LabelledRecording], list[str]]:
        return read_labelled(
            path, positive=args.label, rate_hz=args.rate_hz, unit=args.unit, scale=args.scale
        )

    say(f"reading {args.recording}")
    recordings, notes = read(args.recording)
    training, more = (None, []) if args.train is None else read(args.train)
    result = evaluate_recordings(
        recordings,
        label=args.label,
        seed=args.seed,
        training=training,
        calibrate_s=args.calibrate_s,
        notes=[*notes, *more],
        progress=_Telling(),
    )
    print(result.to_json() if args.json else result.table())
    return 0


class _Telling:
    """Says on stderr how far the work is, every five seconds at most."""

    def __init__(self) -> None:
        self._next_s = time.monotonic() + _EVERY_S

    def __call__(self, what: str, share: float, /) -> None:
        if time.monotonic() >= self._next_s:
            say(f"{what}, {share:.0%}")
            self._next_s = time.monotonic() + _EVERY_S
