"""A video whose sound follows the sample lesson."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np

from simulators.lesson_video.sound import RATE_HZ, sound


def film_of(noise: list[float | None], start_s: int, seconds: int) -> bytes:
    """A small WebM whose sound follows the sample lesson's noise from a second on."""
    levels = np.repeat([40.0 if each is None else each for each in noise], 10)
    part = levels[start_s * 10 : (start_s + seconds) * 10] - 95.0
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as made:
        picture = made.add_stream(
            "libvpx", rate=1, options={"deadline": "realtime", "cpu-used": "8"}
        )
        picture.width, picture.height, picture.pix_fmt = 64, 36, "yuv420p"
        voice = made.add_stream("libopus", rate=48_000, layout="mono")
        resampler = av.AudioResampler("s16", "mono", 48_000, frame_size=960)
        for number in range(seconds):
            image = av.VideoFrame.from_ndarray(np.zeros((36, 64, 3), np.uint8), format="rgb24")
            image.pts, image.time_base = number, Fraction(1, 1)
            made.mux(picture.encode(image))
        made.mux(picture.encode(None))
        heard = 0
        for chunk in sound(part, 1):
            frame = av.AudioFrame.from_ndarray(chunk[None, :], format="flt", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, heard
            heard += chunk.size
            for each in resampler.resample(frame):
                made.mux(voice.encode(each))
        made.mux(voice.encode(None))
    return file.getvalue()
