"""A teacher's next step: what they try, when in a lesson, and how the timeline will show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from contract.errors import UsageError
from contract.language import N_, _, ngettext

__all__ = [
    "LONGEST_WHAT",
    "LONGEST_WORDS",
    "PARTS",
    "SHOWS",
    "WENT",
    "WHOLE_LESSON",
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
    "start": N_("the beginning of the lesson"),
    "individual_work": N_("individual work"),
    "whole_class": N_("whole-class teaching"),
    "small_group": N_("work in small groups"),
    "test": N_("the test"),
    "transition": N_("the transition"),
    "end": N_("the end of the lesson"),
})  # fmt: skip

WHOLE_LESSON: Final = N_("the lesson")
"""Where a step names no part."""

Shows = Literal["settles", "zone", "quieter", "own", "unseen"]
"""How a step will show."""
SHOWS: Final[tuple[Shows, ...]] = get_args(Shows)
WHOLE_ROOM: Final = "room"
"""Instead of a zone's name."""

StepState = Literal["proposed", "open", "done", "dropped"]
Went = Literal["done", "going_on", "dropped"]
WENT: Final[Mapping[Went, str]] = MappingProxyType({
    "done": N_("done"),
    "going_on": N_("going on"),
    "dropped": N_("dropped"),
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
            raise UsageError(_("Say in one sentence what you will try."))
        if self.shows in {"settles", "zone"} and not self.shows_minutes:
            raise UsageError(_("Say how many minutes, from 1 to 60."))
        if self.shows_minutes is not None and not 1 <= self.shows_minutes <= MAX_MINUTES:
            raise UsageError(_("Say how many minutes, from 1 to 60."))
        if self.shows == "zone" and not self.shows_zone:
            raise UsageError(_("Choose which zone will move less."))
        if self.shows == "quieter" and not self.part:
            raise UsageError(_("Choose the part of the lesson in which it will be quieter."))
        if self.shows == "own" and not self.shows_words.strip():
            raise UsageError(_("Say in your own words how it will show."))


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
        super().__init__(_("Somebody else changed this step meanwhile."))
        self.now = now


def when_sentence(text: StepText) -> str:
    """When in a lesson: "the transition: as soon as the bell rings"."""
    part = _(PARTS.get(text.part, ""))
    return ": ".join(filter(None, (part, text.when_words.strip())))


def shows_sentence(text: StepText) -> str:
    """How it will show on the timeline."""
    minutes = text.shows_minutes or 0
    if text.shows == "settles" and text.part == "transition":
        return ngettext(
            "After a change of activity the room is calm in less than {n} minute.",
            "After a change of activity the room is calm in less than {n} minutes.",
            minutes,
        )
    if text.shows == "settles":
        return ngettext(
            "Settling in takes less than {n} minute.",
            "Settling in takes less than {n} minutes.",
            minutes,
        )
    if text.shows == "zone":
        return _zone_sentence(text, minutes)
    if text.shows == "quieter" and text.part == "start":
        return _("It is quieter at the beginning of the lesson.")
    if text.shows == "quieter" and text.part == "end":
        return _("It is quieter at the end of the lesson.")
    if text.shows == "quieter":
        return _("It is quieter during {part}.", part=_(PARTS.get(text.part, WHOLE_LESSON)))
    if text.shows == "own":
        return text.shows_words.strip()
    return _("The timeline can’t show it.")


def _zone_sentence(text: StepText, minutes: int) -> str:
    zone = _("The whole room") if text.shows_zone == WHOLE_ROOM else text.shows_zone
    if text.part == "end":
        return ngettext(
            "{zone} moves less in the last {n} minute of the lesson.",
            "{zone} moves less in the last {n} minutes of the lesson.",
            minutes,
            zone=zone,
        )
    if text.part in {"", "start"}:
        return ngettext(
            "{zone} moves less in the first {n} minute of the lesson.",
            "{zone} moves less in the first {n} minutes of the lesson.",
            minutes,
            zone=zone,
        )
    return ngettext(
        "{zone} moves less in the first {n} minute of {part}.",
        "{zone} moves less in the first {n} minutes of {part}.",
        minutes,
        zone=zone,
        part=_(PARTS[text.part]),
    )
