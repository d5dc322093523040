"""Why a file is not taken in, in one sentence each. No text of a file is ever repeated."""

from __future__ import annotations

import re
from typing import Final

from contract.errors import NoSoundError, VideoRefusedError

__all__ = ["refusal"]

_SENTENCES: Final = {
    "not_video": "This file is not a video: give an MP4, MOV or WebM file.",
    "playlist": "This file is a list of other files: give the MP4, MOV or WebM file itself.",
    "other_container": "This file is of a kind that is not taken in: give an MP4, MOV or WebM file.",
    "references": (
        "This video keeps its picture or sound in other files: "
        "save it from the program that made it as one file and give that."
    ),
    "cut_off": (
        "This video is cut off: its end is missing. Copy it from the camera again and give that file."
    ),
    "wrong_length": (
        "This video is damaged: it is not as long as it says. "
        "Copy it from the camera again and give that file."
    ),
    "damaged": (
        "This video can't be read: the file is damaged. "
        "If it plays elsewhere, save it there as MP4 and give that file."
    ),
    "no_picture": "This file has sound but no picture: give the lesson's video.",
    "no_sound": "This video has no sound, so it can't be lined up by itself: set two points by hand.",
    "codec": (
        "This video's picture or sound is stored in a way that is not known here: "
        "save it as MP4 (H.264) and give that file."
    ),
    "too_large": "This video is larger or longer than a lesson's: give one lesson, at most in 8K.",
    "memory": "This video needs more memory than a lesson's video may: save it as MP4 (H.264) at 1080p.",
    "too_slow": (
        "Reading this video took longer than a lesson's video may: "
        "save it as MP4 (H.264) at 1080p and give that file."
    ),
    "stopped": (
        "This video can't be read: the program that reads it stopped. "
        "Save it as MP4 (H.264) and give that file."
    ),
}


def refusal(reason: str, detail: str = "") -> VideoRefusedError:
    """The error for a reason; one that is not known counts as damage.

    `detail`, the name of the child's error, becomes a note for who looks for a fault.
    """
    kind = NoSoundError if reason == "no_sound" else VideoRefusedError
    error = kind(_SENTENCES.get(reason, _SENTENCES["damaged"]))
    if re.fullmatch(r"\w{1,60}", detail):
        error.add_note(f"{reason}: {detail}")
    return error
