"""Limits of a request: the size of its head and body, and how long its body may take."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract.language import _
from dashboard_api.settings import DashboardSettings
from dashboard_api.web.limits.uploads import MIN_PROGRESS_BYTES, is_upload, max_body_bytes
from dashboard_api.web.refusals import RefusalCounts, error_response

__all__ = ["MAX_HEADERS", "MAX_HEADER_BYTES", "MAX_TARGET_BYTES", "RequestLimits"]

MAX_TARGET_BYTES: Final = 4_096
"""Of a path with its query; the longest link on the pages has about 200."""
MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 16_384
"""Of all headers together; h11 buffers no more than this of an incomplete head."""

# A client that sends everything before it reads would otherwise lose the response.
_DRAIN_BYTES: Final = 1 << 20
_DRAIN_S: Final = 2.0
# A browser reads a response only after it has sent all of a body.
_DRAIN_UPLOAD_BYTES: Final = 32 << 20
_DRAIN_UPLOAD_S: Final = 20.0
_CLOSE: Final = {"Connection": "close"}


class RequestLimits:
    """ASGI middleware: answers 408, 413, 414 and 431, on every route and for every method."""

    def __init__(self, app: ASGIApp, settings: DashboardSettings, counts: RefusalCounts) -> None:
        self._app = app
        self._settings = settings
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            refused = self._refused_head(scope) if scope["type"] == "websocket" else None
            if refused is None:
                await self._app(scope, receive, send)
            else:
                await self._answer(refused, scope)(scope, receive, send)
            return
        upload = is_upload(scope["method"], scope["path"])
        exchange = _Exchange(
            receive, send, self._settings, self._counts, is_upload=upload,
            max_bytes=self._max_bytes(scope),
        )  # fmt: skip
        refused = self._refused(scope)
        if refused is None:
            await self._app(scope, exchange.receive, exchange.send)
            return
        await self._answer(refused, scope)(scope, receive, exchange.send)

    def _answer(self, refused: HTTPException, scope: Scope) -> Response:
        return error_response(
            Headers(scope=scope), refused.status_code, _("The request is too large"), refused.detail,
            more_headers=_CLOSE,
        )  # fmt: skip

    def _refused_head(self, scope: Scope) -> HTTPException | None:
        """What is wrong with the address and the headers, if anything."""
        fault: HTTPException | None = None
        headers = scope["headers"]
        if (
            len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
            > MAX_TARGET_BYTES
        ):
            fault = HTTPException(
                414, _("The address is longer than {n} bytes.", n=MAX_TARGET_BYTES)
            )
        elif len(headers) > MAX_HEADERS:
            fault = HTTPException(431, _("The request has more than {n} headers.", n=MAX_HEADERS))
        elif sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
            fault = HTTPException(
                431, _("The headers have more than {n} bytes.", n=MAX_HEADER_BYTES)
            )
        if fault is not None:
            self._counts.add("head_size")
        return fault

    def _refused(self, scope: Scope) -> HTTPException | None:
        """The same, or what the head says of the body."""
        fault = self._refused_head(scope)
        if fault is not None:
            return fault
        if is_upload(scope["method"], scope["path"]):
            return None  # its route knows how much is missing of the video
        length = Headers(scope=scope).get("content-length", "")
        # A number with more digits than any size has is not worth parsing.
        max_bytes = self._max_bytes(scope)
        if length.isdecimal() and (len(length) > 18 or int(length) > max_bytes):
            self._counts.add("body_size")
            return _too_large(max_bytes)
        return None

    def _max_bytes(self, scope: Scope) -> int:
        return max_body_bytes(scope["method"], scope["path"], self._settings.max_body_bytes)


class _Exchange:
    """One request and its response."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        settings: DashboardSettings,
        counts: RefusalCounts,
        *,
        is_upload: bool,
        max_bytes: int,
    ) -> None:
        self._receive = receive
        self._send = send
        self._settings = settings
        self._counts = counts
        self._size = 0
        self._is_whole = False
        self._until = asyncio.get_running_loop().time() + settings.body_timeout_s
        self._status = 0
        self._is_upload = is_upload
        self._max_bytes = max_bytes
        self._progress = 0

    async def receive(self) -> Message:
        """The next part of the body; raises HTTPException if it passes a limit."""
        if self._is_whole:  # only a disconnect can follow
            return await self._receive()
        try:
            async with asyncio.timeout_at(None if self._status else self._until):
                message = await self._receive()
        except TimeoutError:
            if not self._status:
                raise self._too_slow() from None
            # The response has started already; the protocol closes a connection whose request
            # never ends.
            message = await self._receive()
        if message["type"] != "http.request":
            return message
        self._size += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        if self._is_upload:
            if self._size - self._progress >= MIN_PROGRESS_BYTES:
                self._progress = self._size
                self._until = asyncio.get_running_loop().time() + self._settings.body_timeout_s
            return message
        if self._size <= self._max_bytes:
            return message
        if self._status:
            return {**message, "body": b""}
        self._counts.add("body_size")
        raise _too_large(self._max_bytes)

    def _too_slow(self) -> HTTPException:
        self._counts.add("body_time")
        seconds = f"{self._settings.body_timeout_s:g}"
        sentence = _("The request's body did not arrive within {seconds} s.", seconds=seconds)
        return HTTPException(408, sentence, headers=_CLOSE)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        is_refused_upload = self._is_upload and self._status >= 400 and not self._is_whole
        if is_last and (self._status == 413 or is_refused_upload):
            await self._send({**message, "more_body": True})
            await self._drain()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def _drain(self) -> None:
        """Read some of what the client still sends, so that it gets to reading the response."""
        left = _DRAIN_UPLOAD_BYTES if self._is_upload else _DRAIN_BYTES
        try:
            async with asyncio.timeout(_DRAIN_UPLOAD_S if self._is_upload else _DRAIN_S):
                while left > 0:
                    message = await self._receive()
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        return
                    left -= len(message.get("body", b""))
        except TimeoutError:
            return


def _too_large(max_bytes: int) -> HTTPException:
    return HTTPException(
        413, _("The request's body is larger than {n} bytes.", n=max_bytes), headers=_CLOSE
    )
