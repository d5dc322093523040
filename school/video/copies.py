"""A copy of all videos and their keys, to two places: the only backup that videos have.

It is a mirror: what was deleted here is deleted there too, keys first, so that the copy brings no
deleted video back. The key directory remembers when it was made, and under which key file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import Field

from contract.errors import StoreError, UsageError
from contract.files.sqlite_file import sync_directory
from school.video.files import VideoFiles
from school.video.key_files import WrittenFile, forget_file, write_private
from school.video.keys import KEY_FILE, WRAPPED

__all__ = ["LAST_COPY", "Copying", "LastCopy", "last_copy"]

LAST_COPY: Final = "last-copy.json"


class LastCopy(WrittenFile):
    """What is known of the last copy that was made."""

    made_utc_ns: int = Field(ge=0)
    key: str
    """The id of the key file that it holds."""
    keys: str
    """Where its keys are."""
    videos: str


def last_copy(files: VideoFiles) -> LastCopy | None:
    """The last copy that was made; None if there was none. Raises StoreError."""
    return LastCopy.read(files.keys.directory / LAST_COPY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """One copy, to two directories that are not in one another."""

    files: VideoFiles
    videos: Path
    keys: Path
    say: Callable[[str], None]

    def run(self, utc_ns: int) -> int:
        """Make the two directories as those of this server; how many videos they have now.

        Raises UsageError for places that are no copy, and StoreError.
        """
        self._require_apart()
        try:
            for path in (self.videos, self.keys, self.keys / WRAPPED):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.files.keys.alone():
                key = self._copy_keys()
            count = self._copy_videos()
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"The copy is not complete: {error.filename or self.videos} "
                f"({error.strerror}). Correct that, and run the command again."
            ) from error
        LastCopy(
            made_utc_ns=utc_ns, key=key, keys=str(self.keys.resolve()),
            videos=str(self.videos.resolve()),
        ).write(self.files.keys.directory / LAST_COPY)  # fmt: skip
        return count

    def _require_apart(self) -> None:
        own = self.files.directory, self.files.keys.directory
        for target, other in (
            (self.videos, self.keys), (self.keys, self.videos),
            *((target, each) for target in (self.videos, self.keys) for each in own),
        ):  # fmt: skip
            if target.resolve().is_relative_to(other.resolve()):
                raise UsageError(
                    f"{target} lies in {other}; give two places apart, best on two disks that are kept "
                    "apart too: who has both can see the videos."
                )

    def _copy_keys(self) -> str:
        """The new ones before the key file, and the deleted ones last; the key file's id."""
        source, there = self.files.keys, self.keys / WRAPPED
        key_file = source.key_file()
        names = source.names()
        for name in names:
            write_private(there / f"{name}.json", source.path(name).read_bytes())
        write_private(self.keys / KEY_FILE, (source.directory / KEY_FILE).read_bytes())
        for path in there.iterdir():
            if path.stem not in names:
                forget_file(path)
        return key_file.id

    def _copy_videos(self) -> int:
        names = self.files.names()
        for path in self.videos.glob("*.video"):
            if path.stem not in names:
                path.unlink()
        for number, name in enumerate(sorted(names), start=1):
            source, target = self.files.path(name), self.videos / f"{name}.video"
            try:
                found = source.stat()
                if _is_same(target, found):
                    continue
                self.say(f"{number} of {len(names)}: {found.st_size / 1e6:.0f} MB ...")
                _copy(source, target)
            except FileNotFoundError:
                continue  # deleted meanwhile
        sync_directory(self.videos)
        return len(names)


def _is_same(target: Path, found: os.stat_result) -> bool:
    """A video that is complete never changes."""
    if not target.exists():
        return False
    there = target.stat()
    return there.st_size == found.st_size and there.st_mtime_ns >= found.st_mtime_ns


def _copy(source: Path, target: Path) -> None:
    new = target.with_suffix(".partial")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with source.open("rb") as read, os.fdopen(handle, "wb") as written:
        shutil.copyfileobj(read, written, 1 << 20)
        written.flush()
        os.fsync(written.fileno())
    new.replace(target)
