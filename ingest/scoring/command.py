"""`roomtone score`: follow the store, and write epochs and alerts."""

from __future__ import annotations

import argparse
import logging
import signal
import threading

from prometheus_client import CollectorRegistry

from contract.clock import SystemClock
from ingest.config_option import add_config_option
from ingest.monitoring.health_server import HealthPages, health_server
from ingest.scoring.service import Scorer
from ingest.settings import ServerSettings
from models.serving.off_task import OffTaskModel

__all__ = ["add_arguments", "run"]

_LOG = logging.getLogger("score")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    add_config_option(parser)


def run(args: argparse.Namespace) -> int:
    """Score until SIGTERM or SIGINT."""
    settings = ServerSettings.load(args.config)
    model = OffTaskModel.load(settings.score.model_file)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scorer = Scorer(settings=settings, model=model, clock=SystemClock())
    registry = CollectorRegistry()
    registry.register(scorer.metrics)
    pages = HealthPages(
        program="score",
        site=settings.site,
        data_dir=str(settings.data_dir.absolute()),
        condition=scorer.condition,
        registry=registry,
    )
    with health_server(settings.score.health_port, pages):
        scorer.run(stop)
    _LOG.info("stopped")
    return 0
