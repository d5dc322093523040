"""Where a kit's releases are: `/opt/roomtone/releases/NAME`, and `current` is a link to the one that runs."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Place", "Trial"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A release that runs, and has not proved itself yet. It outlives a power cut."""

    new: str
    old: str
    was_reporting: bool
    """Whether the server took what the old one sent. If it did not, the new one need not prove that."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folder with all releases of a machine."""

    root: Path = Path("/opt/roomtone")

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def current(self) -> str | None:
        """The release that runs or will be started."""
        return self._target("current")

    @property
    def proved(self) -> str | None:
        """The release that proved itself last; its code judges the next one."""
        return self._target("proved")

    def names(self) -> list[str]:
        """All releases that are whole."""
        if not self.releases.is_dir():
            return []
        return sorted(each.name for each in self.releases.iterdir() if each.name[0] != ".")

    def is_ours(self, name: str) -> bool:
        """Whether a package made this release; a server's are virtual environments."""
        return (self.releases / name / "lib/roomtone").is_dir()

    def switch(self, name: str) -> None:
        """Make `name` the release that is started next."""
        self._point("current", name)

    def prove(self, name: str) -> None:
        self._point("proved", name)

    def trial(self) -> Trial | None:
        """The trial that is under way; None if there is none."""
        try:
            return Trial(**json.loads((self.root / "trial.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):  # cut off with the power: nothing was switched yet
            return None

    def begin(self, trial: Trial) -> None:
        self._write("trial.json", asdict(trial))

    def end_trial(self) -> None:
        (self.root / "trial.json").unlink(missing_ok=True)
        _sync(self.root)

    def failure(self, name: str) -> str | None:
        """Why this release was taken back, if it was."""
        try:
            failed = json.loads((self.root / "failed.json").read_text(encoding="utf-8"))
            return str(failed["why"]) if failed["name"] == name else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def last_failure(self) -> tuple[str, str] | None:
        """Name and reason of the release that was taken back last, until another one proves itself."""
        try:
            failed = json.loads((self.root / "failed.json").read_text(encoding="utf-8"))
            return str(failed["name"]), str(failed["why"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def record_failure(self, name: str, why: str) -> None:
        self._write("failed.json", {"name": name, "why": why})

    def forget_failure(self) -> None:
        (self.root / "failed.json").unlink(missing_ok=True)

    def prune(self, keep: set[str]) -> None:
        """Remove all of our releases but these, and what an installation left unfinished."""
        for each in self.releases.iterdir():
            if each.name not in keep and self.is_ours(each.name):
                shutil.rmtree(each)

    def _target(self, link: str) -> str | None:
        path = self.root / link
        return path.resolve().name if path.is_symlink() and path.exists() else None

    def _point(self, link: str, name: str) -> None:
        """Change a link in one step, so that a power cut leaves the old or the new one."""
        fresh = self.root / f".{link}.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path("releases") / name)
        fresh.replace(self.root / link)
        _sync(self.root)

    def _write(self, name: str, content: object) -> None:
        fresh = self.root / f".{name}.new"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.root / name)
        _sync(self.root)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
