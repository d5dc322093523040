"""`roomtone dashboard`: serves the pages."""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import resource
import signal
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import cast

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from contract.clock import Clock, SystemClock, simulated_clock
from contract.errors import LinkError
from contract.service_manager import ServiceManager
from dashboard_api.app import create_app
from dashboard_api.openid.provider import Provider
from dashboard_api.people.mail import Mailer
from dashboard_api.reading.opening import open_readers
from dashboard_api.reading.settings import ReadsSettings
from dashboard_api.settings import DashboardSettings, checked_dashboard
from dashboard_api.web.limits.guarded_protocol import GuardedProtocol
from dashboard_api.web.limits.guarded_socket import MAX_FRAME_BYTES, GuardedSocket
from dashboard_api.web.limits.request_limits import MAX_HEADER_BYTES, MAX_TARGET_BYTES
from dashboard_api.web.network.certificate import tls_context
from dashboard_api.web.store_thread import Stores
from ingest.commissioning.codes import kit_set_up
from ingest.config_option import add_config_option
from ingest.monitoring.page_address import address_noted, url_of
from ingest.settings import ServerSettings
from ingest.stores import open_shard_periods, open_shard_scores
from ingest.stores.memory.periods import MemoryPeriodStore
from school import open_school
from school.lessons.records import Lesson
from school.people.settings import OpenIdSettings, SmtpSettings
from school.settings import LessonSettings

__all__ = ["add_arguments", "guarded_server", "listening", "open_stores", "run"]

log = logging.getLogger("dashboard")

GRACE_S = 2
"""When the program stops, open live pages are closed after this long."""
_SIGN_EACH_S = 5
BACKLOG = 128
"""Connections that wait in the kernel and are accepted together; each needs a descriptor."""

SPARE_DESCRIPTORS = 128
"""For the stores, the day files being read, and the program itself."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_option(parser)
    parser.add_argument(
        "--port", type=int, metavar="N", help="listen on this port instead (0: any free port)"
    )
    parser.add_argument(
        "--simulated-clock",
        metavar="SPEED:ANCHOR_NS:UTC_NS",
        help="the clock of a simulation, the same as for its other programs",
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        help="sign in anybody as one of the demo's people; only for made-up data",
    )


def run(args: argparse.Namespace) -> int:
    settings = ServerSettings.load(args.config)
    table = dict(settings.dashboard)
    if args.port is not None:
        table["port"] = args.port
    dashboard = checked_dashboard(table, args.config)
    clock = simulated_clock(args.simulated_clock) if args.simulated_clock else SystemClock()
    framework, forms = settings.debrief.framework(), settings.debrief.forms()
    questions = settings.debrief.pulse()
    tls = tls_context(dashboard, str(args.config), SystemClock().utc_ns())
    open_here = _opener(settings, dashboard, clock)
    open_here().close()  # says in a sentence what would stop the pages
    app = create_app(
        open_here,
        clock=clock,
        zone=settings.lessons.zone,
        model_file=settings.score.model_file,
        label_days=settings.retention.label_days,
        data_dir=settings.data_dir,
        shards=settings.shards,
        database_url=settings.school.database_url,
        longest_ns=settings.lessons.longest_ns,
        settings=dashboard,
        people_clock=SystemClock(),
        is_demo=args.demo,
        provider=_provider(settings.openid),
        mailer=_mailer(settings.smtp),
        framework=framework,
        forms=forms,
        questions=questions,
        video=settings.video,
        video_days=settings.retention.video_days,
        kits=kit_set_up(settings, is_demo=args.demo),
    )
    _allow_descriptors(dashboard.max_connections + BACKLOG + SPARE_DESCRIPTORS)
    with ExitStack() as stack:
        listener = stack.enter_context(listening(dashboard))
        host, port = listener.getsockname()[:2]
        is_https = tls is not None
        stack.enter_context(address_noted(settings.data_dir, host, port, is_https=is_https))
        server = guarded_server(app, dashboard, tls, ServiceManager.of_environment())
        # We report start and end ourselves, and bad requests are counted, not logged.
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        log.info(
            "the pages are at %s/", dashboard.link_base or url_of(host, port, is_https=is_https)
        )

        def stop(*_: object) -> None:
            # A signal may come before uvicorn handles signals. After it has stopped because of one,
            # uvicorn raises the signal again for the handler that was there before.
            server.should_exit = True

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        server.run(sockets=[listener])
    return 0


def _opener(
    settings: ServerSettings, dashboard: DashboardSettings, clock: Clock
) -> Callable[[], Stores]:
    """What opens the pages' stores; raises ConfigurationError, or UsageError for a token's file."""
    reads, url = dashboard.reads, settings.school.database_url
    if reads.kind == "store":
        return partial(
            open_stores, settings.data_dir, settings.lessons.longest_ns, url, settings.shards
        )
    log.info("lessons are read from %s", reads.address)
    return partial(_open_elsewhere, settings, reads, reads.token(), clock)


def _open_elsewhere(
    settings: ServerSettings, reads: ReadsSettings, token: SecretStr, clock: Clock
) -> Stores:
    """A school's stores with lessons from a time-series database, which knows no kit."""
    school = open_school(settings.data_dir, settings.school.database_url)
    longest_ns = settings.lessons.longest_ns

    def find(lesson_id: str) -> Lesson | None:
        found = school.lessons.get(lesson_id)
        return None if found is None else found.bounded(longest_ns)

    sensed, scores = open_readers(
        reads, token, find, sites=settings.sites, score_days=settings.retention.score_days,
        clock=clock,
    )  # fmt: skip
    return Stores.of_school(
        school, periods=MemoryPeriodStore(), scores=scores, longest_ns=longest_ns, elsewhere=sensed
    )


def _provider(settings: OpenIdSettings) -> Provider | None:
    """The school's identity provider; raises ConfigurationError, or UsageError for its secret."""
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # no address of a dialogue in the log
    return None if settings.issuer is None else Provider(settings, settings.secret())


def _mailer(settings: SmtpSettings) -> Mailer | None:
    return None if settings.host is None else Mailer(settings, settings.password())


def guarded_server(
    app: FastAPI,
    settings: DashboardSettings,
    tls: ssl.SSLContext | None = None,
    service: ServiceManager | None = None,
) -> uvicorn.Server:
    """The server for an application with the same settings; it speaks HTTPS with `tls`."""
    manager = service or ServiceManager()

    async def turned() -> None:
        """Uvicorn's own loop calls this, from the moment on when it serves."""
        manager.ready()
        manager.alive()

    protocol = partial(
        GuardedProtocol, settings=settings, gate=app.state.gate, counts=app.state.refusal_counts
    )
    return uvicorn.Server(
        uvicorn.Config(
            app,
            # uvicorn only calls it to create the protocol of a connection.
            http=cast("type[asyncio.Protocol]", protocol),
            # One address alone has a socket: `guarded_protocol.py`.
            ws=cast("type[asyncio.Protocol]", GuardedSocket),
            ws_max_size=MAX_FRAME_BYTES,
            ws_per_message_deflate=False,
            # `web/network/forwarding.py` does it, for the proxies of the settings alone.
            proxy_headers=False,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
            backlog=BACKLOG,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES + MAX_TARGET_BYTES,
            timeout_keep_alive=round(settings.idle_timeout_s),
            timeout_graceful_shutdown=GRACE_S,
            callback_notify=turned if manager.is_listening else None,
            timeout_notify=_SIGN_EACH_S,
            log_config=None,
            access_log=False,
            server_header=False,
        )
    )


def open_stores(
    data_dir: Path,
    longest_ns: int = LessonSettings().longest_ns,
    database_url: SecretStr | None = None,
    shards: Sequence[Path] = (),
) -> Stores:
    """The stores of a data directory and of other shards, as the pages read them."""
    school = open_school(data_dir, database_url)
    return Stores.of_school(
        school,
        periods=open_shard_periods(data_dir, shards),
        scores=open_shard_scores(data_dir, shards),
        longest_ns=longest_ns,
    )


def _allow_descriptors(wanted: int) -> None:
    """Raise the limit of open files; with too few, new connections fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning(
            "The system permits %d open files, but dashboard.max_connections needs %d. Raise "
            "LimitNOFILE or lower the setting.", allowed, wanted,
        )  # fmt: skip


@contextmanager
def listening(settings: DashboardSettings) -> Iterator[socket.socket]:
    """A socket at the address; raises LinkError with advice when it is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sends at once only where the protocol is named: else the second write of an answer
    # waits 40 ms for the client's delayed acknowledgement.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            where = f"{settings.host}, port {settings.port}"
            if error.errno == errno.EADDRINUSE:
                raise LinkError(
                    f"{where}: another program uses this port; stop it, or choose another port "
                    "with --port or dashboard.port."
                ) from error
            raise LinkError(f"{where}: can't listen there ({error.strerror}).") from error
        listener.listen(BACKLOG)
        yield listener
