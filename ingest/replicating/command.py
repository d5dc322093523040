"""`roomtone replicate`: feed time-series databases from the store."""

from __future__ import annotations

import argparse

from contract.clock import SystemClock
from ingest.config_option import add_config_option as add_arguments
from ingest.monitoring.health_server import run_program
from ingest.replicating.service import Replicator
from ingest.settings import ServerSettings

__all__ = ["add_arguments", "run"]


def run(args: argparse.Namespace) -> int:
    """Feed all replicas of the settings until SIGTERM or SIGINT."""
    settings = ServerSettings.load(args.config)
    for replica in settings.replicas:
        replica.token()  # a file that is missing is said at once
    replicator = Replicator(settings=settings, clock=SystemClock())
    return run_program("replicate", replicator, settings, settings.replicate.health_port)
