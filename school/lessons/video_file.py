"""Whether a file is a video that browsers play, judged by its first boxes; nothing is decoded."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

from contract.errors import UsageError

__all__ = ["checked_video"]

_CONVERT: Final = (
    "convert it with `ffmpeg -i {name} -c:v libx264 -pix_fmt yuv420p -c:a aac -movflags +faststart "
    "lesson.mp4` and give that file"
)
_EBML: Final = b"\x1a\x45\xdf\xa3"
_MAX_MOOV: Final = 32 << 20


def checked_video(path: Path) -> Path:
    """The absolute path of an MP4 or WebM file; raises UsageError saying what to do instead."""
    try:
        full = path.resolve(strict=True)
        if not (full.is_file() or full.is_dir()):  # opening a pipe would wait for a writer
            raise UsageError(f"{path} is a pipe or a device; give a video file.")
        with full.open("rb") as file:
            head = file.read(64)
            is_mp4 = head[4:8] == b"ftyp"
            # iPhones record HEVC, which many browsers play as sound over a black picture.
            is_hevc = is_mp4 and _has_hevc(file)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}; give a video file.") from error
    convert = _CONVERT.format(name=path.name)
    if is_hevc:
        raise UsageError(
            f"{path}: its picture is HEVC (H.265), which many browsers show black; {convert}."
        )
    is_webm = head.startswith(_EBML) and b"webm" in head
    is_named = {".mp4": is_mp4, ".m4v": is_mp4, ".webm": is_webm}.get(path.suffix.lower())
    if is_named is None:
        raise UsageError(f"{path}: browsers play .mp4 and .webm files; {convert}.")
    if not is_named:
        raise UsageError(f"{path}: it is not what its name says; {convert}.")
    return full


def _has_hevc(file: BinaryIO) -> bool:
    """Look for an HEVC sample description in the file's `moov` box."""
    offset = 0
    while True:
        file.seek(offset)
        header = file.read(16)
        if len(header) < 8:
            return False
        size, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if kind == b"moov":
            file.seek(offset)
            moov = file.read(min(size or _MAX_MOOV, _MAX_MOOV))
            return b"hvc1" in moov or b"hev1" in moov
        if size < 8:  # 0: it runs to the end of the file
            return False
        offset += size
