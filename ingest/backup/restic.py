"""Keeps backups off this computer, with restic: encrypted, each holding only what is new.

restic is a program of its own; Debian has it. It reads and writes a repository: a folder, or one on
another computer by SFTP, and other places that it knows.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from contract.errors import RoomtoneError, StoreError, shortened

__all__ = ["Restic", "Snapshot"]

_TAG: Final = "roomtone"
_HOST: Final = "roomtone"
"""Of every snapshot, so that those from before the computer got another name are found."""
_MAX_SAID: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One backup in a repository."""

    id: str
    utc_ns: int
    folder: Path
    """What was backed up, by its path on that computer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restic:
    """One repository."""

    repository: str
    key_file: Path
    cache: Path
    program: str = "restic"

    def create(self) -> None:
        """Make an empty repository; raises StoreError if there is one."""
        self._run("init")

    def exists(self) -> bool:
        """Whether there is a repository that the key opens; raises StoreError if the key does not."""
        try:
            self._run("cat", "config")
        except StoreError as error:
            said = str(error).lower()
            if "wrong password" in said or "no key found" in said:
                raise
            return False
        return True

    def add(self, folder: Path) -> str:
        """Back a folder up; returns the snapshot's id."""
        self._run("unlock")  # those of programs that have ended, and no others
        said = self._run("backup", "--json", "--host", _HOST, "--tag", _TAG, str(folder))
        for line in reversed(said.splitlines()):
            words = json.loads(line)
            if words.get("message_type") == "summary":
                return _short(words["snapshot_id"])
        raise StoreError(f"restic did not say that it made a backup in {self.repository}.")

    def forget(self, *, keep_days: int | None) -> None:
        """Remove backups older than so many days, or all but the newest; the newest stays."""
        keep = ("--keep-last", "1") if keep_days is None else ("--keep-within", f"{keep_days}d")
        self._run("forget", "--prune", "--host", _HOST, "--tag", _TAG, "--group-by", "host", *keep)

    def snapshots(self) -> list[Snapshot]:
        """All backups, the oldest first."""
        found = json.loads(self._run("snapshots", "--json", "--host", _HOST, "--tag", _TAG))
        return sorted((_snapshot(each) for each in found), key=lambda each: each.utc_ns)

    def check(self) -> None:
        """Check the repository's structure; raises StoreError if it is damaged."""
        self._run("check")

    def restore(self, snapshot: Snapshot, target: Path) -> Path:
        """Copy a backup into a folder, each file compared; returns where the backed up folder is."""
        self._run("restore", snapshot.id, "--target", str(target), "--verify")
        return target / snapshot.folder.relative_to("/")

    def _run(self, *words: str) -> str:
        environment = os.environ | {
            "RESTIC_REPOSITORY": self.repository, "RESTIC_PASSWORD_FILE": str(self.key_file),
            "RESTIC_CACHE_DIR": str(self.cache),
        }  # fmt: skip
        return _output((self.program, *words), environment, self.repository)


def _snapshot(words: dict[str, object]) -> Snapshot:
    paths = words["paths"]
    if not isinstance(paths, list) or len(paths) != 1:
        raise StoreError(f"restic lists a backup that is none of ours: {words.get('id')}.")
    at = datetime.fromisoformat(_microseconds(str(words["time"])))
    return Snapshot(
        id=_short(words["id"]), utc_ns=round(at.timestamp() * 1e9), folder=Path(str(paths[0]))
    )


def _short(found: object) -> str:
    """An id as restic shows it; some of its versions give it short, others whole."""
    return str(found)[:8]


def _microseconds(text: str) -> str:
    """A time of restic's with six digits of a second: Python reads no more of them."""
    seconds, dot, rest = text.partition(".")
    if not dot:
        return text
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return f"{seconds}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}"


def _output(words: Sequence[str], environment: dict[str, str], where: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # the words are ours
            words, check=False, capture_output=True, text=True, env=environment,
            stdin=subprocess.DEVNULL, errors="replace",
        )  # fmt: skip
    except FileNotFoundError as error:
        raise RoomtoneError(
            "Backups off this computer need restic, which is not installed: `sudo apt install "
            "restic`."
        ) from error
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}"
        raise StoreError(
            f"restic could not {words[1]} in {where}: {shortened(said[-_MAX_SAID:], _MAX_SAID)}; "
            "check that its disk is mounted or its server answers, and the key file."
        )
    return done.stdout
