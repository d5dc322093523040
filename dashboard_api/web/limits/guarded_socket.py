"""A WebSocket on one connection, with the limits that a connection has."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from dashboard_api.web.refusals import RefusalCounts

__all__ = ["MAX_FRAME_BYTES", "GuardedSocket", "is_socket"]

MAX_FRAME_BYTES: Final = 16_384
"""Nothing longer is even read; what a message may be is less, and up to the route."""
_PATH: Final = re.compile(r"/lessons/[^/]+/together")


def is_socket(path: str) -> bool:
    """Whether an address has a WebSocket."""
    return _PATH.fullmatch(path) is not None


class GuardedSocket(WebSocketsSansIOProtocol):
    """Ends when its client reads nothing, and gives its place back."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._send_timeout_s = 0.0
        self._counts: RefusalCounts | None = None
        self._leave: Callable[[], None] | None = None
        self._send_deadline: asyncio.TimerHandle | None = None

    def guard(
        self, send_timeout_s: float, counts: RefusalCounts, leave: Callable[[], None]
    ) -> None:
        """What the connection has from the protocol before; `leave` is called at its end."""
        self._send_timeout_s = send_timeout_s
        self._counts = counts
        self._leave = leave

    def connection_lost(self, exc: Exception | None) -> None:
        if self._send_deadline is not None:
            self._send_deadline.cancel()
        if self._leave is not None:
            self._leave()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._send_deadline = self.loop.call_later(self._send_timeout_s, self._stalled)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._send_deadline is not None:
            self._send_deadline.cancel()

    def _stalled(self) -> None:
        if self._counts is not None:
            self._counts.add("send_time")
        self.transport.abort()
