"""Whether a file begins as a video of a known container; nothing is decoded."""

from __future__ import annotations

from typing import Final

from contract.language import N_
from school.video.records import Container

__all__ = ["HEAD_BYTES", "NO_VIDEO", "container_of"]

HEAD_BYTES: Final = 64
"""So many bytes of a file say what it is."""
NO_VIDEO: Final = N_(
    "This file is no video in MP4, MOV or WebM: it does not begin like one. Choose the file that the "
    "camera made, or export it as MP4."
)
_EBML: Final = b"\x1a\x45\xdf\xa3"
_OLD_MOVIES: Final = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
"""What a QuickTime file from before `ftyp` begins with."""


def container_of(head: bytes) -> Container | None:
    """What the first `HEAD_BYTES` of a file say; None for anything else than these videos."""
    kind = head[4:8]
    if kind == b"ftyp":
        return "mov" if head[8:12] == b"qt  " else "mp4"
    if kind in _OLD_MOVIES and any(head[:4]):
        return "mov"
    return "webm" if head.startswith(_EBML) and b"webm" in head else None
