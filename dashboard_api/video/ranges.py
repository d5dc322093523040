"""A sealed video in the ranges that a player requests, while its viewer may see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from dashboard_api.video.byte_range import Span, UnsatisfiableError, span_of
from dashboard_api.video.in_thread import in_thread
from school.video.files import VideoFiles
from school.video.sealed_file import SealedReader
from school.video.sealing import SEGMENT_BYTES

__all__ = ["parts", "ranged"]

_LOOK_EACH_S: Final = 2.0
"""How often a long answer checks that its viewer may still see it."""


async def ranged(
    request: Request, files: VideoFiles, name: str, media_type: str,
    is_allowed: Callable[[], Awaitable[bool]],
) -> Response:  # fmt: skip
    """The bytes that a request asks for; raises VideoGoneError, or StoreError."""
    opening = partial(files.source, name)
    source = await in_thread(opening, unwanted=SealedReader.close)
    tag = f'"{name}"'
    headers = {"Accept-Ranges": "bytes", "ETag": tag, "Cache-Control": "private, no-store"}
    try:
        is_same = request.headers.get("if-range", tag) == tag
        span = span_of(request.headers.get("range", ""), source.size) if is_same else None
    except UnsatisfiableError:
        source.close()
        return Response(
            status_code=416, headers=headers | {"Content-Range": f"bytes */{source.size}"}
        )
    whole = span or Span(0, source.size)
    headers["Content-Length"] = str(whole.end - whole.start)
    if span is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{source.size}"
    status = 206 if span else 200
    if request.method == "HEAD":
        source.close()
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(
        parts(source, whole, is_allowed), status_code=status, headers=headers,
        media_type=media_type,
    )  # fmt: skip


async def parts(
    source: SealedReader, span: Span, is_allowed: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    """One segment after the other; ends early, and so breaks off, if the viewer's right ends."""
    loop = asyncio.get_running_loop()
    looked, at = loop.time(), span.start
    try:
        while at < span.end:
            if loop.time() - looked >= _LOOK_EACH_S:
                if not await is_allowed():
                    return
                looked = loop.time()
            count = min(SEGMENT_BYTES - at % SEGMENT_BYTES, span.end - at)
            part = await in_thread(partial(source.read_at, at, count))
            at += len(part)
            yield part
    finally:
        source.close()
