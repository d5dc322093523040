"""What a teacher's page asks about its video, and deleting it at once."""

from __future__ import annotations

from contextlib import AsyncExitStack

from fastapi import APIRouter, Request

from dashboard_api.video.service import VideosDep
from dashboard_api.video.view import VideoStateJson, video_state
from dashboard_api.web.access import ChangesVideo
from dashboard_api.web.lookup import ErrorJson, get_lesson
from dashboard_api.web.store_thread import StoreDep, Stores
from school.video.records import Video

__all__ = ["router"]

router = APIRouter()


@router.get(
    "/api/lessons/{lesson_id}/video",
    tags=["lessons"],
    summary="In what state the lesson's video is",
    responses={404: {"model": ErrorJson}},
)
async def state(
    request: Request, viewer: ChangesVideo, lesson_id: str, store: StoreDep, videos: VideosDep
) -> VideoStateJson:
    def query(stores: Stores) -> VideoStateJson:
        lesson = get_lesson(stores, viewer, lesson_id)
        found = stores.videos.of_lesson(lesson.id)
        zone = request.app.state.zone
        return video_state(lesson, found, videos, stores.longest_ns, zone)

    return await store.run(query)


@router.delete(
    "/api/lessons/{lesson_id}/video",
    tags=["lessons"],
    summary="Delete the lesson's video for good",
    status_code=204,
    responses={404: {"model": ErrorJson}, 409: {"model": ErrorJson}},
)
async def delete(viewer: ChangesVideo, lesson_id: str, store: StoreDep, videos: VideosDep) -> None:
    """Its key is destroyed first, so that no copy of the server's data brings it back."""

    def found(stores: Stores) -> list[Video]:
        return stores.videos.of_lesson(get_lesson(stores, viewer, lesson_id).id)

    def remove(stores: Stores) -> None:
        for video in found(stores):
            videos.keeper(stores).remove(video, viewer.actor, "by_hand")
        if videos.settings.is_on:  # who deletes a video means what was cut from it too
            videos.clips(stores).remove_of_lesson(lesson_id, viewer.actor, "video_removed")

    async with AsyncExitStack() as turns:
        for video in await store.run(found):
            if video.state == "uploading":
                await turns.enter_async_context(videos.turns.take(video.id))
        await store.run(remove)
