"""`/metrics`, `/healthz` and `/readyz` of a program without web pages, on this computer only.

It is the standard library's server on its own thread: that is enough for three short answers a
minute, and requests that are answered one at a time, with a time limit, can't pile up. It never
delays the program. If its port is taken, it logs that once and the program runs without it.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final, Protocol

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from contract.service_manager import ServiceManager
from ingest.monitoring.condition import Condition
from ingest.monitoring.heartbeat import heartbeat
from ingest.monitoring.service_reports import service_reports
from ingest.settings import ServerSettings

__all__ = ["HealthPages", "health_server", "run_program"]

_LOG = logging.getLogger("health")
HOST: Final = "127.0.0.1"
_MAX_WAIT_S: Final = 2.0
_OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost"})
_NOTHING: Final = 404, "text/plain", b"/metrics, /healthz or /readyz\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPages:
    """The three pages of a program; any server may serve them."""

    program: str
    site: str
    data_dir: str
    condition: Condition
    metrics: Collector

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body of the page at a path."""
        if path == "/metrics":
            return 200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(self.metrics)
        if path == "/healthz":
            is_turning = self.condition.is_turning
            turned_s = round(self.condition.turned_s, 3)
            status = 200 if is_turning else 503
            return self._json(status, is_alive=is_turning, turned_s=turned_s)
        if path == "/readyz":
            reasons = self.condition.reasons
            status = 503 if reasons else 200
            return self._json(status, is_ready=not reasons, reasons=reasons)
        return _NOTHING

    def _json(self, status: int, **fields: object) -> tuple[int, str, bytes]:
        content = {
            "program": self.program, "site": self.site, "data_dir": self.data_dir,
            "pid": os.getpid(), **fields,
        }  # fmt: skip
        return status, "application/json", json.dumps(content).encode() + b"\n"


class _Program(Protocol):
    condition: Condition

    @property
    def metrics(self) -> Collector: ...
    def run(self, stop: threading.Event) -> None: ...


def run_program(name: str, program: _Program, settings: ServerSettings, health_port: int) -> int:
    """Run a program until SIGTERM or SIGINT; returns its exit code.

    Beside it run its health pages, its heartbeat, and its reports to systemd.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pages = HealthPages(
        program=name, site=", ".join(settings.sites), data_dir=str(settings.data_dir.absolute()),
        condition=program.condition, metrics=program.metrics,
    )  # fmt: skip
    with (
        health_server(health_port, pages),
        heartbeat(settings.data_dir, name, program.condition),
        service_reports(ServiceManager.of_environment(), program.condition),
    ):
        program.run(stop)
    logging.getLogger(name).info("stopped")
    return 0


@contextmanager
def health_server(port: int, pages: HealthPages) -> Iterator[int | None]:
    """Serve the pages while the block runs; yields the port, or None if nothing is served.

    Port 0 serves nothing.
    """
    try:
        server = HTTPServer((HOST, port), _handler(pages)) if port else None
    except OSError as error:
        _LOG.warning(
            "%s runs without its health page: port %d can't be used (%s). Choose another with "
            "%s.health_port, or 0 for none.",
            pages.program, port, error.strerror, pages.program,
        )  # fmt: skip
        server = None
    if server is None:
        yield None
        return
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.2}, name="health", daemon=True
    )
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended meanwhile
        connection.shutdown(socket.SHUT_RDWR)


def _handler(pages: HealthPages) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _MAX_WAIT_S
        server_version = "roomtone"
        sys_version = ""

        def handle(self) -> None:
            # `timeout` is for each read: a slow client could hold the only thread for ever.
            cutting = threading.Timer(_MAX_WAIT_S, _cut, [self.connection])
            cutting.start()
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True
            finally:
                cutting.cancel()

        def do_GET(self) -> None:
            name = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
            # A foreign web page could send requests here under its own host name.
            status, kind, body = pages.answer(self.path) if name in _OWN_NAMES else _NOTHING
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Log nothing: requests every few seconds are normal."""

    return Handler
