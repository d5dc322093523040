"""The keys of videos: made, found, destroyed, and wrapped again under a new key file.

Whoever removes a video's wrapped key removes the video for good: what is left of it can't be read.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from contract.errors import StoreError
from contract.files.sqlite_file import sync_directory
from school.video.key_files import KeyFile, WrappedKey, forget_file
from school.video.sealing import KEY_BYTES

__all__ = ["KEY_FILE", "WRAPPED", "VideoGoneError", "VideoKeys"]

KEY_FILE: Final = "key"
WRAPPED: Final = "wrapped"
"""The folder of the videos' own keys, in the same directory."""
_NEXT: Final = "key.next"
_OLD: Final = "key.old"
_TRIES: Final = 5


class VideoGoneError(StoreError, LookupError):
    """The key of a video was destroyed, so the video is deleted."""


class VideoKeys:
    """Any number of programs may use the directory; whoever changes it is alone."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._wrapped = directory / WRAPPED

    def prepare(self, utc_ns: int, *, expects_key: bool = False) -> None:
        """Make what is missing, and finish a rotation that was interrupted; raises StoreError."""
        try:
            for path in (self.directory, self._wrapped):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.directory} can't be made ({error.strerror}): make it for the user of the "
                "programs, or choose another with `video.key_directory`."
            ) from error
        with self.alone():
            for left in (*self.directory.glob("*.new"), *self._wrapped.glob("*.new")):
                forget_file(left)
            self._finish_rotation()
            if self._key_file() is None:
                if expects_key or self.names():
                    raise self._missing()
                KeyFile.new(utc_ns).write(self.directory / KEY_FILE)

    def key_file(self) -> KeyFile:
        """The key that wraps the others; raises StoreError if there is none."""
        found = self._key_file()
        if found is None:
            raise self._missing()
        return found

    def names(self) -> list[str]:
        """The ids of all videos that have a key."""
        try:
            found = [path.stem for path in self._wrapped.iterdir() if path.suffix == ".json"]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{self._wrapped} can't be read ({error.strerror}).") from error
        return sorted(found)

    def make(self, video: str) -> bytes:
        """A new key, kept wrapped."""
        key = os.urandom(KEY_BYTES)
        with self.alone():
            self._finish_rotation()
            self.key_file().wrap(video, key).write(self.path(video))
        return key

    def get(self, video: str) -> bytes:
        """A video's key; raises VideoGoneError, or StoreError."""
        for _ in range(_TRIES):
            kept = WrappedKey.read(self.path(video))
            if kept is None:
                self.key_file()
                raise VideoGoneError(f"The video {video} was deleted: its key is gone.")
            for name in (KEY_FILE, _NEXT):  # the second one exists while keys are rotated
                over = KeyFile.read(self.directory / name)
                if over is not None and over.id == kept.under:
                    return over.unwrap(kept)
            # Between the two looks another program may have finished a rotation.
        raise StoreError(
            f"The key of the video {video} was wrapped by another key file than the one in "
            f"{self.directory}: put both back from the same copy."
        )

    def destroy(self, video: str) -> bool:
        """Delete a video for good; whether it had a key.

        Raises StoreError if the key file is missing too: then its disk may not be mounted, and the
        video's key lies there.
        """
        with self.alone():
            if forget_file(self.path(video)):
                return True
            self._finish_rotation()
            self.key_file()
            return False

    def rotate(self, utc_ns: int) -> int:
        """Wrap all keys by a new key file, and destroy the old one; how many there are.

        At every moment each key can be found, and what was interrupted is finished later.
        """
        with self.alone():
            self._finish_rotation()
            self.key_file()
            KeyFile.new(utc_ns).write(self.directory / _NEXT)
            return self._finish_rotation()

    def path(self, video: str) -> Path:
        """Where a video's wrapped key is."""
        return self._wrapped / f"{video}.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the directory; others who want to change it wait."""
        try:
            handle = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise StoreError(
                f"{self.directory} can't be opened ({error.strerror}): check `video.key_directory` "
                "and its rights."
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _finish_rotation(self) -> int:
        """Go on where a rotation stopped; how many keys the new key file has."""
        count = 0
        following = KeyFile.read(self.directory / _NEXT)
        if following is not None:
            old = self._key_file()
            for name in self.names():
                kept = WrappedKey.read(self.path(name))
                if kept is not None and kept.under != following.id:
                    if old is None:
                        raise self._missing()
                    following.wrap(name, old.unwrap(kept)).write(self.path(name))
                count += 1
            # The old one stays as it is until the new one has its place.
            if old is not None:
                (self.directory / KEY_FILE).replace(self.directory / _OLD)
            (self.directory / _NEXT).replace(self.directory / KEY_FILE)
            sync_directory(self.directory)
        forget_file(self.directory / _OLD)
        return count

    def _key_file(self) -> KeyFile | None:
        return KeyFile.read(self.directory / KEY_FILE)

    def _missing(self) -> StoreError:
        return StoreError(
            f"There is no key file in {self.directory}, so no video can be read or added: put the "
            "directory back from its copy, or correct `video.key_directory`."
        )
