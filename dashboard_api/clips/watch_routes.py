"""Clips as those watch them to whom their teacher shows them."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from contract.language import _
from dashboard_api.clips.clip_view import own_lines, shown_lines
from dashboard_api.video.ranges import ranged
from dashboard_api.video.service import VideosDep
from dashboard_api.web.access import SeesClip
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.clips.records import Clip
from school.sharing.policy import may
from school.video.keys import VideoGoneError

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/clips")
async def clips(request: Request, viewer: SeesClip, store: StoreDep) -> Response:
    zone = request.app.state.zone

    def query(stores: Stores) -> Response:
        return page(
            "clips/list.html",
            viewer=viewer,
            shown=shown_lines(stores, viewer, zone),
            own=own_lines(stores, viewer, zone),
        )

    return await store.run(query)


@router.get("/clips/{clip_id}")
async def clip_page(request: Request, viewer: SeesClip, clip_id: str, store: StoreDep) -> Response:
    zone = request.app.state.zone

    def query(stores: Stores) -> Response:
        clip = _seen(stores, viewer, clip_id)
        lines = own_lines if clip.person == viewer.person.id else shown_lines
        found = lines(stores, viewer, zone, clip=clip.id)
        if not found:  # another program deleted it meanwhile
            raise _no_clip()
        return page("clips/watch.html", viewer=viewer, clip=found[0])

    return await store.run(query)


@router.head("/clips/{clip_id}/video")
@router.get("/clips/{clip_id}/video")
async def clip_video(
    request: Request, viewer: SeesClip, clip_id: str, store: StoreDep, videos: VideosDep
) -> Response:
    """The bytes of the clip, while it is shown to who asks."""

    def watched(stores: Stores) -> Clip:
        clip = _seen(stores, viewer, clip_id)
        if clip.state != "ready":
            raise _no_clip()
        stores.audit.record_look(viewer.actor, "clip", clip.id, lesson=clip.lesson)
        return clip

    async def is_allowed() -> bool:
        later = replace(viewer, people_utc_ns=store.people_clock.utc_ns())
        try:
            await store.run(lambda stores: _seen(stores, later, clip_id))
        except NotFoundError:
            return False
        return True

    clip = await store.run(watched)
    if videos.files is None:
        raise _no_clip()
    kind = "audio/mp4" if clip.shows == "sound" else "video/mp4"
    try:
        return await ranged(request, videos.files, clip.file, kind, is_allowed)
    except VideoGoneError:
        raise _no_clip() from None


def _seen(stores: Stores, viewer: Viewer, clip_id: str) -> Clip:
    """A clip that is the viewer's own or shown to them; raises NotFoundError for any other."""
    person, now = viewer.person, viewer.people_utc_ns
    found = []
    if may(person.roles, "see clip", "own"):
        found += stores.clips.made_by(person.id, now, clip_id)
    if may(person.roles, "see clip", "shared"):
        found += stores.clips.shown_to(person.id, now, clip_id)
    if not found:
        raise _no_clip()
    return found[0]


def _no_clip() -> NotFoundError:
    return NotFoundError(
        _("There is no such clip. It may have been deleted, or its last day is over.")
    )
