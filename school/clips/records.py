"""A clip of a lesson as the school's database has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from contract.language import N_
from school.video.media.records import Shows

__all__ = [
    "CLIP_REFUSALS",
    "LEFT_OUT",
    "LONGEST_TITLE",
    "MAX_CLIP_S",
    "MAX_OF_LESSON",
    "MAX_OF_PERSON",
    "MAX_VIEWERS",
    "NOT_CUT",
    "TOO_LONG",
    "VIDEO_GONE",
    "Clip",
    "ClipState",
    "ClipViewer",
]

ClipState = Literal["waiting", "ready", "refused"]
"""What a clip is in; only one that is `ready` is ever served."""

VIDEO_GONE: Final = N_(
    "The video that it was to be cut from is not there any more. Add it again, and cut a new clip."
)
TOO_LONG: Final = N_(
    "What came of it is longer than its span, so it was deleted. Save the video as MP4 (H.264), add "
    "it again, and cut a new clip."
)
LEFT_OUT: Final = N_(
    "You left out a part of the lesson that is in this clip, or may be in it where the video is not "
    "lined up, so the clip was deleted. Cut a new one without that part."
)
NOT_CUT: Final = N_(
    "The server failed three times to read the video or to write the clip. Ask the person who runs "
    "it, then cut a new clip."
)
CLIP_REFUSALS: Final = (VIDEO_GONE, TOO_LONG, LEFT_OUT, NOT_CUT)
"""Kept in English with their clip; the pages translate them for who reads them."""

MAX_CLIP_S: Final = 300
"""The longest clip: what a group can watch and talk about."""
MAX_VIEWERS: Final = 20
MAX_OF_LESSON: Final = 10
"""More would be most of the lesson."""
MAX_OF_PERSON: Final = 50
LONGEST_TITLE: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipViewer:
    """Somebody whom a clip is shown to."""

    person: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A span of a lesson's video as a video of its own, with a key of its own."""

    id: str
    lesson: str
    person: str
    """The teacher who made it. It counts while the lesson is theirs."""
    title: str
    video: str
    """The id of the video that it is cut from."""
    start_s: float
    """By the video's time."""
    end_s: float
    shows: Shows
    state: ClipState = "waiting"
    file: str
    """The name of its sealed file, and of its key."""
    size: int = 0
    """In bytes; 0 until it is cut."""
    refusal: str = ""
    """Why it was not cut, or was deleted though its teacher did not ask for it: one sentence."""
    consent: str
    """The hash of the wording that its teacher confirmed."""
    until_utc_ns: int
    """When it goes."""
    created_utc_ns: int

    @property
    def length_s(self) -> float:
        """How long it is at most."""
        return self.end_s - self.start_s
