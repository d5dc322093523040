"""The child's third task: an MP4 that browsers play. What they play already is copied as it is."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final, cast

import av
import av.filter
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from school.video.media.child.link import Link, SinkFile, SourceFile
from school.video.media.child.look import name_of, plays
from school.video.media.child.opening import RefusedFileError, open_source, picture_of

__all__ = ["THREADS", "Picture", "Sound", "convert"]

_LONG_SIDE: Final = 1920
_SHORT_SIDE: Final = 1080
_MAX_FPS: Final = 30
_TIME_BASE: Final = Fraction(1, 90_000)
THREADS: Final = 4
"""More take more memory than a 4K picture leaves within the limit."""
_X264: Final = {"preset": "veryfast", "crf": "23", "threads": str(THREADS)}
_SOUND_HZ: Final = 48_000


def convert(link: Link, source: SourceFile, container: str, sink: SinkFile) -> dict[str, object]:
    """Writes the sink; H.264 of 8 bits, at most 1080p, and AAC, with `moov` at the end."""
    with (
        open_source(source, container) as opened,
        av.open(sink, "w", format="mp4", buffer_size=1 << 18) as made,
    ):
        video = picture_of(opened)
        sound = opened.streams.audio[0] if opened.streams.audio else None
        picture_line = _picture_line(opened, video, made)
        sound_line = None if sound is None else _sound_line(sound, made)
        length = opened.duration or 0
        start = opened.start_time or 0
        streams = [video] if sound is None else [video, sound]
        for packet in opened.demux(*streams):
            if packet.stream is video:
                made.mux(list(picture_line.take(cast("Packet[VideoStream]", packet))))
                if length and packet.pts is not None and packet.time_base is not None:
                    link.progress((float(packet.pts * packet.time_base) * 1e6 - start) / length)
            elif sound_line is not None:
                made.mux(list(sound_line.take(cast("Packet[AudioStream]", packet))))
    sink.finish()
    return {}


class _Copied:
    """A stream whose packets go as they are."""

    def __init__(self, stream: VideoStream | AudioStream, made: OutputContainer) -> None:
        self._out = made.add_stream_from_template(stream)

    def take(self, packet: Packet[VideoStream] | Packet[AudioStream]) -> Iterator[Packet[Any]]:
        if packet.dts is not None:  # a demuxer's last packet is empty
            packet.stream = self._out
            yield packet


class Picture:
    """Pictures, scaled and in 8 bits, at most thirty a second."""

    def __init__(self, video: VideoStream, made: OutputContainer, turned: int) -> None:
        codec = video.codec_context
        self._width, self._height = _size(codec.width, codec.height)
        self._graph: Graph | None = None
        self._made_for: tuple[int, int, str] | None = None
        self._next = Fraction(-1)
        self._out = made.add_stream("libx264", rate=_MAX_FPS, options=_X264)
        self._out.width, self._out.height = self._width, self._height
        self._out.pix_fmt = "yuv420p"
        self._out.codec_context.time_base = _TIME_BASE
        self._out.codec_context.gop_size = 2 * _MAX_FPS
        if turned:
            self._out.set_display_rotation(turned)

    def take(self, packet: Packet[VideoStream]) -> Iterator[Packet[VideoStream]]:
        for frame in packet.decode():
            if frame.pts is not None and frame.time_base is not None:
                yield from self.add(frame, Fraction(frame.pts * frame.time_base))
        if packet.dts is None and packet.size == 0:
            yield from self.end()

    def add(self, frame: VideoFrame, at: Fraction) -> Iterator[Packet[VideoStream]]:
        """A picture at a time; left out if the one before is too near."""
        if at < self._next:
            return
        # Somewhat less than a thirtieth, since files round their times.
        self._next = at + Fraction(9, 10 * _MAX_FPS)
        for scaled in self._scaled(frame):
            scaled.pts, scaled.time_base = int(at / _TIME_BASE), _TIME_BASE
            scaled.pict_type = 0
            yield from self._out.encode(scaled)

    def end(self) -> Iterator[Packet[VideoStream]]:
        """What the encoder still holds."""
        yield from self._out.encode(None)

    def _scaled(self, frame: VideoFrame) -> Iterator[VideoFrame]:
        kind = (frame.width, frame.height, frame.format.name)
        if kind != self._made_for:  # a camera may change its picture in the middle
            self._made_for, self._graph = kind, self._new_graph(frame)
        assert self._graph is not None
        self._graph.push(frame)
        yield cast("VideoFrame", self._graph.pull())

    def _new_graph(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        graph.threads = 1
        ends = (
            graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=Fraction(frame.time_base or _TIME_BASE),
            ),
            graph.add("scale", f"{self._width}:{self._height}:flags=bilinear"),
            graph.add("format", "pix_fmts=yuv420p"),
            graph.add("buffersink"),
        )
        graph.link_nodes(*ends).configure()
        return graph


class Sound:
    """Sound as stereo AAC of 48 kHz, its times kept."""

    def __init__(self, made: OutputContainer) -> None:
        self._out = made.add_stream("aac", rate=_SOUND_HZ, layout="stereo")
        self._out.bit_rate = 128_000
        self._resampler = AudioResampler("fltp", "stereo", _SOUND_HZ, 1024)

    def take(self, packet: Packet[AudioStream]) -> Iterator[Packet[AudioStream]]:
        for frame in packet.decode():
            if frame.pts is not None:
                yield from self.add(frame)
        if packet.dts is None and packet.size == 0:
            yield from self.end()

    def add(self, frame: AudioFrame) -> Iterator[Packet[AudioStream]]:
        """A piece of sound, by its own time."""
        yield from self._encoded(frame)

    def end(self) -> Iterator[Packet[AudioStream]]:
        """What the resampler and the encoder still hold."""
        yield from self._encoded(None)
        yield from self._out.encode(None)

    def _encoded(self, frame: AudioFrame | None) -> Iterator[Packet[AudioStream]]:
        for part in self._resampler.resample(frame):
            yield from self._out.encode(part)


def _picture_line(
    opened: InputContainer, video: VideoStream, made: OutputContainer
) -> _Copied | Picture:
    if plays(video, "mp4") and name_of(video) == "h264":
        return _Copied(video, made)
    video.codec_context.thread_type = "AUTO"
    video.codec_context.thread_count = THREADS
    for frame in opened.decode(video):
        turned = int(frame.rotation)
        opened.seek(opened.start_time or 0)
        return Picture(video, made, turned)
    raise RefusedFileError("damaged")


def _sound_line(sound: AudioStream, made: OutputContainer) -> _Copied | Sound:
    return _Copied(sound, made) if name_of(sound) == "aac" else Sound(made)


def _size(width: int, height: int) -> tuple[int, int]:
    """At most 1080p whichever way the picture lies, even, its shape kept."""
    long, short = max(width, height), min(width, height)
    shrink = min(1.0, _LONG_SIDE / long, _SHORT_SIDE / short)
    return max(2, round(width * shrink / 2) * 2), max(2, round(height * shrink / 2) * 2)
