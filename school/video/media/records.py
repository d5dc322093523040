"""What the tasks on a video get and return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Container", "Probe", "Shows", "Sink", "SoundLevels", "Source"]

Container = Literal["mp4", "mov", "webm"]
Shows = Literal["both", "picture", "sound"]
"""What of a video is in a clip."""


class Source(Protocol):
    """A video's bytes, wherever they are and however they are encrypted."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def read_at(self, offset: int, count: int) -> bytes:
        """These bytes; fewer only at the end."""


class Sink(Protocol):
    """Where a converted video goes."""

    def write(self, data: bytes, /) -> object:
        """Add to what is there, or after `seek` write over it."""

    def seek(self, offset: int, /) -> object:
        """Go back into the first 64 KiB; called only after all has been written."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a video is. Width and height are as shown, the rotation already applied."""

    container: Container
    duration_s: float
    video_codec: str
    audio_codec: str | None
    width: int
    height: int
    plays_in_browsers: bool
    recorded_utc_ns: int | None
    """When the file says that it was recorded: its start, or in many cameras its end."""
    is_start_recorded: bool = False
    """Whether that is surely the start, as in what Apple's cameras write."""


@dataclass(frozen=True, slots=True)
class SoundLevels:
    """How loud a video is, from its time 0 on. Nothing else of the sound leaves the child."""

    step_s: float
    level_db: NDArray[np.float32]
    """(n,) dB(A) re full scale, one a step; NaN where the video has no sound."""
