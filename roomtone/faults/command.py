"""`roomtone faults`: causes each fault, and counts the outcome of every seat-second."""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from contract.errors import UsageError
from roomtone.demo.broker import mosquitto_path
from roomtone.demo.run import interrupted_by
from roomtone.faults import FAULTS
from roomtone.faults.case import Result
from roomtone.faults.children import FaultError
from roomtone.faults.matrix import run_all, select_cases

__all__ = ["add_arguments", "markdown_table", "run"]

_MAX_NOTES: Final = 6
_SWITCH_S: Final = 0.0002
_COLUMNS: Final = (
    "fault", "where", "sampled", "kept", "sound_kept", "lost", "doubled", "out_of_order", "changed",
    "gap_s", "recovery_s",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--quick", action="store_true", help="only the most important faults, in under a minute"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME",
        help=f"only this fault, or NAME:PLACE; may be repeated ({', '.join(FAULTS)})",
    )  # fmt: skip
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object as the last line instead of a table",
    )
    parser.add_argument(
        "--seed", type=int, default=1,
        help="seed for pupils, garbage, and when, where and how long each fault strikes "
        "(default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--keep", type=Path, default=None, metavar="FOLDER",
        help="keep stores and logs in this folder (default: a temporary one, deleted at the end)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """0 if nothing was lost, doubled or out of order and every fault took effect, else 1."""
    for name in arguments.only:
        fault, _, place = name.partition(":")
        if fault not in FAULTS:
            raise UsageError(f"--only: there is no fault {name!r}; there are {', '.join(FAULTS)}.")
        if place and place not in FAULTS[fault].places:
            places = ", ".join(FAULTS[fault].places)
            raise UsageError(f"--only: {fault} has no place {place!r}; it has {places}.")
    if mosquitto_path() is None:
        raise FaultError(
            "The fault matrix needs Mosquitto, which is not installed here: install the package "
            "mosquitto."
        )
    pairs = select_cases(is_quick=arguments.quick, only=arguments.only)
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="roomtone-faults-"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--keep: {folder} can't be made ({error.strerror}); name another folder."
        ) from error
    if any(folder.iterdir()):
        raise UsageError(f"--keep: {folder} is not empty; name another folder, or empty it.")
    began = time.monotonic()

    def report(line: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {line}", file=sys.stderr, flush=True)

    # The virtual hubs are threads of this process, and so are the computations of another case's
    # audit. With the default interval, hubs would wait 5 ms for each turn.
    switches_s = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        # A terminated matrix must not leave broker and programs behind.
        with _quiet(), interrupted_by(signal.SIGTERM):
            results = run_all(pairs, folder=folder.resolve(), seed=arguments.seed, report=report)
    finally:
        sys.setswitchinterval(switches_s)
        if arguments.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    for result in results:
        if not result.is_good:
            _explain(result)
    if arguments.json:
        print(json.dumps({"faults": [asdict(result) for result in results]}), flush=True)
    else:
        print(markdown_table(results), flush=True)
    return 0 if all(result.is_good for result in results) else 1


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the programs' libraries here; only results are printed."""
    # Some faults cause damage on purpose, which the store logs.
    levels = {
        logging.getLogger("paho"): logging.ERROR,
        logging.getLogger("store"): logging.CRITICAL,
    }
    before = {logger: logger.level for logger in levels}
    for logger, level in levels.items():
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)


def markdown_table(results: Sequence[Result]) -> str:
    """The table that is printed without --json, in Markdown."""
    rows = [[_cell(getattr(result, name)) for name in _COLUMNS] for result in results]
    heads = [name.replace("_", " ") for name in _COLUMNS]
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in [heads, ["-" * width for width in widths], *rows]
    ]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _explain(result: Result) -> None:
    out = sys.stderr
    print(f"{result.fault}/{result.where}: {result.error or 'not whole'}", file=out)
    for note in result.notes[:_MAX_NOTES]:
        print(f"    {note}", file=out)
    if len(result.notes) > _MAX_NOTES:
        print(f"    … and {len(result.notes) - _MAX_NOTES} more", file=out)
