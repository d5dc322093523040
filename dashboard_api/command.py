"""`roomtone dashboard`: serves the pages."""

from __future__ import annotations

import argparse
import errno
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvicorn

from contract.clock import SystemClock, simulated_clock
from contract.errors import ConfigurationError, LinkError
from dashboard_api.app import create_app
from dashboard_api.desk import Stores
from dashboard_api.settings import DashboardSettings
from ingest.config_option import add_config_option
from ingest.page_address import address_noted
from ingest.settings import LessonSettings, ServerSettings
from ingest.stores import open_lesson_store, open_period_reader, open_score_store

__all__ = ["add_arguments", "open_stores", "run"]

log = logging.getLogger("dashboard")

GRACE_S = 2
"""Open live pages are let go after this long when the program stops."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_option(parser)
    parser.add_argument(
        "--port", type=int, metavar="N", help="listen here instead (0: any port that is free)"
    )
    parser.add_argument(
        "--simulated-clock",
        metavar="SPEED:ANCHOR_NS:UTC_NS",
        help="the clock of a simulation, as its other programs were given it",
    )


def run(args: argparse.Namespace) -> int:
    settings = ServerSettings.load(args.config)
    table = dict(settings.dashboard)
    if args.port is not None:
        table["port"] = args.port
    mine = _checked(table, args.config)
    open_stores(settings.data_dir).close()  # says in a sentence what would stop the pages
    app = create_app(
        lambda: open_stores(settings.data_dir, settings.lessons.longest_ns),
        clock=simulated_clock(args.simulated_clock) if args.simulated_clock else SystemClock(),
        zone=settings.lessons.zone,
        model_file=settings.score.model_file,
        label_days=settings.retention.label_days,
        data_dir=settings.data_dir,
    )
    with ExitStack() as stack:
        listener = stack.enter_context(_listening(mine))
        host, port = listener.getsockname()[:2]
        stack.enter_context(address_noted(settings.data_dir, host, port))
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=GRACE_S,
                server_header=False,
            )
        )
        name = f"[{host}]" if ":" in host else host
        logging.getLogger("uvicorn").setLevel(logging.WARNING)  # its start and end are ours to tell
        log.info("the pages are at http://%s:%d/", name, port)
        for stop in (signal.SIGINT, signal.SIGTERM):
            # uvicorn raises the signal again when it has stopped, for whoever had it before.
            signal.signal(stop, lambda *_: None)
        server.run(sockets=[listener])
    return 0


def open_stores(data_dir: Path, longest_ns: int = LessonSettings().longest_ns) -> Stores:
    """The stores in a data directory, as the pages read them."""
    return Stores(
        periods=open_period_reader(data_dir),
        scores=open_score_store(data_dir),
        lessons=open_lesson_store(data_dir),
        longest_ns=longest_ns,
    )


def _checked(table: dict[str, object], config: Path) -> DashboardSettings:
    try:
        return DashboardSettings.checked(table, where=str(config))
    except ConfigurationError as error:
        # The table's name belongs to the key.
        raise ConfigurationError(
            error.where, f"dashboard.{error.key}", error.value, error.expected
        ) from error


@contextmanager
def _listening(settings: DashboardSettings) -> Iterator[socket.socket]:
    """A socket at the address; raises LinkError with what to do when it is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            where = f"{settings.host}, port {settings.port}"
            if error.errno == errno.EADDRINUSE:
                raise LinkError(
                    f"{where}: another program has this port; stop it, or choose another one "
                    "with --port or dashboard.port."
                ) from error
            raise LinkError(f"{where}: can't listen there ({error.strerror}).") from error
        listener.listen(128)
        yield listener
