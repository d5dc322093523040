"""The sealed videos of a server: their files in one directory, their keys in another."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from contract.errors import StoreError
from contract.files.sqlite_file import sync_directory
from school.video.keys import VideoKeys
from school.video.sealed_file import SealedReader, SealedSink, SealedUpload, rest_path
from school.video.sealing import Sealing
from school.video.settings import VideoSettings

__all__ = ["VideoFiles", "new_name"]

_FILE: Final = re.compile(r"([0-9a-f]{32})\.(video|rest|rest-new)", re.ASCII)


def new_name() -> str:
    """The id of a new video's file."""
    return os.urandom(16).hex()


@dataclass(frozen=True, slots=True)
class VideoFiles:
    """Each video has a name, `new_name()`. The key is made first, and destroyed first."""

    directory: Path
    keys: VideoKeys

    @classmethod
    def of(cls, settings: VideoSettings) -> Self | None:
        """Those that the settings name; None if this server keeps no videos."""
        if settings.directory is None or settings.key_directory is None:
            return None
        return cls(settings.directory, VideoKeys(settings.key_directory))

    def prepare(self, utc_ns: int, *, expects_key: bool = False) -> None:
        """Make the directories and the key file where they are missing; raises StoreError.

        Where there are videos, or are to be, a missing key file is never replaced by a new one: its
        disk may not be mounted.
        """
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.directory} can't be made ({error.strerror}): make it for the user of the "
                "programs, or choose another with `video.directory`."
            ) from error
        self.keys.prepare(utc_ns, expects_key=expects_key or bool(self.names()))

    def begin(self, name: str) -> None:
        """Make the key of a new video."""
        self.keys.make(name)

    def upload(self, name: str, size: int) -> SealedUpload:
        """An upload that begins or goes on. Raises VideoGoneError, StoreError or OSError."""
        return SealedUpload(self.path(name), self._sealing(name), size)

    def sink(self, name: str) -> SealedSink:
        """A new file for a muxer to write; its key is there."""
        return SealedSink(self.path(name), self._sealing(name))

    def source(self, name: str) -> SealedReader:
        """A finished video to read. Raises VideoGoneError, VideoDamagedError or StoreError."""
        sealing = self._sealing(name)
        try:
            return SealedReader(self.path(name), sealing)
        except FileNotFoundError:
            raise StoreError(
                f"The file of the video {name} is not in {self.directory} any more: copy it back "
                "from its own copy, or upload the video again."
            ) from None
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"{self.path(name)} can't be read ({error.strerror}).") from error

    def destroy(self, name: str) -> bool:
        """Delete a video for good: its key, then what can't be read without it."""
        had_key = self.keys.destroy(name)
        path = self.path(name)
        had_file = path.exists()
        for each in (path, rest_path(path), path.with_suffix(".rest-new")):
            each.unlink(missing_ok=True)
        if had_file:
            sync_directory(self.directory)
        return had_key or had_file

    def names(self) -> set[str]:
        """The ids of all videos that have a file."""
        with os.scandir(self.directory) as entries:
            found = (_FILE.fullmatch(entry.name) for entry in entries)
            return {match[1] for match in found if match is not None}

    def free_bytes(self) -> int:
        """What is free on the disk of the videos."""
        return shutil.disk_usage(self.directory).free

    def sealed_size(self, name: str) -> int:
        """How much of the disk a video has taken so far."""
        return self.file_size(name) + _size(rest_path(self.path(name)))

    def file_size(self, name: str) -> int:
        """The same without an upload's incomplete segment: `sealed_bytes` when all of it is here."""
        return _size(self.path(name))

    def path(self, name: str) -> Path:
        """Where a video's sealed file is."""
        return self.directory / f"{name}.video"

    def _sealing(self, name: str) -> Sealing:
        return Sealing(self.keys.get(name), name)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
