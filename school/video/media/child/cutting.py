"""The child's fourth task: a span of the video as an MP4 of its own.

Every picture and every sound is decoded and encoded again: nothing of the source is copied, so that
neither what lies before or behind the span nor what a camera wrote beside it can be in the clip.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.frame import Frame
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from school.video.media.child.conversion import THREADS, Picture, Sound
from school.video.media.child.link import Link, SinkFile, SourceFile
from school.video.media.child.opening import RefusedFileError, open_source, picture_of

__all__ = ["cut"]

_MICRO: Final = 1_000_000
_BEHIND: Final = Fraction(2)
"""So many seconds of a file a picture may stand behind the sound of its time."""


def cut(
    link: Link, source: SourceFile, container: str, sink: SinkFile, span: str, shows: str
) -> dict[str, object]:
    """Writes the sink. `span` is "START END" in thousandths of a second of the video."""
    start, end = (Fraction(int(each), 1000) for each in span.split())
    with open_source(source, container) as opened:
        # A player counts from where the file begins, and so does all that was lined up.
        begins = Fraction(opened.start_time or 0, _MICRO)
        start, end = start + begins, end + begins
        streams = _streams(opened, shows)
        lines: dict[int, _Line] = {}
        with av.open(sink, "w", format="mp4", buffer_size=1 << 18) as made:
            for stream in streams:
                if isinstance(stream, VideoStream):
                    lines[stream.index] = _PictureLine(
                        stream, Picture(stream, made, _turned(opened, stream))
                    )
                else:
                    lines[stream.index] = _SoundLine(stream, Sound(made))
            opened.seek(max(0, int((start - 1) * _MICRO)))
            open_lines = set(lines)
            for packet in opened.demux(*streams):
                at = packet.dts if packet.dts is not None else packet.pts
                if at is not None and packet.time_base is not None:
                    seconds = at * packet.time_base
                    link.progress(float((seconds - start) / (end - start)))
                    if seconds > end + _BEHIND:
                        open_lines.discard(packet.stream.index)
                        if not open_lines:
                            break
                        continue
                made.mux(list(lines[packet.stream.index].take(packet, start, end)))
            for line in lines.values():
                made.mux(list(line.finish(start, end)))
    if not any(line.has_any for line in lines.values()):
        raise RefusedFileError("cut_off")
    sink.finish()
    return {}


class _Line(ABC):
    """One stream on its way from the video to the clip."""

    def __init__(self, stream: VideoStream | AudioStream) -> None:
        self._stream = stream
        self._is_drained = False
        self.has_any = False

    def take(self, packet: Packet[Any], start: Fraction, end: Fraction) -> Iterator[Packet[Any]]:
        """Decode a packet, and encode what of it lies in the span."""
        if self._is_drained:
            return
        self._is_drained = packet.size == 0
        for frame in packet.decode():
            yield from self._within(frame, start, end)

    def finish(self, start: Fraction, end: Fraction) -> Iterator[Packet[Any]]:
        """What the decoder and the encoder still hold."""
        if not self._is_drained:
            for frame in self._stream.decode(None):
                yield from self._within(frame, start, end)
        if self.has_any:
            yield from self._end()

    def _within(self, frame: Frame, start: Fraction, end: Fraction) -> Iterator[Packet[Any]]:
        if frame.pts is None or frame.time_base is None:
            return
        at = Fraction(frame.pts * frame.time_base)
        if start <= at and at + self._length(frame) <= end:
            self.has_any = True
            yield from self._add(frame, at - start)

    @abstractmethod
    def _length(self, frame: Frame) -> Fraction:
        """How long a piece lasts, in seconds."""

    @abstractmethod
    def _add(self, frame: Frame, at: Fraction) -> Iterator[Packet[Any]]:
        """Encode a piece for a time in the clip."""

    @abstractmethod
    def _end(self) -> Iterator[Packet[Any]]:
        """What the encoder still holds."""


class _PictureLine(_Line):
    def __init__(self, stream: VideoStream, out: Picture) -> None:
        super().__init__(stream)
        self._out = out

    def _length(self, frame: Frame) -> Fraction:
        del frame
        rate = self._stream.average_rate if isinstance(self._stream, VideoStream) else None
        return 1 / Fraction(rate) if rate else Fraction(0)

    def _add(self, frame: Frame, at: Fraction) -> Iterator[Packet[Any]]:
        assert isinstance(frame, VideoFrame)
        yield from self._out.add(frame, at)

    def _end(self) -> Iterator[Packet[Any]]:
        yield from self._out.end()


class _SoundLine(_Line):
    def __init__(self, stream: AudioStream, out: Sound) -> None:
        super().__init__(stream)
        self._out = out

    def _length(self, frame: Frame) -> Fraction:
        assert isinstance(frame, AudioFrame)
        return Fraction(frame.samples, frame.sample_rate)

    def _add(self, frame: Frame, at: Fraction) -> Iterator[Packet[Any]]:
        assert isinstance(frame, AudioFrame)
        assert frame.time_base is not None
        frame.pts = int(at / frame.time_base)
        yield from self._out.add(frame)

    def _end(self) -> Iterator[Packet[Any]]:
        yield from self._out.end()


def _streams(opened: InputContainer, shows: str) -> list[VideoStream | AudioStream]:
    found: list[VideoStream | AudioStream] = []
    if shows in ("both", "picture"):
        video = picture_of(opened)
        video.codec_context.thread_type = "AUTO"
        video.codec_context.thread_count = THREADS
        found.append(video)
    if shows in ("both", "sound"):
        found += opened.streams.audio[:1]
        if not found:
            raise RefusedFileError("silent")
    return found


def _turned(opened: InputContainer, video: VideoStream) -> int:
    """By how many degrees the picture is turned, which its first frame says."""
    for frame in opened.decode(video):
        return int(frame.rotation)
    raise RefusedFileError("damaged")
