"""`roomtone score`: follow the store, and write epochs and alerts."""

from __future__ import annotations

import argparse

from contract.clock import SystemClock
from ingest.config_option import add_config_option as add_arguments
from ingest.monitoring.health_server import run_program
from ingest.scoring.service import Scorer
from ingest.settings import ServerSettings
from models.serving.off_task import OffTaskModel

__all__ = ["add_arguments", "run"]


def run(args: argparse.Namespace) -> int:
    """Score until SIGTERM or SIGINT."""
    settings = ServerSettings.load(args.config)
    model = OffTaskModel.load(settings.score.model_file)
    scorer = Scorer(settings=settings, model=model, clock=SystemClock())
    return run_program("score", scorer, settings, settings.score.health_port)
