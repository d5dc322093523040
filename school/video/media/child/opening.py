"""Opens the source by PyAV: one of two demuxers, and never a second file."""

from __future__ import annotations

from typing import Final, NoReturn

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from school.video.media.child.link import SourceFile

__all__ = ["RefusedFileError", "open_source", "picture_of"]

_DEMUXERS: Final = {"mp4": "mov", "mov": "mov", "webm": "matroska"}
_MAX_STREAMS: Final = 32
_MAX_PIXELS: Final = 8192 * 4320


class RefusedFileError(Exception):
    """The file is not one to take in; the first argument is a reason of `sentences.py`."""


def open_source(file: SourceFile, container: str, *, buffer_bytes: int = 1 << 18) -> InputContainer:
    """The file opened as this container, whatever else its bytes could be taken for."""
    opened = av.open(
        file,
        "r",
        format=_DEMUXERS[container],
        options={
            "protocol_whitelist": "none",
            "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
            "enable_drefs": "0",
            "max_streams": str(_MAX_STREAMS),
        }
        if container != "webm"
        else {"protocol_whitelist": "none", "max_streams": str(_MAX_STREAMS)},
        metadata_errors="replace",
        buffer_size=buffer_bytes,
        io_open=_no_other_file,
    )
    if len(opened.streams) > _MAX_STREAMS:
        raise RefusedFileError("too_large")
    return opened


def picture_of(opened: InputContainer) -> VideoStream:
    """The stream of moving pictures, cover art left out."""
    for stream in opened.streams.video:
        still = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
        if stream.disposition & still:
            continue
        if stream.codec_context is None:
            raise RefusedFileError("codec")
        width, height = stream.codec_context.width, stream.codec_context.height
        if width <= 0 or height <= 0:
            raise RefusedFileError("damaged")
        if width * height > _MAX_PIXELS:
            raise RefusedFileError("too_large")
        stream.codec_context.options = {"max_pixels": str(_MAX_PIXELS)}
        return stream
    raise RefusedFileError("no_picture" if opened.streams.audio else "damaged")


def _no_other_file(*_: object) -> NoReturn:
    raise PermissionError("A video may not open other files.")
