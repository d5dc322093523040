"""Checks where videos are kept: rights, the key file and its copy, and the room for another one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from contract.errors import StoreError
from contract.finding import Finding
from ingest.clocks.words import when
from ingest.settings import ServerSettings
from school.video.copies import last_copy
from school.video.files import VideoFiles
from school.video.key_files import KeyFile

__all__ = ["video_findings"]

ABOUT: Final = "videos"
_COPY: Final = "run `roomtone video copy`, to two places that are kept apart (docs/retention.md)"


def video_findings(settings: ServerSettings) -> Iterator[Finding]:
    """Nothing for a server that keeps no videos."""
    files = VideoFiles.of(settings.video)
    if files is None:
        return
    missing = [path for path in (files.directory, files.keys.directory) if not path.is_dir()]
    if missing:
        yield Finding(
            about=ABOUT, state="wrong", said=f"{missing[0]} is no directory",
            advice="mount its disk, or start `roomtone dashboard`, which makes it for its user",
        )  # fmt: skip
        return
    try:
        yield from _rights(files)
        yield from _copy_findings(files)
    except StoreError as error:
        yield Finding(
            about=ABOUT, state="wrong", said=str(error), advice="do what the sentence says"
        )
    yield _room(files, settings)


def _rights(files: VideoFiles) -> Iterator[Finding]:
    for path in (files.directory, files.keys.directory):
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            yield Finding(
                about=ABOUT, state="wrong", said=f"{path} can't be written by this user",
                advice="run this as the user of the programs, or give that user the folder (chown)",
            )  # fmt: skip
    for path in (files.keys.directory, files.keys.directory / "key", files.directory):
        if path.exists() and path.stat().st_mode & 0o077:
            yield _open_to_others(path)


def _open_to_others(path: Path) -> Finding:
    mode = "700" if path.is_dir() else "600"
    return Finding(
        about=ABOUT, state="wrong", said=f"others than its owner have rights to {path}",
        advice=f"run `chmod {mode} {path}`; if anybody has read the key file, also run "
        "`roomtone video rotate-key`",
    )  # fmt: skip


def _copy_findings(files: VideoFiles) -> Iterator[Finding]:
    names = files.keys.names()
    if KeyFile.read(files.keys.directory / "key") is None and not names:
        yield Finding(about=ABOUT, state="fine", said="there is none yet")
        return
    key, copy = files.keys.key_file(), last_copy(files)
    if copy is None:
        yield Finding(
            about=ABOUT, state="note",
            said="the key file has no copy: if it is lost, so is every video", advice=_COPY,
        )  # fmt: skip
    elif copy.key != key.id:
        yield Finding(
            about=ABOUT, state="note",
            said=f"the copy of {when(copy.made_utc_ns)} is from before the key file was changed",
            advice=_COPY,
        )  # fmt: skip
    else:
        newer = sum(files.keys.path(name).stat().st_mtime_ns > copy.made_utc_ns for name in names)
        said = f"{len(names)} are kept; their copy is of {when(copy.made_utc_ns)}"
        if newer:
            yield Finding(
                about=ABOUT, state="note", said=f"{said}, and {newer} came after it", advice=_COPY
            )
        else:
            yield Finding(about=ABOUT, state="fine", said=said)


def _room(files: VideoFiles, settings: ServerSettings) -> Finding:
    free = files.free_bytes()
    said = f"{free / 1e9:.1f} GB are free in {files.directory}"
    if free >= settings.video.max_bytes + settings.video.reserve_bytes:
        return Finding(about="room for videos", state="fine", said=said)
    return Finding(
        about="room for videos", state="note", said=f"{said}, less than the largest upload needs",
        advice="free space there, or keep videos for fewer days (retention.video_days)",
    )  # fmt: skip
