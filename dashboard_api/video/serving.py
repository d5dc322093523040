"""A lesson's video in the ranges that a player requests, decrypted segment by segment."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from contract.language import _
from dashboard_api.video.ranges import ranged
from dashboard_api.video.service import VideosDep
from dashboard_api.web.access import ReadsVideo
from dashboard_api.web.lookup import ErrorJson, NotFoundError, see_lesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.video.keys import VideoGoneError
from school.video.records import MEDIA_TYPES, Video

__all__ = ["router"]

router = APIRouter()


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
    if videos.files is None:
        raise NotFoundError(_("This lesson has no video on the server."))

    async def is_allowed() -> bool:
        """Whether the share is still there, and the video the same."""
        later = replace(viewer, utc_ns=store.clock.utc_ns())
        try:
            now = await store.run(lambda stores: _seen(stores, later, lesson_id))
        except NotFoundError:
            return False
        return now.file == found.file

    kind = MEDIA_TYPES.get(found.container, "application/octet-stream")
    try:
        return await ranged(request, videos.files, found.file, kind, is_allowed)
    except VideoGoneError:
        raise NotFoundError(_("The lesson's video was deleted.")) from None


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
