"""`roomtone restore`: put a backup into an empty data directory."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from contract.clock import SystemClock
from ingest.backup_restore import Restore
from ingest.config_option import DEFAULT_CONFIG
from ingest.settings import ServerSettings

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG, metavar="FILE",
        help="the server's settings, with an empty `data_dir` (default: server.toml)",
    )  # fmt: skip
    parser.add_argument("source", type=Path, help="what `roomtone backup` wrote")
    parser.add_argument(
        "--purges", type=Path, metavar="FILE",
        help="purge-log.jsonl of the server: what was purged since the backup goes again",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Restore, and say up to when."""
    settings = ServerSettings.load(args.config)
    restore = Restore(
        source=args.source, data_dir=settings.data_dir, purges=args.purges,
        clock=SystemClock(), say=_say,
    )  # fmt: skip
    manifest = restore.run()
    made = datetime.fromtimestamp(manifest.began_utc_ns / 1e9, UTC)
    _say(f"{settings.data_dir} is as it was at {made:%Y-%m-%d %H:%M:%S} UTC")
    if args.purges is None:
        _say(
            "What was purged since then is back, unless nothing was: restore with --purges to "
            "remove it again."
        )
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
