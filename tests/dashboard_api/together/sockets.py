"""A page's socket of a debrief, without the page."""

from __future__ import annotations

import json
from typing import Any, Self

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.dashboard_api.server import PATIENCE_S
from tests.signed_in import COOKIE_NAME


class Page:
    """One page in a debrief."""

    def __init__(
        self,
        port: int,
        cookie: str,
        *,
        lesson: str = "sample",
        origin: str | None = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        address = f"127.0.0.1:{port}"
        self.socket: ClientConnection = connect(
            f"ws://{address}/lessons/{lesson}/together",
            origin=f"http://{address}" if origin == "" else origin,  # type: ignore[arg-type]
            additional_headers={"Cookie": f"{COOKIE_NAME}={cookie}", **(headers or {})},
            open_timeout=PATIENCE_S, compression=None, proxy=None,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, kind: str, **values: Any) -> None:
        self.socket.send(json.dumps({"type": kind, **values}))

    def join(self, person: str, number: int = 1, **values: Any) -> Self:
        self.send("join", client=f"{number:016x}", person=person, **values)
        self.hear("welcome")
        return self

    def hear(self, kind: str) -> dict[str, Any]:
        """The next message of a kind; others before it are passed over."""
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(timeout=PATIENCE_S))
            if message["type"] == kind:
                return message

    def _hear_all(self) -> None:
        while True:
            self.socket.recv(timeout=PATIENCE_S)

    def closed(self) -> tuple[int, str]:
        """The code with which the server closes it, and its sentence; waits for that."""
        with pytest.raises(ConnectionClosed) as end:
            self._hear_all()
        received = end.value.rcvd
        assert received is not None
        return received.code, received.reason
