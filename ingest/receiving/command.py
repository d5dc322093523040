"""`roomtone ingest`: keep what the nodes publish."""

from __future__ import annotations

import argparse
import gc
from functools import partial

from contract.clock import SystemClock
from ingest.config_option import add_config_option as add_arguments
from ingest.monitoring.health_server import run_program
from ingest.receiving.service import Ingest
from ingest.settings import ServerSettings
from ingest.stores import open_period_store
from school import open_lesson_store

__all__ = ["add_arguments", "run"]


def run(args: argparse.Namespace) -> int:
    """Keep until SIGTERM or SIGINT, then say that ingest is down."""
    settings = ServerSettings.load(args.config)
    ingest = Ingest(
        settings=settings,
        clock=SystemClock(),
        open_store=open_period_store,
        open_lessons=partial(open_lesson_store, database_url=settings.school.database_url),
    )
    # What importing made stays until the end: no collection during a tick need look at it.
    gc.freeze()
    return run_program("ingest", ingest, settings, settings.ingest.health_port)
