"""Writes the video file: H.264 and AAC in an MP4, as a phone or a small camera does."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import IO, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from simulators.classroom import Classroom
from simulators.lesson_video.camera import Camera, recorded_levels
from simulators.lesson_video.picture import HEIGHT, WIDTH, LessonPicture
from simulators.lesson_video.sound import RATE_HZ, sound

__all__ = ["write_lesson_video"]

_FPS: Final = 2
_KEY_EVERY_S: Final = 5
_X264: Final = {"preset": "ultrafast", "crf": "30", "threads": "2"}
_FRAME: Final = 1024
"""Samples in a frame of AAC."""


def write_lesson_video(
    classroom: Classroom,
    camera: Camera,
    seed: int,
    file: IO[bytes],
    progress: Callable[[float], object] | None = None,
) -> None:
    """Fifty minutes take about fifteen seconds; `moov` is at the end."""
    drawn = LessonPicture(classroom)
    level_db = recorded_levels(classroom, camera, seed)
    with av.open(file, "w", format="mp4") as made:
        picture = made.add_stream("libx264", rate=_FPS, options=_X264)
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        picture.codec_context.gop_size = _FPS * _KEY_EVERY_S
        voice = made.add_stream("aac", rate=RATE_HZ, layout="mono")
        voice.bit_rate = 48_000
        waiting = np.empty(0, np.float32)
        shown = heard = 0
        for chunk in sound(level_db, seed):
            waiting = np.concatenate([waiting, chunk])
            while waiting.size >= _FRAME:
                part = np.ascontiguousarray(waiting[None, :_FRAME])
                frame = AudioFrame.from_ndarray(part, format="fltp", layout="mono")
                frame.sample_rate, frame.pts = RATE_HZ, heard
                made.mux(voice.encode(frame))
                waiting, heard = waiting[_FRAME:], heard + _FRAME
            while shown / _FPS < heard / RATE_HZ:
                at = camera.lesson_s(np.array([shown / _FPS]))
                image = VideoFrame.from_ndarray(drawn.at(float(at[0])), format="rgb24")
                image.pts, image.time_base = shown, Fraction(1, _FPS)
                made.mux(picture.encode(image))
                shown += 1
            if progress is not None:
                progress(heard / RATE_HZ / camera.length_s)
        made.mux(picture.encode(None))
        made.mux(voice.encode(None))
