"""`roomtone restore`: put a backup into an empty data directory."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

from contract.clock import SystemClock
from contract.one_line import say
from ingest.backup.restore import Restore
from ingest.clocks.words import when_exactly
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school import open_lesson_store
from school.postgres_backup import restore_advice
from school.video.files import VideoFiles

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_option(parser)
    parser.add_argument(
        "source", type=Path,
        help="what `roomtone backup` wrote; `data_dir` in the settings has to be empty",
    )  # fmt: skip
    parser.add_argument(
        "--purges", type=Path, metavar="FILE",
        help="purge-log.jsonl of the server: what was purged since the backup is removed again, and "
        "so are the names of people who left",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Restore, and print the time of the backup."""
    settings = ServerSettings.load(args.config)
    restore = Restore(
        source=args.source, data_dir=settings.data_dir, purges=args.purges,
        clock=SystemClock(), say=say, database_url=settings.school.database_url,
        videos=VideoFiles.of(settings.video),
    )  # fmt: skip
    manifest = restore.run()
    say(f"{settings.data_dir} is as it was at {when_exactly(manifest.began_utc_ns)}")
    url = settings.school.database_url
    if url is not None:
        say(restore_advice(url))
    elif "school.db" not in manifest.files:
        say(
            "The backup has no lessons, moments or opt-outs: there were none, or they were in "
            "PostgreSQL."
        )
    with closing(open_lesson_store(settings.data_dir, url)) as lessons:
        seats = ", ".join(f"{room}:{seat}" for room, seat in lessons.opted_out())
    when = "by then" if url is None else "by now"
    say(
        f"Seats that had opted out {when}: {seats or 'none'}. Enter later ones with "
        "`roomtone seat opt-out` before you start ingest."
    )
    if args.purges is None:
        say(
            "If data was purged since then, or someone left, it is back, with their name: restore "
            "with --purges to remove it again."
        )
    return 0
