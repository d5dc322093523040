"""In what state a lesson's video is, for its teacher's page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from urllib.parse import quote

from pydantic import BaseModel, Field

from dashboard_api.language.dates import date_text
from dashboard_api.language.recorded import recorded_text
from dashboard_api.video.service import VideoService
from dashboard_api.views.days import day_of
from school.lessons.records import Lesson
from school.video.keeping import kept_until_ns
from school.video.records import Video
from school.video.sealing import sealed_bytes

__all__ = ["UploadJson", "VideoStateJson", "video_state"]


class UploadJson(BaseModel):
    """An upload that is not complete; a browser that has the same file goes on with it."""

    address: str = Field(description="Where tus goes on.")
    size: int = Field(description="Bytes of the whole file.")
    fingerprint: str = Field(description="Of the file's name, length and date; empty if not known.")
    share: float = Field(description="How much of it is here, 0 to 1.")
    is_moving: bool = Field(description="Whether some browser is uploading it at this moment.")


class VideoStateJson(BaseModel):
    """What there is of a lesson's video, and what is being done with the one that is to replace it."""

    state: str = Field(
        description="off, none, uploading, checking, converting, ready or refused: of the newest video."
    )
    is_ready: bool = Field(description="Whether there is a video to play.")
    kept_until: str | None = Field(
        description="The day on which the video is deleted by itself, such as 18 December 2025."
    )
    progress: float | None = Field(description="The share that is converted, 0 to 1.")
    refusal: str = Field(description="Why the newest video was refused: one sentence.")
    upload: UploadJson | None


def video_state(
    lesson: Lesson, videos: Sequence[Video], service: VideoService, longest_ns: int,
    zone: tzinfo | None,
) -> VideoStateJson:  # fmt: skip
    """From a lesson's videos, the oldest first."""
    newest = videos[-1] if videos else None
    nothing = "none" if service.settings.is_on else "off"
    upload = None
    if newest is not None and newest.state == "uploading":
        upload = UploadJson(
            address=f"/api/lessons/{quote(lesson.id, safe='')}/video/uploads/{newest.id}",
            size=newest.size, fingerprint=newest.fingerprint, share=_share(newest, service),
            is_moving=service.turns.is_taken(newest.id),
        )  # fmt: skip
    is_ready = any(each.state == "ready" for each in videos)
    until_ns = kept_until_ns(lesson, longest_ns, service.days)
    until = None if newest is None else date_text(day_of(until_ns, zone))
    return VideoStateJson(
        state=nothing if newest is None else newest.state, is_ready=is_ready, kept_until=until,
        progress=None if newest is None else service.progress.get(newest.id),
        refusal="" if newest is None else recorded_text(newest.refusal), upload=upload,
    )  # fmt: skip


def _share(video: Video, service: VideoService) -> float:
    if service.files is None:
        return 0.0
    return min(1.0, service.files.sealed_size(video.file) / sealed_bytes(video.size))
