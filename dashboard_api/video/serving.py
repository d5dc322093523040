"""A lesson's video in the ranges that a player requests, decrypted segment by segment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from contract.language import _
from dashboard_api.video.byte_range import Span, UnsatisfiableError, span_of
from dashboard_api.video.in_thread import in_thread
from dashboard_api.video.service import VideosDep
from dashboard_api.web.access import ReadsVideo
from dashboard_api.web.lookup import ErrorJson, NotFoundError, see_lesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.video.keys import VideoGoneError
from school.video.records import MEDIA_TYPES, Video
from school.video.sealed_file import SealedReader
from school.video.sealing import SEGMENT_BYTES

__all__ = ["router"]

router = APIRouter()

_LOOK_EACH_S: Final = 2.0
"""How often a long answer checks that its viewer may still see the lesson."""


@router.head("/lessons/{lesson_id}/video", include_in_schema=False)
@router.get(
    "/lessons/{lesson_id}/video",
    tags=["lessons"],
    summary="A lesson's video",
    response_class=StreamingResponse,
    responses={
        206: {"description": "The bytes of the requested range."},
        404: {"model": ErrorJson},
        416: {"description": "The video has none of these bytes."},
    },
)
async def video(
    request: Request, viewer: ReadsVideo, lesson_id: str, store: StoreDep, videos: VideosDep
) -> Response:
    """The bytes of the video. One range at a time works, so that a player can seek."""
    found = await store.run(lambda stores: _watched(stores, viewer, lesson_id))
    try:
        files = videos.files
        if files is None:
            raise NotFoundError(_("This lesson has no video on the server."))
        opening = partial(files.source, found.file)
        source = await in_thread(opening, unwanted=SealedReader.close)
    except VideoGoneError:
        raise NotFoundError(_("The lesson's video was deleted.")) from None
    tag = f'"{found.file}"'
    headers = {"Accept-Ranges": "bytes", "ETag": tag, "Cache-Control": "private, no-store"}
    kind = MEDIA_TYPES.get(found.container, "application/octet-stream")
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
    if request.method == "HEAD":
        source.close()
        return Response(status_code=206 if span else 200, headers=headers, media_type=kind)

    async def is_allowed() -> bool:
        """Whether the share is still there, and the video the same."""
        later = replace(viewer, utc_ns=store.clock.utc_ns())
        try:
            now = await store.run(lambda stores: _seen(stores, later, lesson_id))
        except NotFoundError:
            return False
        return now.file == found.file

    return StreamingResponse(
        _parts(source, whole, is_allowed),
        status_code=206 if span else 200, headers=headers, media_type=kind,
    )  # fmt: skip


def _watched(stores: Stores, viewer: Viewer, lesson_id: str) -> Video:
    """The video for someone who begins to watch, which the audit log has."""
    _require_whole(stores, viewer, lesson_id)
    stores.audit.record_look(viewer.actor, "video", lesson_id, lesson=lesson_id)
    return _seen(stores, viewer, lesson_id)


def _seen(stores: Stores, viewer: Viewer, lesson_id: str) -> Video:
    """The video of a lesson for someone who may see all of it; raises NotFoundError."""
    _require_whole(stores, viewer, lesson_id)
    found = stores.videos.ready(lesson_id)
    if found is None:
        raise NotFoundError(_("This lesson has no video on the server."))
    return found


def _require_whole(stores: Stores, viewer: Viewer, lesson_id: str) -> None:
    if see_lesson(stores, viewer, lesson_id).is_video_kept:
        raise NotFoundError(
            _(
                "The video is not shown, because only parts of this lesson are shared with you, and a "
                "file can't be cut here."
            )
        )


async def _parts(
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
