"""The pages behind a real uvicorn on a real socket, in a thread of the test."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from dashboard_api.command import guarded_server
from dashboard_api.settings import DashboardSettings
from dashboard_api.web.access import COOKIE
from dashboard_api.web.network.certificate import tls_context
from dashboard_api.web.store_thread import Stores
from tests.signed_in import cookie

PATIENCE_S = 60.0
"""How long a test waits for something that must happen: against hanging, not a measurement."""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def detail(self) -> str:
        return str(json.loads(self.body)["detail"])


START_NS = 1_763_460_300 * SECOND_NS


class Peer:
    """A client that can send any bytes."""

    def __init__(self, port: int, cookie: str) -> None:
        self.cookie = cookie
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._got = b""

    def send(self, data: bytes) -> bool:
        """False if the connection is closed already."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def ask(self, target: str, *headers: str, method: str = "GET", body: bytes = b"") -> Reply:
        lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", self.cookie]
        lines += [*headers, "Sec-Fetch-Site: same-origin", "", ""]
        self.send("\r\n".join(lines).encode("latin-1") + body)
        return self.reply(method=method)

    def head(self) -> tuple[int, dict[str, str]]:
        while b"\r\n\r\n" not in self._got:
            part = self.socket.recv(65_536)
            assert part, f"the connection was closed without an answer: {self._got!r}"
            self._got += part
        head, _, self._got = self._got.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in lines)
        return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in fields}

    def reply(self, *, method: str = "GET") -> Reply:
        status, headers = self.head()
        length = 0 if method == "HEAD" else int(headers.get("content-length", 0))
        while len(self._got) < length:
            part = self.socket.recv(65_536)
            assert part
            self._got += part
        body, self._got = self._got[:length], self._got[length:]
        return Reply(status, headers, body)

    def event(self) -> dict[str, Any]:
        """The next `live` event of a stream, after `head`."""
        while True:
            while b"\r\n\r\n" not in self._got:
                part = self.socket.recv(65_536)
                assert part, "the stream ended"
                self._got += part
            event, _, self._got = self._got.partition(b"\r\n\r\n")
            lines = event.splitlines()  # the first one may be the size of a chunk
            if b"event: live" in lines:
                return dict(json.loads(lines[-1].removeprefix(b"data: ")))

    def is_closed(self) -> bool:
        """Wait until the server closes the connection; what it sends before is ignored."""
        try:
            while self.socket.recv(65_536):
                pass
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self.socket.close()


class Server:
    def __init__(self, app: FastAPI, port: int, cookie: str) -> None:
        self.app = app
        self.cookie = cookie
        """The header line with which a person is signed in."""
        self.port = port
        self._peers: list[Peer] = []

    def peer(self) -> Peer:
        peer = Peer(self.port, self.cookie)
        self._peers.append(peer)
        return peer

    def refused(self, reason: str) -> int:
        """The counter that /metrics shows, read directly."""
        return int(self.app.state.refusal_counts.by_reason[reason])

    def close_peers(self) -> None:
        for peer in self._peers:
            peer.close()


@contextmanager
def running(stores: Stores, **settings: object) -> Iterator[Server]:
    """Serve until the block ends."""
    limits = DashboardSettings.checked(dict(settings), where="the test")
    clock = ManualClock(now_ns=0, utc_at_boot_ns=START_NS + 3600 * SECOND_NS)
    app = create_app(lambda: stores, settings=limits, clock=clock)
    token = cookie(stores.people, clock.utc_ns())[COOKIE]
    with serving(app, limits, f"Cookie: {COOKIE}={token}") as served:
        yield served


@contextmanager
def serving(app: FastAPI, limits: DashboardSettings, cookie: str = "") -> Iterator[Server]:
    """Serve an application, made with the same settings, until the block ends."""
    server = guarded_server(app, limits, tls_context(limits, "the test", time.time_ns()))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until(lambda: server.started)
        served = Server(app, listener.getsockname()[1], cookie)
        try:
            yield served
        finally:
            served.close_peers()
            server.should_exit = True
            thread.join(PATIENCE_S)
    assert not thread.is_alive()


def until(is_so: Callable[[], bool]) -> None:
    """Wait for another thread."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
