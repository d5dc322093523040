"""HTTP whose answers have an end, whatever the other side sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import httpx2

from dashboard_api.openid.refused import untrusted

__all__ = ["MAX_ANSWER_BYTES", "BoundedTransport"]

MAX_ANSWER_BYTES: Final = 256 << 10
"""Discovery documents and keys take some kilobytes."""


class BoundedTransport(httpx2.AsyncBaseTransport):
    """Refuses an answer that is longer, or packed: that could be any length when unpacked."""

    def __init__(self) -> None:
        self._inner = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        answer = await self._inner.handle_async_request(request)
        assert isinstance(answer.stream, httpx2.AsyncByteStream)
        answer.stream = _Bounded(answer.stream)
        if answer.headers.get("content-encoding", "identity") != "identity":
            await answer.aclose()
            raise untrusted("a packed answer")
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for part in self._inner:
            length += len(part)
            if length > MAX_ANSWER_BYTES:
                raise untrusted("a very long answer")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()
