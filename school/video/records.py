"""A lesson's video as the school's database has it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

__all__ = [
    "MEDIA_TYPES",
    "STATES",
    "UNDER_WAY",
    "WORKED_ON",
    "Container",
    "Reason",
    "State",
    "Video",
    "consent_hash",
]

State = Literal["uploading", "checking", "converting", "ready", "refused"]
"""What a video is in, in this order; only one that is `ready` is ever served."""
STATES: Final[tuple[State, ...]] = get_args(State)
WORKED_ON: Final = ("checking", "converting")
UNDER_WAY: Final = ("uploading", *WORKED_ON)

Container = Literal["mp4", "mov", "webm"]
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
}

Reason = Literal[
    "by_hand",
    "replaced",
    "kept_long_enough",
    "unfinished",
    "key_gone",
    "end_date",
    "video_removed",
    "left_out",
    "owner_changed",
]
"""Why a video or a clip is removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One video of a lesson. A lesson has one that is ready, and maybe one that is to replace it."""

    id: str
    lesson: str
    state: State
    file: str
    """The name of its sealed file, and of its key."""
    spare: str = ""
    """Another sealed file that has to go: a conversion's that is not done, or the original's."""
    size: int
    """In bytes, as announced."""
    container: Container | Literal[""] = ""
    """Empty until it is checked."""
    duration_s: float = 0.0
    """0 until it is checked."""
    refusal: str = ""
    """Why it was refused: one sentence."""
    fingerprint: str = ""
    """What a browser made of the file's name, length and date, to know it again; no name."""
    added_by: str
    """The id of a person; empty for a command."""
    consent: str = ""
    """The hash of the wording that was confirmed; see `consent_hash`."""
    created_utc_ns: int
    changed_utc_ns: int

    @property
    def files(self) -> tuple[str, ...]:
        """The names of all its sealed files."""
        return (self.file, self.spare) if self.spare else (self.file,)


def consent_hash(text: str) -> str:
    """What stands in the audit log for a wording: the first 128 bits of its SHA-256, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
