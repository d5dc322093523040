"""`/metrics`, `/healthz` and `/readyz` of a program without pages, on this computer alone.

The standard library's server on a thread of its own: three short answers a minute need no more,
and one question at a time with a time limit can't pile up. It never holds up the program: where
its port is taken it says so once and the program goes on without it.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Final

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest

from ingest.monitoring.condition import Condition

__all__ = ["HealthPages", "health_server"]

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
    registry: CollectorRegistry

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body of what stands at a path."""
        if path == "/metrics":
            return 200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(self.registry)
        if path == "/healthz":
            is_turning = self.condition.is_turning
            return self._json(
                200 if is_turning else 503,
                {"is_alive": is_turning, "turned_s": round(self.condition.turned_s, 3)},
            )
        if path == "/readyz":
            reasons = self.condition.reasons
            return self._json(
                503 if reasons else 200, {"is_ready": not reasons, "reasons": list(reasons)}
            )
        return _NOTHING

    def _json(self, status: int, words: Mapping[str, object]) -> tuple[int, str, bytes]:
        said = {
            "program": self.program,
            "site": self.site,
            "data_dir": self.data_dir,
            "pid": os.getpid(),
            **words,
        }
        return status, "application/json", json.dumps(said).encode() + b"\n"


@contextmanager
def health_server(port: int, pages: HealthPages) -> Iterator[int | None]:
    """Serve the pages while the block runs; yields the port, None where nothing is served.

    Port 0 serves nothing.
    """
    server = _server(port, pages)
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


def _server(port: int, pages: HealthPages) -> HTTPServer | None:
    if port == 0:
        return None

    class Handler(BaseHTTPRequestHandler):
        timeout = _MAX_WAIT_S
        server_version = "roomtone"
        sys_version = ""

        def handle(self) -> None:
            # `timeout` is for each read: a byte now and then would hold the one thread for ever.
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
            # A page from elsewhere could be made to ask under a name of its own.
            status, kind, body = pages.answer(self.path) if name in _OWN_NAMES else _NOTHING
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """A question each few seconds is no news."""

    try:
        return HTTPServer((HOST, port), Handler)
    except OSError as error:
        _LOG.warning(
            "%s goes on without its health page: port %d can't be had (%s). Choose another with "
            "%s.health_port, or 0 for none.",
            pages.program, port, error.strerror, pages.program,
        )  # fmt: skip
        return None
