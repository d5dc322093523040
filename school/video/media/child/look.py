"""The child's first task: what a video is, from its streams, its first picture and its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from school.video.media.child.link import Link, SourceFile
from school.video.media.child.opening import RefusedFileError, open_source, picture_of

__all__ = ["look", "name_of", "plays"]

_APPLE: Final = "com.apple.quicktime.creationdate"
_MICRO: Final = 1_000_000
_MAX_PACKETS: Final = 2_000
"""Within these the first picture must come."""
_TAIL_S: Final = 20
_WRONG_LENGTH_S: Final = 3.0
_WRONG_LENGTH_SHARE: Final = 0.02

_PLAYED: Final = {
    "mp4": ({"h264", "av1", "vp9"}, {"aac", "mp3", "opus"}),
    "webm": ({"vp8", "vp9", "av1"}, {"opus", "vorbis"}),
}
"""What the common browsers play in which container; the picture has 8 bits of 4:2:0."""


def look(link: Link, file: SourceFile, container: str) -> dict[str, object]:
    """The values of a `Probe`."""
    with open_source(file, container) as opened:
        video = picture_of(opened)
        sound = opened.streams.audio[0] if opened.streams.audio else None
        codec = video.codec_context
        says_length = opened.duration is not None and opened.duration > 0
        turned = _first_picture(opened, video)
        link.progress(0.5)
        duration_s = _length_s(opened)
        width, height = codec.width, codec.height
        if turned % 180:
            width, height = height, width
        return {
            "duration_s": duration_s,
            "video_codec": codec.name,
            "audio_codec": None if sound is None else name_of(sound),
            "width": width,
            "height": height,
            "plays_in_browsers": container in _PLAYED
            and says_length
            and plays(video, container)
            and (sound is None or name_of(sound) in _PLAYED[container][1]),
            **_recorded(opened),
        }


def plays(video: VideoStream, container: str) -> bool:
    """Whether browsers show this picture."""
    codec = video.codec_context
    return name_of(video) in _PLAYED[container][0] and codec.pix_fmt in {"yuv420p", "yuvj420p"}


def name_of(stream: Stream) -> str:
    """The name of what a stream is encoded with."""
    # A decoder may be of another name than what it decodes: libdav1d, libvpx-vp9. One that is not
    # known has none.
    codec: CodecContext | None = stream.codec_context
    return "unknown" if codec is None else str(codec.codec.canonical_name)


def _first_picture(opened: InputContainer, video: VideoStream) -> int:
    """By how many degrees the first picture is turned; one must be there."""
    for number, packet in enumerate(opened.demux(video)):
        for frame in packet.decode():
            return int(frame.rotation)
        if number >= _MAX_PACKETS:
            break
    raise RefusedFileError("damaged")


def _length_s(opened: InputContainer) -> float:
    """How long the video really is, by its last packets, held against what its head says."""
    start_s = (opened.start_time or 0) / _MICRO
    said_s = None if opened.duration is None else opened.duration / _MICRO
    if said_s is not None and said_s > _TAIL_S:
        opened.seek(int((start_s + said_s - _TAIL_S) * _MICRO))
    else:
        opened.seek(int(start_s * _MICRO))
    end_s = None
    for packet in opened.demux(*opened.streams.video, *opened.streams.audio):
        if packet.pts is None:
            continue
        after = float((packet.pts + (packet.duration or 0)) * packet.time_base)
        end_s = after if end_s is None else max(end_s, after)
    if end_s is None or end_s - start_s <= 0:
        raise RefusedFileError("cut_off")
    is_s = end_s - start_s
    if said_s is not None and abs(said_s - is_s) > max(_WRONG_LENGTH_S, _WRONG_LENGTH_SHARE * is_s):
        raise RefusedFileError("wrong_length")
    return is_s


def _recorded(opened: InputContainer) -> dict[str, object]:
    """When it was recorded, by the first of the entries that cameras write."""
    for key, is_start in ((_APPLE, True), ("creation_time", False)):
        text = opened.metadata.get(key, "")
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            continue
        if when.year >= 2000:  # a camera that was never set begins in 1904 or 1970
            if when.tzinfo is None:
                when = when.replace(tzinfo=UTC)
            utc_ns = round(when.timestamp() * 1000) * 1_000_000
            return {"recorded_utc_ns": utc_ns, "is_start_recorded": is_start}
    return {"recorded_utc_ns": None, "is_start_recorded": False}
