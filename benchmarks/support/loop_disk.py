"""A small separate disk, whose counters show what a file system really writes. Needs root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LoopDisk", "own_disk"]

_SIZE = 64 << 20
_SECTOR = 512
_WRITTEN = 6
"""Place of the written sectors in /sys/block/…/stat."""


@dataclass(frozen=True, slots=True)
class LoopDisk:
    """A mounted loop device."""

    device: str

    def bytes_written(self) -> int:
        """The bytes written to the device so far."""
        stat = Path("/sys/block", Path(self.device).name, "stat").read_text(encoding="ascii")
        return int(stat.split()[_WRITTEN]) * _SECTOR


@contextmanager
def own_disk(folder: Path) -> Iterator[LoopDisk | None]:
    """An ext4 of 64 MB mounted at `folder`; None if that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    image = folder.with_suffix(".img")
    image.touch()
    os.truncate(image, _SIZE)
    try:
        # Initialised completely now; otherwise the kernel would continue while we count.
        now = "lazy_itable_init=0,lazy_journal_init=0,discard"
        _run("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", now, str(image))
        device = _run("losetup", "--find", "--show", str(image)).strip()
    except (OSError, subprocess.CalledProcessError):
        yield None
        return
    try:
        # As a Pi mounts its card; otherwise each of our own reads would be written too.
        _run("mount", "-o", "noatime", device, str(folder))
    except subprocess.CalledProcessError:
        _run("losetup", "--detach", device)
        yield None
        return
    try:
        yield LoopDisk(device)
    finally:
        _run("umount", str(folder))
        _run("losetup", "--detach", device)


def _run(*command: str) -> str:
    found = os.environ | {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=found).stdout
