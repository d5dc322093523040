"""Why a file is not taken in, in one sentence each. No text of a file is ever repeated."""

from __future__ import annotations

import re
from typing import Final

from contract.errors import NoSoundError, VideoRefusedError
from contract.language import N_

__all__ = ["REFUSALS", "refusal"]

_SENTENCES: Final = {
    "not_video": N_("This file is not a video: give an MP4, MOV or WebM file."),
    "playlist": N_("This file is a list of other files: give the MP4, MOV or WebM file itself."),
    "other_container": N_(
        "This file is of a kind that is not taken in: give an MP4, MOV or WebM file."
    ),
    "references": N_(
        "This video keeps its picture or sound in other files: "
        "save it from the program that made it as one file and give that."
    ),
    "cut_off": N_(
        "This video is cut off: its end is missing. Copy it from the camera again and give that file."
    ),
    "wrong_length": N_(
        "This video is damaged: it is not as long as it says. "
        "Copy it from the camera again and give that file."
    ),
    "damaged": N_(
        "This video can't be read: the file is damaged. "
        "If it plays elsewhere, save it there as MP4 and give that file."
    ),
    "no_picture": N_("This file has sound but no picture: give the lesson's video."),
    "no_sound": N_(
        "This video has no sound, so it can't be lined up by itself: set two points by hand."
    ),
    "silent": N_("This video has no sound, so there is no clip of its sound alone."),
    "codec": N_(
        "This video's picture or sound is stored in a way that is not known here: "
        "save it as MP4 (H.264) and give that file."
    ),
    "too_large": N_(
        "This video is larger or longer than a lesson's: give one lesson, at most in 8K."
    ),
    "memory": N_(
        "This video needs more memory than a lesson's video may: save it as MP4 (H.264) at 1080p."
    ),
    "too_slow": N_(
        "Reading this video took longer than a lesson's video may: "
        "save it as MP4 (H.264) at 1080p and give that file."
    ),
    "stopped": N_(
        "This video can't be read: the program that reads it stopped. "
        "Save it as MP4 (H.264) and give that file."
    ),
}
REFUSALS: Final = tuple(_SENTENCES.values())
"""Kept in English with their video; the pages translate them for who reads them."""


def refusal(reason: str, detail: str = "") -> VideoRefusedError:
    """The error for a reason; one that is not known counts as damage.

    `detail`, the name of the child's error, becomes a note for who looks for a fault.
    """
    kind = NoSoundError if reason == "no_sound" else VideoRefusedError
    error = kind(_SENTENCES.get(reason, _SENTENCES["damaged"]))
    if re.fullmatch(r"\w{1,60}", detail):
        error.add_note(f"{reason}: {detail}")
    return error
