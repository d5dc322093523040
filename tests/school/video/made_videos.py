"""Real video files, made by PyAV in memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000


class Bytes:
    """A source in memory; notes what was read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reads = 0

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, count: int) -> bytes:
        self.reads += 1
        return self.data[offset : offset + count]


class Sink:
    """A sink that allows what the interface promises, and no more."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._at: int | None = None

    def write(self, data: bytes, /) -> None:
        if self._at is None:
            self.data += data
        else:
            assert self._at + len(data) <= min(len(self.data), 1 << 16)
            self.data[self._at : self._at + len(data)] = data
            self._at += len(data)

    def seek(self, offset: int, /) -> None:
        self._at = offset


def tone(seconds: float, level: Callable[[float], float]) -> NDArray[np.float32]:
    """A tone of 1 kHz whose amplitude follows `level`, by tenths of a second."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    amplitude = np.repeat(
        [level(step / 10) for step in range(int(np.ceil(seconds * 10)))], RATE_HZ // 10
    )[: at.size]
    return (amplitude * np.sin(2 * np.pi * 1000 * at)).astype(np.float32)


def made_video(
    seconds: float = 4.0,
    *,
    format: str = "mp4",  # noqa: A002 (as PyAV calls it)
    video: str | None = "libx264",
    audio: str | None = "aac",
    size: tuple[int, int] = (160, 120),
    fps: int = 10,
    rotation: int = 0,
    pix_fmt: str = "yuv420p",
    sound: NDArray[np.float32] | None = None,
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=format, options=options or {}) as made:
        made.metadata.update(metadata or {})
        picture: Any = None
        voice: Any = None
        if video:
            settings = {"preset": "ultrafast"} if video.startswith("libx26") else {}
            if video == "libx265":
                settings["x265-params"] = "log-level=none"
            picture = made.add_stream(video, rate=fps, options=settings)
            picture.width, picture.height, picture.pix_fmt = *size, pix_fmt
            picture.codec_context.thread_count = 1
            if rotation:
                picture.set_display_rotation(rotation)
        if audio:
            voice = made.add_stream(audio, rate=RATE_HZ, layout="mono")
            if sound is None:
                sound = tone(seconds, lambda _: 0.3)
        if picture:
            for number in range(round(seconds * fps)):
                image = np.full((size[1], size[0], 3), number % 200, np.uint8)
                image[:20, :40] = (255, 0, 0)
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, fps)
                made.mux(picture.encode(frame))
            made.mux(picture.encode(None))
        if voice:
            assert sound is not None
            fifo = av.AudioFifo()
            whole = av.AudioFrame.from_ndarray(sound[None, :], format="fltp", layout="mono")
            whole.sample_rate, whole.pts, whole.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
            fifo.write(whole)
            resampler = av.AudioResampler(voice.codec_context.format, "mono", RATE_HZ)
            while frame := fifo.read(voice.codec_context.frame_size or 1024, partial=True):
                for part in resampler.resample(frame):
                    made.mux(voice.encode(part))
            made.mux(voice.encode(None))
    return file.getvalue()
