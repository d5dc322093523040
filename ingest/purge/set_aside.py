"""Puts aside what is in the folder `purges` and is no purge that can be done.

Such files are moved, never opened or removed: a person may want to see them. A note beside each has
the reason, so that the command that waits for a purge can report it.
"""

from __future__ import annotations

import logging
import os
import re
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import Final

from contract.errors import StoreError
from contract.files.plain_file import read_plain_file
from contract.files.sqlite_file import make_directory

__all__ = ["PurgeAside"]

_LOG = logging.getLogger("purge")
_STRANGE: Final = re.compile(r"[^A-Za-z0-9._-]")
_MAX_NAME: Final = 100
_MAX_NOTE: Final = 4_096
_MAX_REPORTED: Final = 1_000
_MAX_LISTED: Final = 40


class PurgeAside:
    """The folder `aside` inside the folder `purges`."""

    def __init__(self, purges: Path) -> None:
        self._purges = purges
        self._path = purges / "aside"
        self._stuck: set[str] = set()
        """Names that could not be moved and have been reported."""

    def put(self, name: str, why: str, *, is_logged: bool = True) -> None:
        """Move a file out of `purges`, and log one sentence; `why` is half a sentence.

        What can't be moved stays where it is, and readers of the folder skip it.
        """
        shown = _STRANGE.sub("_", name)[:_MAX_NAME]
        try:
            make_directory(self._path)
            if self._path.is_symlink():
                raise StoreError(f"{self._path} is a symbolic link: remove it.")
            target = self._path / shown
            if os.path.lexists(target):
                target = self._path / f"{shown}-{token_hex(4)}"
            (self._purges / name).rename(target)
        except FileNotFoundError:
            return  # another program has moved it
        except OSError as error:
            if name not in self._stuck and len(self._stuck) < _MAX_REPORTED:
                self._stuck.add(name)
                said = str(error) if isinstance(error, StoreError) else error.strerror
                _LOG.error(
                    "%s is no purge that can be done: %s. It can't be moved to %s either (%s): "
                    "remove it.", self._purges / shown, why, self._path.name, said,
                )  # fmt: skip
            return
        self._write_note(target.name, why)
        if is_logged:
            _LOG.error(
                "%s is no purge that can be done: %s. It was moved to %s, and nothing was removed for "
                "it.", self._purges / shown, why, target,
            )  # fmt: skip

    def why(self, name: str) -> str | None:
        """Why the file of this name was put aside; None if it was not, or has no note."""
        try:
            return read_plain_file(self._path / f"{name}.why", max_bytes=_MAX_NOTE).decode()
        except (OSError, UnicodeDecodeError):
            return None

    def listed(self) -> list[tuple[str, str]]:
        """Sorted names of what was put aside, and why, up to a limit."""
        try:
            with os.scandir(self._path) as entries:
                names = sorted(entry.name for entry in islice(entries, _MAX_LISTED))
        except OSError:
            return []
        return [
            (_STRANGE.sub("_", name)[:_MAX_NAME], self.why(name) or "no reason is recorded")
            for name in names
            if not name.endswith(".why")
        ]

    def _write_note(self, name: str, why: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        note = self._path / f"{name}.why"
        try:
            with os.fdopen(os.open(note, flags, 0o600), "w", encoding="utf-8") as file:
                file.write(why[: _MAX_NOTE // 4])
        except OSError as error:
            _LOG.warning("%s can't be written (%s).", note, error.strerror)
