"""What a camera in the room recorded of a lesson: a drawn class, with the noise that its kit sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from roomtone.demo.district.calendar import LESSON_S
from roomtone.demo.district.world import Heard
from simulators.behaviour.noise import LEVELS_A_SECOND
from simulators.classroom import Classroom
from simulators.lesson_video.camera import Camera
from simulators.scenario import load_scenario

__all__ = ["FilmedClass", "camera_of", "write_film"]

_AFTER_S: Final = 200
"""The camera is off so long after the moment that people talk about: a shorter video is made sooner."""


class FilmedClass(Classroom):
    """A class of the simulators that is as loud as the kit said."""

    def __init__(self, heard: Heard, seed: int) -> None:
        super().__init__(load_scenario("demo").lasting(LESSON_S / 60), seed)
        self._levels = np.repeat(heard.levels, LEVELS_A_SECOND)


def camera_of(heard: Heard) -> Camera:
    """Switched on a little late."""
    camera = Camera()
    return Camera(length_s=heard.lively_s + _AFTER_S - camera.starts_at_s)


def write_film(
    heard: Heard, seed: int, path: Path, progress: Callable[[float], object] | None = None
) -> None:
    """Write the file; what `progress` raises ends it. Raises ImportError where PyAV is not installed."""
    from simulators.lesson_video.film import write_lesson_video  # noqa: PLC0415 - may be missing

    with path.open("xb") as file:
        write_lesson_video(FilmedClass(heard, seed), camera_of(heard), seed, file, progress)
