"""What an installation does to a computer: files, folders, links and commands, each reported.

Every step may be done again: what is as it should be stays untouched. With a `root` other than `/`
files go below it, and commands are only printed, so that anybody can look at an installation
without being root.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from contract.errors import RoomtoneError, UsageError
from contract.files.sqlite_file import sync_directory

__all__ = ["MARK", "Machine", "Programs", "SystemPrograms"]

MARK: Final = "`roomtone server install` wrote this file"
"""In each file of ours: one without it was there before, and a copy of it is kept."""
_KEPT: Final = ".before-roomtone"
_FOLDERS: Final = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")
_MAX_SAID: Final = 400


class Programs(Protocol):
    """Runs a computer's programs."""

    def run(self, words: Sequence[str]) -> str:
        """Run to the end; returns what it printed. Raises RoomtoneError if it fails."""
        ...


@dataclass(frozen=True, slots=True)
class SystemPrograms:
    """Those of this computer."""

    def run(self, words: Sequence[str]) -> str:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        try:
            done = subprocess.run(
                words, check=False, capture_output=True, text=True, env=environment,
                stdin=subprocess.DEVNULL, errors="replace",
            )  # fmt: skip
        except OSError as error:
            raise RoomtoneError(
                f"`{words[0]}` can't be started ({error.strerror}); install it and try again."
            ) from error
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip())[-_MAX_SAID:]
            raise RoomtoneError(f"`{shlex.join(words)}` failed: {said or done.returncode}")
        return done.stdout


@dataclass(slots=True, kw_only=True)
class Machine:
    """One computer, or a folder that looks like one."""

    root: Path
    programs: Programs
    say: Callable[[str], None]
    is_dry: bool = False
    """Only say what would be done."""
    has_programs: bool = True
    """Whether commands run; in a folder that only looks like a computer they are printed."""
    changed: set[str] = field(default_factory=set, init=False)
    """What was written, by its path on the computer."""

    @property
    def runs_systemd(self) -> bool:
        """Whether units can be started; in a container or a chroot they are only enabled."""
        return (self.root / "run/systemd/system").is_dir()

    def path(self, where: str) -> Path:
        """The file of this computer at an absolute path."""
        return self.root / where.removeprefix("/")

    def has_program(self, name: str) -> bool:
        return any((self.root / folder / name).exists() for folder in _FOLDERS)

    def read(self, where: str) -> str | None:
        """A file's text; None if there is none."""
        try:
            return self.path(where).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def write(self, where: str, text: str, *, mode: int = 0o644, owner: str = "root") -> bool:
        """Make a file have this text; returns whether it was another one before.

        A file that is not ours is kept beside it, with another name.
        """
        before = self.read(where)
        if before == text:
            return False
        path = self.path(where)
        is_foreign = before is not None and MARK in text and MARK not in before
        self._say("write" if before is None else "change", where)
        if is_foreign:
            self.say(f"  the file that was there is {where}{_KEPT} now")
        self.changed.add(where)
        if self.is_dry:
            return True
        path.parent.mkdir(parents=True, exist_ok=True)
        if is_foreign:
            path.replace(path.with_name(path.name + _KEPT))
        self._put(path, text.encode(), mode, owner)
        return True

    def copy(self, source: Path, where: str, *, mode: int, owner: str = "root") -> bool:
        """Copy a file to its place; returns whether its contents were others before."""
        try:
            content = source.read_bytes()
        except OSError as error:
            raise UsageError(f"{source} can't be read ({error.strerror}); name another.") from error
        path = self.path(where)
        if path.is_file() and path.read_bytes() == content:
            return False
        self._say(f"copy {source} to", where)
        self.changed.add(where)
        if not self.is_dry:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._put(path, content, mode, owner)
        return True

    def folder(self, where: str, *, mode: int = 0o755, owner: str = "root") -> None:
        """Make a folder, if it is missing."""
        path = self.path(where)
        if path.is_dir():
            return
        self._say("make", f"{where}/")
        if not self.is_dry:
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)
            self._own(path, owner)

    def link(self, where: str, target: str) -> bool:
        """Make a symbolic link, at once; returns whether it pointed elsewhere before."""
        path = self.path(where)
        if path.is_symlink() and str(path.readlink()) == target:
            return False
        if path.exists() and not path.is_symlink():
            raise UsageError(
                f"{path} is in the way: it should be a link to {target}; move it away."
            )
        self._say("link", f"{where} → {target}")
        self.changed.add(where)
        if not self.is_dry:
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_name(f".{path.name}.new")
            new.unlink(missing_ok=True)
            new.symlink_to(target)
            new.replace(path)
            sync_directory(path.parent)
        return True

    def remove(self, where: str) -> None:
        """Remove a file of ours, if it is there."""
        path = self.path(where)
        if path.exists():
            self._say("remove", where)
            self.changed.add(where)
            if not self.is_dry:
                path.unlink()

    def do(self, *words: str) -> None:
        """Run a command; without a real computer it is only printed."""
        if self.has_programs and not self.is_dry:
            self.say(f"run    {shlex.join(words)}")
            self.programs.run(words)
        else:
            self.say(f"not run: {shlex.join(words)}")

    def _put(self, path: Path, content: bytes, mode: int, owner: str) -> None:
        new = path.with_name(f".{path.name}.new")
        new.unlink(missing_ok=True)
        with open(new, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self._own(new, owner)
        new.chmod(mode)
        new.replace(path)
        sync_directory(path.parent)

    def _own(self, path: Path, owner: str) -> None:
        # A folder that only looks like a computer has no users.
        if self.root == Path("/"):
            shutil.chown(path, owner, owner)

    def _say(self, verb: str, what: str) -> None:
        self.say(f"{'would ' if self.is_dry else ''}{verb:<6} {what}")
