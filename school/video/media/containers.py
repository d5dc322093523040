"""The first look at a file, in pure Python: its kind, whether it is whole, and whom it points at.

Nothing is decoded. What passes is handed to the child with the name of its container, so that no
byte of a file chooses the program that reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from school.video.media.records import Container, Source
from school.video.media.sentences import refusal

__all__ = ["container_of", "said_length_s"]

_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT: Final = 0x18538067
_DOC_TYPE: Final = 0x4282
_FIRST_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_PLAYLISTS: Final = (
    b"#EXTM3U",
    b"ffconcat",
    b"[playlist]",
    b"<?xml",
    b"<smil",
    b"<asx",
    b"RTSPtext",
)
_MAX_MOOV: Final = 256 << 20
_MAX_BOXES: Final = 100_000
_NESTED: Final = frozenset({b"trak", b"mdia", b"minf", b"dinf"})
_OF_OTHERS: Final = frozenset({b"rmra", b"rmda", b"cmov"})
"""Movies that only refer to movies, and one that hides its boxes in compression."""


class _Box(NamedTuple):
    kind: bytes
    body: int
    end: int


def container_of(source: Source) -> Container:
    """Which container a file is; raises VideoRefusedError."""
    head = source.read_at(0, 4096)
    if head.startswith(_EBML):
        return _webm(source, head)
    if head[4:8] in _FIRST_BOXES:
        return _iso(source, head)
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if any(text.startswith(start) for start in _PLAYLISTS):
        raise refusal("playlist")
    raise refusal("not_video")


def _iso(source: Source, head: bytes) -> Container:
    boxes = _boxes(_Reading(source), 0, source.size)
    movies = 0
    for box in boxes:
        if box.end > source.size:
            raise refusal("cut_off")
        if box.kind == b"moov":
            if box.end - box.body > _MAX_MOOV:
                raise refusal("too_large")
            movies += 1
            _check_references(source.read_at(box.body, box.end - box.body))
    if not movies:
        raise refusal("cut_off")
    is_mov = head[4:8] != b"ftyp" or head[8:12] == b"qt  "
    return "mov" if is_mov else "mp4"


def said_length_s(source: Source) -> float | None:
    """How long an MP4 or MOV says that it is, as a browser shows; None if it says nothing."""
    for box in _boxes(_Reading(source), 0, source.size):
        if box.kind == b"moov":
            moov = source.read_at(box.body, min(box.end - box.body, 4096))
            for inner in _boxes(_Held(moov), 0, len(moov)):
                if inner.kind == b"mvhd":
                    return _mvhd_s(moov[inner.body : inner.end])
    return None


def _mvhd_s(data: bytes) -> float | None:
    wide = data[:1] == b"\1"
    scale_at = 20 if wide else 12
    scale = int.from_bytes(data[scale_at : scale_at + 4], "big")
    raw = data[scale_at + 4 :][: 8 if wide else 4]
    length = int.from_bytes(raw, "big")
    # All ones: not known. Fragments follow where it is 0.
    return None if not scale or not length or raw.strip(b"\xff") == b"" else length / scale


class _Reading:
    """Small reads at any place."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def __call__(self, offset: int, count: int) -> bytes:
        return self._source.read_at(offset, count)


class _Held:
    """The same from bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __call__(self, offset: int, count: int) -> bytes:
        return self._data[offset : offset + count]


def _boxes(read: _Reading | _Held, start: int, end: int) -> Iterator[_Box]:
    """The boxes between two offsets; the last may claim to go on behind the end."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:
            return
        header = read(start, 16)
        size, kind, body = int.from_bytes(header[:4], "big"), header[4:8], start + 8
        if size == 1:
            size, body = int.from_bytes(header[8:16], "big"), start + 16
        elif size == 0:  # it runs to the end
            size = end - start
        if size < body - start:
            raise refusal("damaged")
        yield _Box(kind, body, start + size)
        start += size
    raise refusal("damaged")


def _check_references(moov: bytes) -> None:
    """Every data reference must be to this file itself."""
    read = _Held(moov)
    waiting = [(0, len(moov))]
    while waiting:
        for box in _boxes(read, *waiting.pop()):
            if box.end > len(moov):
                raise refusal("damaged")
            if box.kind in _OF_OTHERS:
                raise refusal("references")
            if box.kind in _NESTED:
                waiting.append((box.body, box.end))
            elif box.kind == b"dref":
                # A version, flags and a count, then boxes that begin with a version and flags.
                for reference in _boxes(read, box.body + 8, box.end):
                    if not int.from_bytes(moov[reference.body : reference.body + 4], "big") & 1:
                        raise refusal("references")


def _webm(source: Source, head: bytes) -> Container:
    size, at = _vint(head, 4)
    end = at + size
    kind = b""
    while at < min(end, len(head)):
        name, at = _identity(head, at)
        length, at = _vint(head, at)
        if name == _DOC_TYPE:
            kind = head[at : at + length].rstrip(b"\0")
        at += length
    if kind != b"webm":
        raise refusal("other_container")
    start = source.read_at(end, 12)
    name, at = _identity(start, 0)
    if name != _SEGMENT:
        raise refusal("damaged")
    length, after = _vint(start, at)
    # All ones: a recording whose length was not known when it began.
    is_open = length == (1 << 7 * (after - at)) - 1
    if not is_open and end + after + length > source.size:
        raise refusal("cut_off")
    return "webm"


def _identity(data: bytes, at: int) -> tuple[int, int]:
    """An element's name, its length marker kept, and where it ends."""
    if at >= len(data) or not data[at]:
        raise refusal("damaged")
    count = 9 - data[at].bit_length()
    return int.from_bytes(data[at : at + count], "big"), at + count


def _vint(data: bytes, at: int) -> tuple[int, int]:
    """A number without its length marker, and where it ends."""
    value, after = _identity(data, at)
    return value & ((1 << 7 * (after - at)) - 1), after
