"""What is done with a lesson's videos: added, taken in from a file, and removed for good."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from contract.clock import SECOND_NS
from contract.errors import RoomtoneError, StoreError, UsageError
from contract.files.plain_file import open_plain_file
from contract.language import _
from school.audit.actor import Actor
from school.lessons.records import Lesson
from school.video.container import HEAD_BYTES, NO_VIDEO, container_of
from school.video.files import VideoFiles, new_name
from school.video.records import Reason, Video
from school.video.sealing import sealed_bytes
from school.video.settings import VideoSettings
from school.video.store import VideoStore

__all__ = ["FULL", "NoRoomError", "NotAVideoError", "NotTakenError", "VideoKeeper", "kept_until_ns"]

_PIECE: Final = 8 << 20
_DAY_NS: Final = 86_400 * SECOND_NS
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class NoRoomError(StoreError):
    """The disk of the videos has no room for another one."""


class NotTakenError(RoomtoneError, ValueError):
    """A video that is not taken: too large, no video, too late, or one is under way."""


class NotAVideoError(UsageError):
    """A file of this computer that does not begin like a video."""


def kept_until_ns(lesson: Lesson, longest_ns: int, days: int) -> int:
    """When retention removes a lesson's video."""
    return lesson.over_utc_ns(longest_ns) + days * _DAY_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoKeeper:
    """The videos' records and their sealed files together: keys always go first."""

    store: VideoStore
    files: VideoFiles
    settings: VideoSettings
    days: int
    """How long after its lesson's end a video is kept."""
    longest_ns: int

    def begin(
        self, lesson: Lesson, size: int, by: Actor, *, fingerprint: str = "", consent: str = ""
    ) -> Video:
        """A new video of a lesson that is to be uploaded. An upload that is not done gives way.

        Raises NotTakenError, NoRoomError, or StoreError.
        """
        self._require_fit(lesson, size, by.utc_ns)
        replaced = [
            each
            for each in self.store.of_lesson(lesson.id)
            if each.state in ("uploading", "refused")
        ]
        self._require_room(size, replaced)
        for each in replaced:
            self.remove(each, by, "replaced")
        video = Video(
            id=new_name(), lesson=lesson.id, state="uploading", file=new_name(), size=size,
            fingerprint=fingerprint, added_by=by.person or "", consent=consent,
            created_utc_ns=by.utc_ns, changed_utc_ns=by.utc_ns,
        )  # fmt: skip
        if not self.store.begin(video, by):
            raise NotTakenError(
                _(
                    "A video of this lesson is being prepared. Wait until it is ready, or delete it first."
                )
            )
        # The record is first: a key without one would be in nobody's reach.
        self.files.begin(video.file)
        return video

    def take_in(
        self,
        lesson: Lesson,
        path: Path,
        by: Actor,
        *,
        say: Callable[[int], None] = lambda _: None,
        first: Callable[[Video], object] = lambda _: None,
    ) -> Video:
        """Seal a file of this computer as a lesson's video; the file itself stays.

        `say` is called with the bytes so far, `first` before anybody may prepare the video. Raises UsageError, NotAVideoError, and what `begin` raises.
        """
        try:
            handle = open_plain_file(path, follow_links=True)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror or error}; give a video file.") from error
        with os.fdopen(handle, "rb") as file:
            size = os.fstat(handle).st_size
            if container_of(file.read(HEAD_BYTES)) is None:
                raise NotAVideoError(f"{path}: {NO_VIDEO}")
            file.seek(0)
            video = self.begin(lesson, size, by)
            try:
                self._seal(video, iter(lambda: file.read(_PIECE), b""), say)
                first(video)
            except BaseException:
                self.remove(video, by, "unfinished")
                raise
        if not self.store.finish_upload(video.id, by) and self.store.get(video.id) is None:
            raise NotTakenError(
                "The video was deleted, or another one took its place, while it was read; try again."
            )
        return replace(video, state="checking")

    def remove(self, video: Video, by: Actor, why: Reason) -> None:
        """Delete a video for good, and leave an entry in the audit log."""
        # It may have been converted since it was looked up.
        for each in (video, self.store.get(video.id)):
            for name in each.files if each is not None else ():
                self.files.destroy(name)
        removed = self.store.remove(video, by, why)
        for name in set(removed.files) - set(video.files) if removed is not None else ():
            self.files.destroy(name)

    def refuse(self, video: Video, reason: str, utc_ns: int) -> None:
        """Delete what there is of a video, and keep the reason for its teacher."""
        for name in video.files:
            self.files.destroy(name)
        self.store.change(video, utc_ns, state="refused", refusal=reason, spare="")

    def _require_fit(self, lesson: Lesson, size: int, now_ns: int) -> None:
        settings = self.settings
        if lesson.starts_utc_ns > now_ns:
            raise NotTakenError(_("The lesson has not started, so it has no video yet."))
        if kept_until_ns(lesson, self.longest_ns, self.days) <= now_ns:
            raise NotTakenError(
                _(
                    "Videos are kept for {n} days after a lesson, and this one is longer ago. You can "
                    "open a video from your computer instead.",
                    n=self.days,
                )
            )
        if size <= 0:
            raise NotTakenError(_("The file is empty. Choose the file that the camera made."))
        if size > settings.max_bytes:
            raise NotTakenError(
                _(
                    "The file is larger than {n} GB, which is all that this server takes. Export it "
                    "with a smaller picture, such as 720p, and try again.",
                    n=f"{settings.max_upload_gb:g}",
                )
            )

    def _require_room(self, size: int, replaced: Iterable[Video]) -> None:
        """Uploads under way have their room already; what is replaced gives its own back."""
        free = self.files.free_bytes() - self.settings.reserve_bytes
        gone = {each.id for each in replaced}
        for each, _lesson in self.store.every():
            if each.id in gone:
                free += sum(self.files.sealed_size(name) for name in each.files)
            elif each.state == "uploading":
                free -= max(0, sealed_bytes(each.size) - self.files.sealed_size(each.file))
        if sealed_bytes(size) > free:
            raise NoRoomError(
                _(
                    "The server has no room for this video of {n} GB. Ask the person who runs it to make "
                    "room, or open the video from your computer.",
                    n=f"{size / 1e9:.1f}",
                )
            )

    def _seal(self, video: Video, pieces: Iterable[bytes], say: Callable[[int], None]) -> None:
        upload = self.files.upload(video.file, video.size)
        try:
            for piece in pieces:
                upload.write(piece)
                say(upload.offset)
            if not upload.is_complete:
                raise UsageError("The file became shorter while it was read; try again.")
            upload.settle()
        except OSError as error:
            if error.errno in FULL:
                raise NoRoomError(
                    "The disk of the videos is full: make room, and run the command again."
                ) from error
            raise
        finally:
            upload.close()
