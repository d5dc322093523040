"""A dashboard that a browser test can stop and start again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import uvicorn

from dashboard_api.app import create_app
from dashboard_api.command import guarded_server
from dashboard_api.web.store_thread import Stores


class Program:
    """The pages, which can be stopped and started again on the same port."""

    def __init__(self, open_stores: Callable[[], Stores], port: int, **given: Any) -> None:
        self._open = open_stores
        self._given = given
        self._port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self.app = create_app(self._open, **self._given)
        self._server = guarded_server(self.app, self.app.state.settings)
        self._server.config.port = self._port
        self._server.config.timeout_graceful_shutdown = 0
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
