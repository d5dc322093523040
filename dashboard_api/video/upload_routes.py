"""Uploads of videos by tus: they go on after a closed lid, a lost connection or a restart."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from contract.clock import SECOND_NS
from contract.errors import StoreError
from contract.language import N_, _
from dashboard_api.video.in_thread import in_thread
from dashboard_api.video.receiving import NoVideoError, receive
from dashboard_api.video.service import VideosDep, VideoService
from dashboard_api.video.turns import Turn
from dashboard_api.video.tus import (
    CONTENT_TYPE,
    EXTENSIONS,
    VERSION,
    expires,
    length_of,
    metadata_of,
    require_version,
)
from dashboard_api.web.access import ChangesVideo
from dashboard_api.web.lookup import ErrorJson, NotFoundError, get_lesson
from dashboard_api.web.store_thread import StoreDep, Stores, StoreThread
from dashboard_api.web.viewer import Viewer
from school.lessons.records import Lesson
from school.video.container import NO_VIDEO
from school.video.files import VideoFiles
from school.video.keeping import FULL, NoRoomError, NotTakenError
from school.video.keys import VideoGoneError
from school.video.records import Video
from school.video.sealed_file import SealedUpload

__all__ = ["router"]

router = APIRouter()

UPLOADS: Final = "/api/lessons/{lesson_id}/video/uploads"
_UPLOAD: Final = f"{UPLOADS}/{{video_id}}"
_BASE: Final = {"Tus-Resumable": VERSION}
_DAY_NS: Final = 86_400 * SECOND_NS
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
GONE: Final = N_("This upload is gone: it was deleted, or nobody finished it in time. Begin again.")
OTHER_WORDS: Final = N_(
    "The school's words about who may be filmed have to be read and confirmed first. Load the page "
    "again, because they may have changed."
)
FULL_NOW: Final = N_(
    "The server's disk is full. What has been uploaded is kept: ask the person who runs it to make "
    "room, and continue then."
)
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": ErrorJson}, 409: {"model": ErrorJson}, 412: {"model": ErrorJson},
}  # fmt: skip


@router.options(
    UPLOADS, tags=["lessons"], summary="What uploads of videos may be", status_code=204,
    responses={404: {"model": ErrorJson}},
)  # fmt: skip
async def options(
    viewer: ChangesVideo, lesson_id: str, store: StoreDep, videos: VideosDep
) -> Response:
    await store.run(lambda stores: get_lesson(stores, viewer, lesson_id))
    about = {"Tus-Version": VERSION, "Tus-Extension": EXTENSIONS}
    return _answer(204, about | {"Tus-Max-Size": str(videos.settings.max_bytes)})


@router.post(
    UPLOADS, tags=["lessons"], summary="Begin the upload of a lesson's video", status_code=201,
    responses=_RESPONSES
    | {400: {"model": ErrorJson}, 413: {"model": ErrorJson}, 507: {"model": ErrorJson}},
)  # fmt: skip
async def create(
    request: Request, viewer: ChangesVideo, lesson_id: str, store: StoreDep, videos: VideosDep
) -> Response:
    """Headers as in tus: `Upload-Length`, and in `Upload-Metadata` the hash of the consent's wording."""
    metadata = metadata_of(request.headers)
    fingerprint = metadata.get("fingerprint", "")

    def checked(stores: Stores) -> tuple[Lesson, int]:
        lesson = get_lesson(stores, viewer, lesson_id)
        videos.require_files()
        require_version(request.headers)
        size = length_of(request.headers, "upload-length")
        if size > videos.settings.max_bytes:
            too_large = _(
                "The file is larger than {n} GB, which is all that this server takes. Export it with a "
                "smaller picture, such as 720p, and try again",
                n=f"{videos.settings.max_upload_gb:g}",
            )
            raise HTTPException(413, too_large)
        if metadata.get("consent") != videos.consent:
            raise HTTPException(409, _(OTHER_WORDS))
        return lesson, size

    def under_way(stores: Stores) -> list[str]:
        lesson, _size = checked(stores)
        found = stores.videos.of_lesson(lesson.id)
        return [each.id for each in found if each.state == "uploading"]

    def begin(stores: Stores) -> Video:
        lesson, size = checked(stores)
        try:
            return videos.keeper(stores).begin(
                lesson, size, viewer.actor, consent=videos.consent,
                fingerprint=fingerprint if _FINGERPRINT.fullmatch(fingerprint) else "",
            )  # fmt: skip
        except NotTakenError as error:
            raise HTTPException(409, str(error)) from error
        except NoRoomError as error:
            raise HTTPException(507, str(error)) from error

    async with AsyncExitStack() as turns:
        for each in await store.run(under_way):  # nobody may write what is removed
            await turns.enter_async_context(videos.turns.take(each))
        video = await store.run(begin)
    where = f"{request.url.path}/{video.id}"
    return _answer(201, {"Location": where, "Upload-Offset": "0"} | _expiry(video, videos))


@router.head(_UPLOAD, include_in_schema=False)
async def offset(
    request: Request, viewer: ChangesVideo, lesson_id: str, video_id: str, store: StoreDep,
    videos: VideosDep,
) -> Response:  # fmt: skip
    """How much of an upload is on the disk for good."""
    video = await store.run(lambda stores: _found(stores, viewer, lesson_id, video_id))
    require_version(request.headers)
    here = video.size
    if video.state == "uploading":
        files = videos.require_files()
        async with videos.turns.take(video.id):
            upload = await _open(files, video)
            here, is_complete = upload.offset, upload.is_complete
            upload.close()
        if is_complete:  # the program ended before it could say so
            await store.run(lambda stores: _note(stores, viewer, video, is_complete=True))
            videos.work.set()
    about = {"Upload-Offset": str(here), "Upload-Length": str(video.size)}
    return _answer(200, about | _expiry(video, videos))


@router.patch(
    _UPLOAD, tags=["lessons"], summary="Upload a part of a video", status_code=204,
    responses=_RESPONSES
    | {413: {"model": ErrorJson}, 415: {"model": ErrorJson}, 507: {"model": ErrorJson}},
)  # fmt: skip
async def patch(
    request: Request, viewer: ChangesVideo, lesson_id: str, video_id: str, store: StoreDep,
    videos: VideosDep,
) -> Response:  # fmt: skip
    """The bytes from `Upload-Offset` on; each whole segment is encrypted and kept as it comes."""
    video = await store.run(lambda stores: _found(stores, viewer, lesson_id, video_id))
    require_version(request.headers)
    if request.headers.get("content-type") != CONTENT_TYPE:
        raise HTTPException(415, _("The part of an upload has to be {kind}", kind=CONTENT_TYPE))
    begins = length_of(request.headers, "upload-offset")
    if video.state != "uploading":
        raise HTTPException(409, _("This upload is complete already"))
    files = videos.require_files()
    async with videos.turns.take(video.id) as turn:
        upload = await _open(files, video)
        try:
            if begins != upload.offset:
                raise HTTPException(
                    409, _("The server has {n} bytes of this upload", n=upload.offset)
                )
            missing = video.size - begins
            if len(length := request.headers.get("content-length", "0")) > 15 or (
                length.isdecimal() and int(length) > missing
            ):
                raise HTTPException(413, _("Only {n} bytes are missing of this upload", n=missing))
            await _take(request, upload, turn=turn, video=video, videos=videos, store=store)
            here, is_complete = upload.offset, upload.is_complete
        finally:
            upload.close()
        await store.run(lambda stores: _note(stores, viewer, video, is_complete=is_complete))
    if is_complete:
        videos.work.set()
    return _answer(204, {"Upload-Offset": str(here)} | _expiry(video, videos))


@router.delete(
    _UPLOAD, tags=["lessons"], summary="Give up the upload of a video", status_code=204,
    responses=_RESPONSES,
)  # fmt: skip
async def terminate(
    request: Request, viewer: ChangesVideo, lesson_id: str, video_id: str, store: StoreDep,
    videos: VideosDep,
) -> Response:  # fmt: skip
    video = await store.run(lambda stores: _found(stores, viewer, lesson_id, video_id))
    require_version(request.headers)
    async with videos.turns.take(video.id):
        await store.run(lambda stores: videos.keeper(stores).remove(video, viewer.actor, "by_hand"))
    return _answer(204, {})


async def _take(
    request: Request, upload: SealedUpload, *, turn: Turn, video: Video, videos: VideoService,
    store: StoreThread,
) -> None:  # fmt: skip
    """Receive, and make durable whatever came, however it ended."""
    try:
        try:
            await receive(request, upload, turn)
        finally:
            with suppress(ValueError):
                await in_thread(upload.settle)
    except NoVideoError:
        now = store.people_clock.utc_ns()
        await store.run(lambda stores: videos.keeper(stores).refuse(video, NO_VIDEO, now))
        raise HTTPException(415, _(NO_VIDEO)) from None
    except StoreError as error:
        raise HTTPException(413, str(error)) from error
    except OSError as error:
        if error.errno not in FULL:
            raise StoreError(f"The video can't be kept ({error.strerror}).") from error
        raise HTTPException(507, _(FULL_NOW)) from error


def _found(stores: Stores, viewer: Viewer, lesson_id: str, video_id: str) -> Video:
    """An upload of the viewer's own lesson; raises NotFoundError."""
    get_lesson(stores, viewer, lesson_id)
    video = stores.videos.get(video_id)
    if video is None or video.lesson != lesson_id or video.state == "refused":
        raise NotFoundError(_(GONE))
    return video


async def _open(files: VideoFiles, video: Video) -> SealedUpload:
    """Open an upload, which its caller closes; raises NotFoundError if it is gone."""
    opening = partial(files.upload, video.file, video.size)
    try:
        return await in_thread(opening, unwanted=SealedUpload.close)
    except VideoGoneError:
        raise NotFoundError(_(GONE)) from None


def _note(stores: Stores, viewer: Viewer, video: Video, *, is_complete: bool) -> None:
    """Record what came; raises NotFoundError if the upload was removed meanwhile."""
    if is_complete:
        is_noted = stores.videos.finish_upload(video.id, viewer.actor)
    else:
        is_noted = stores.videos.change(video, viewer.people_utc_ns) is not None
    if not is_noted:  # another program was quicker: it is handed on, or gone
        now = stores.videos.get(video.id)
        if now is None or now.state == "refused":
            raise NotFoundError(_(GONE))


def _expiry(video: Video, videos: VideoService) -> dict[str, str]:
    """Each part that comes puts the end off."""
    if video.state != "uploading":
        return {}
    ends_ns = video.changed_utc_ns + videos.settings.unfinished_days * _DAY_NS
    return {"Upload-Expires": expires(ends_ns)}


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(status_code=status, headers=_BASE | headers)
