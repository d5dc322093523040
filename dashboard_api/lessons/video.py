"""A lesson's video from the server's disk, in the parts that a player requests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse

from dashboard_api.web.access import ReadsVideo
from dashboard_api.web.lookup import ErrorJson, NotFoundError, see_lesson
from dashboard_api.web.store_thread import StoreDep, Stores

__all__ = ["router"]

router = APIRouter()

MEDIA_TYPES: Final = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".ogv": "video/ogg",
    ".mkv": "video/x-matroska",
}


@router.head("/lessons/{lesson_id}/video", include_in_schema=False)
@router.get(
    "/lessons/{lesson_id}/video",
    tags=["lessons"],
    summary="A lesson's video",
    response_class=FileResponse,
    responses={
        206: {"description": "The bytes of the requested range."},
        404: {"model": ErrorJson},
    },
)
async def video(viewer: ReadsVideo, lesson_id: str, store: StoreDep) -> FileResponse:
    """The file as it is. `Range` requests work, so that a player can seek."""

    def query(stores: Stores) -> Path:
        seen = see_lesson(stores, viewer, lesson_id)
        lesson = seen.lesson
        if lesson.video is not None and not seen.has_video:
            raise NotFoundError(
                "The video is not shown, because only parts of this lesson are shared with you, and "
                "a file can't be cut here."
            )
        stores.audit.record_look(viewer.actor, "video", lesson.id, lesson=lesson.id)
        named = lesson.video
        if named is None:
            raise NotFoundError("This lesson has no video on the server.")
        path = Path(named)
        if path.suffix.lower() not in MEDIA_TYPES or not path.is_file():
            raise NotFoundError(
                "The lesson's video was moved or deleted. Ask the person who runs the server."
            )
        return path

    path = await store.run(query)
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix.lower()])
