"""A teacher's next step: what they try, when in a lesson, and how the timeline will show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from contract.errors import UsageError

__all__ = [
    "LONGEST_WHAT",
    "LONGEST_WORDS",
    "PARTS",
    "SHOWS",
    "WENT",
    "WHOLE_ROOM",
    "ActionStep",
    "ChangedMeanwhileError",
    "Part",
    "Shows",
    "StepState",
    "StepText",
    "Went",
    "shows_sentence",
    "when_sentence",
]

Part = Literal[
    "", "start", "individual_work", "whole_class", "small_group", "test", "transition", "end"
]
"""Of a lesson: its beginning and end, and what a teacher may declare a span of it to be."""
PARTS: Final[Mapping[Part, str]] = MappingProxyType({
    "start": "the beginning of the lesson",
    "individual_work": "individual work",
    "whole_class": "whole-class teaching",
    "small_group": "work in small groups",
    "test": "the test",
    "transition": "the transition",
    "end": "the end of the lesson",
})  # fmt: skip

Shows = Literal["settles", "zone", "quieter", "own", "unseen"]
"""How a step will show."""
SHOWS: Final[tuple[Shows, ...]] = get_args(Shows)
WHOLE_ROOM: Final = "room"
"""Instead of a zone's name."""

StepState = Literal["proposed", "open", "done", "dropped"]
Went = Literal["done", "going_on", "dropped"]
WENT: Final[Mapping[Went, str]] = MappingProxyType({
    "done": "done",
    "going_on": "going on",
    "dropped": "dropped",
})  # fmt: skip
"""What a teacher says of a step in a later lesson; "going on" leaves it open."""

LONGEST_WHAT: Final = 300
LONGEST_WORDS: Final = 300
MAX_MINUTES: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class StepText:
    """What people write of a step."""

    what: str
    """One sentence."""
    when_words: str = ""
    part: Part = ""
    """When in a lesson, in free words and as a part of a lesson."""
    shows: Shows = "unseen"
    shows_zone: str = ""
    shows_minutes: int | None = None
    shows_words: str = ""
    moment: str = ""
    """The id of the moment that it comes from."""

    def __post_init__(self) -> None:
        if not self.what.strip():
            raise UsageError("Say in one sentence what you will try.")
        if self.shows in {"settles", "zone"} and not self.shows_minutes:
            raise UsageError("Say how many minutes, from 1 to 60.")
        if self.shows_minutes is not None and not 1 <= self.shows_minutes <= MAX_MINUTES:
            raise UsageError("Say how many minutes, from 1 to 60.")
        if self.shows == "zone" and not self.shows_zone:
            raise UsageError("Choose which zone will move less.")
        if self.shows == "quieter" and not self.part:
            raise UsageError("Choose the part of the lesson in which it will be quieter.")
        if self.shows == "own" and not self.shows_words.strip():
            raise UsageError("Say in your own words how it will show.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionStep:
    """A step of one teacher. At most one of theirs is open."""

    id: str
    person: str
    """Whose step it is."""
    lesson: str | None
    """The lesson that it comes from; None once that is deleted."""
    state: StepState
    text: StepText
    author: str
    """Who wrote it first: the teacher, or a coach who proposed it."""
    changed_by: str
    revision: int
    """Counts its changes, so that nobody overwrites what they have not seen."""
    written_utc_ns: int
    changed_utc_ns: int
    went: Went | None = None
    went_words: str = ""
    went_lesson: str | None = None
    """What the teacher said of it last, and in which lesson."""


class ChangedMeanwhileError(UsageError):
    """Somebody else changed a step since it was read; `now` is what it is by now."""

    def __init__(self, now: ActionStep) -> None:
        super().__init__("Somebody else changed this step meanwhile.")
        self.now = now


def when_sentence(text: StepText) -> str:
    """When in a lesson: "the transition: as soon as the bell rings"."""
    part = PARTS.get(text.part, "")
    return ": ".join(filter(None, (part, text.when_words.strip())))


def shows_sentence(text: StepText) -> str:
    """How it will show on the timeline."""
    minutes = text.shows_minutes or 0
    length = f"{minutes} minute{'' if minutes == 1 else 's'}"
    part = PARTS.get(text.part, "the lesson")
    if text.shows == "settles" and text.part == "transition":
        return f"After a change of activity the room is calm in less than {length}."
    if text.shows == "settles":
        return f"Settling in takes less than {length}."
    if text.shows == "zone":
        of = "the lesson" if text.part in {"", "start", "end"} else part
        which = "last" if text.part == "end" else "first"
        where = "The whole room" if text.shows_zone == WHOLE_ROOM else text.shows_zone
        return f"{where} moves less in the {which} {length} of {of}."
    if text.shows == "quieter":
        when = "at" if text.part in {"start", "end"} else "during"
        return f"It is quieter {when} {part}."
    if text.shows == "own":
        return text.shows_words.strip()
    return "The timeline can’t show it."
