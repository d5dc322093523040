"""The four tasks on a video. Each starts a child, and raises VideoRefusedError with one sentence.

They take from a tenth of a second to hours: call them from a thread of their own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

import numpy as np

from school.video.media.containers import container_of, said_length_s
from school.video.media.conversation import Limits, converse
from school.video.media.messages import STEPS_PER_S
from school.video.media.records import Container, Probe, Shows, Sink, SoundLevels, Source
from school.video.media.sentences import refusal

__all__ = ["LIMITS", "convert", "cut", "probe", "sound_levels"]

_GIB: Final = 1 << 30

LIMITS: Final = {
    "probe": Limits(memory_bytes=2 * _GIB, cpu_s=60, wall_s=300.0),
    "levels": Limits(memory_bytes=_GIB, cpu_s=900, wall_s=3600.0),
    "convert": Limits(
        memory_bytes=3 * _GIB, cpu_s=24 * 3600, wall_s=12 * 3600.0, output_bytes=16 * _GIB
    ),
    "cut": Limits(memory_bytes=3 * _GIB, cpu_s=3600, wall_s=3600.0, output_bytes=_GIB),
}
"""By task. A lesson's two hours on a small, busy server stay well below them."""

_MAX_LENGTH_S: Final = 12 * 3600.0


def probe(source: Source, *, limits: Limits = LIMITS["probe"]) -> Probe:
    """What a video is; decodes its first picture and reads its end."""
    container = container_of(source)
    values, _ = converse("probe", container, source, limits)
    found = _probe(container, values)
    said_s = None if container == "webm" else said_length_s(source)
    if said_s is not None and abs(said_s - found.duration_s) > max(3.0, 0.02 * found.duration_s):
        raise refusal("wrong_length")
    return found


def sound_levels(
    source: Source,
    progress: Callable[[float], object] | None = None,
    *,
    limits: Limits = LIMITS["levels"],
) -> SoundLevels:
    """How loud the video is, ten times a second; NoSoundError if it has no sound."""
    container = container_of(source)
    _, data = converse("levels", container, source, limits, progress=progress)
    if len(data) % 4 or not data:
        raise refusal("stopped")
    level_db = np.frombuffer(data, np.float32)
    return SoundLevels(
        1 / STEPS_PER_S, np.where(np.isfinite(level_db), level_db, np.nan).astype(np.float32)
    )


def convert(
    source: Source,
    sink: Sink,
    progress: Callable[[float], object] | None = None,
    *,
    limits: Limits = LIMITS["convert"],
) -> None:
    """Write an MP4 that browsers play: H.264 of at most 1080p and 30 pictures a second, and AAC.

    A picture or sound that browsers play already is copied. `sink` gets all bytes in order; at the
    very end it is asked to `seek` back into the first 64 KiB, once or a few times, to `write` what
    the muxer knew last. `moov` is at the end.
    """
    container = container_of(source)
    converse("convert", container, source, limits, sink=sink, progress=progress)


def cut(
    source: Source,
    sink: Sink,
    start_s: float,
    end_s: float,
    *,
    shows: Shows = "both",
    progress: Callable[[float], object] | None = None,
    limits: Limits = LIMITS["cut"],
) -> None:
    """Write the span of the video as an MP4 of its own, every picture and sound encoded again.

    Nothing of the video's own bytes, times or notes is in it. `sink` is used as in `convert`.
    """
    container = container_of(source)
    more = (f"{round(start_s * 1000)} {round(end_s * 1000)}", shows)
    converse("cut", container, source, limits, sink=sink, progress=progress, more=more)


def _probe(container: Container, values: dict[str, object]) -> Probe:
    """The child's values, held against what they may be."""
    length = values.get("duration_s")
    width, height = values.get("width"), values.get("height")
    recorded = values.get("recorded_utc_ns")
    sound = values.get("audio_codec")
    if not (
        isinstance(length, float)
        and math.isfinite(length)
        and isinstance(width, int)
        and isinstance(height, int)
        and 0 < width <= 16384
        and 0 < height <= 16384
        and (recorded is None or isinstance(recorded, int))
    ):
        raise refusal("stopped")
    if not 0 < length <= _MAX_LENGTH_S:
        raise refusal("too_large")
    return Probe(
        container=container,
        duration_s=length,
        video_codec=_codec(values.get("video_codec")),
        audio_codec=None if sound is None else _codec(sound),
        width=width,
        height=height,
        plays_in_browsers=values.get("plays_in_browsers") is True,
        recorded_utc_ns=recorded,
        is_start_recorded=values.get("is_start_recorded") is True,
    )


def _codec(value: object) -> str:
    return value if isinstance(value, str) and re.fullmatch(r"[a-z0-9_.-]{1,32}", value) else "?"
