"""What the pages know of videos beside the database: settings, files, turns and progress."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from contract.language import N_, _
from dashboard_api.video.turns import Turns
from dashboard_api.web.store_thread import Stores
from ingest.settings import RetentionSettings
from school.clips.clip_keeping import ClipKeeper
from school.video.files import VideoFiles
from school.video.keeping import VideoKeeper
from school.video.records import consent_hash
from school.video.settings import VideoSettings

__all__ = ["OFF", "VideoService", "VideosDep"]

OFF: Final = N_(
    "This server keeps no videos. Ask the person who runs it, or open a video from this computer."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoService:
    """Of one application."""

    settings: VideoSettings = field(default_factory=VideoSettings)
    days: int = RetentionSettings().video_days
    """How long after its lesson a video is kept."""
    turns: Turns = field(default_factory=Turns)
    progress: dict[str, float] = field(default_factory=dict)
    """Video that is converted → the share that is done."""
    work: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is a video to check."""
    cutting: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is a clip to cut."""

    @property
    def files(self) -> VideoFiles | None:
        """The sealed files; None if this server keeps no videos."""
        return VideoFiles.of(self.settings)

    @property
    def consent_text(self) -> str:
        """The school's wording; its reader's language has the wording that we ship."""
        return _(self.settings.consent_text)

    @property
    def consent(self) -> str:
        """The hash of the wording of today, as its reader reads it."""
        return consent_hash(self.consent_text)

    def keeper(self, stores: Stores) -> VideoKeeper:
        """Records and files together; raises HTTPException if this server keeps no videos."""
        return VideoKeeper(
            store=stores.videos, files=self.require_files(), settings=self.settings, days=self.days,
            longest_ns=stores.longest_ns,
        )  # fmt: skip

    def clips(self, stores: Stores) -> ClipKeeper:
        """Clips' records and files together; raises HTTPException as `keeper` does."""
        return ClipKeeper(store=stores.clips, files=self.require_files())

    def require_files(self) -> VideoFiles:
        """The sealed files; raises HTTPException if this server keeps no videos."""
        if self.files is None:
            raise HTTPException(409, _(OFF))
        return self.files


def _videos(connection: HTTPConnection) -> VideoService:
    service = connection.app.state.videos
    assert isinstance(service, VideoService)
    return service


VideosDep = Annotated[VideoService, Depends(_videos)]
"""The type of an endpoint's `videos` parameter."""
