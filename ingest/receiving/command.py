"""`roomtone ingest`: keep what the nodes publish."""

from __future__ import annotations

import argparse
import gc
import logging
import signal
import threading
from functools import partial

from prometheus_client import CollectorRegistry

from contract.clock import SystemClock
from ingest.config_option import add_config_option
from ingest.monitoring.health_server import HealthPages, health_server
from ingest.receiving.service import Ingest
from ingest.settings import ServerSettings
from ingest.stores import open_period_store
from school import open_lesson_store

__all__ = ["add_arguments", "run"]

_LOG = logging.getLogger("ingest")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add_config_option(parser)


def run(args: argparse.Namespace) -> int:
    """Keep until SIGTERM or SIGINT, then say that ingest is down."""
    settings = ServerSettings.load(args.config)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    ingest = Ingest(
        settings=settings,
        clock=SystemClock(),
        open_store=open_period_store,
        open_lessons=partial(open_lesson_store, database_url=settings.school.database_url),
    )
    registry = CollectorRegistry()
    registry.register(ingest.metrics)
    pages = HealthPages(
        program="ingest",
        site=settings.site,
        data_dir=str(settings.data_dir.absolute()),
        condition=ingest.condition,
        registry=registry,
    )
    # What importing made stays until the end: no collection during a tick need look at it.
    gc.freeze()
    with health_server(settings.ingest.health_port, pages):
        ingest.run(stop)
    _LOG.info("stopped")
    return 0
