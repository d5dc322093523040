"""A next step, and how it went, as the page sends them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from school.debrief.records import LONGEST_WHAT, LONGEST_WORDS, Part, Shows, StepText, Went

__all__ = ["StepForm", "WentForm"]

Words = Annotated[str, Field(max_length=LONGEST_WORDS)]
Minutes = Annotated[
    Annotated[int, Field(ge=1, le=60)] | None,
    BeforeValidator(lambda given: None if given == "" else given),
]
"""An empty field is none."""


class StepForm(BaseModel):
    """A new step, or a change of one: then `step` and `revision` say of which."""

    model_config = ConfigDict(extra="forbid")

    step: Annotated[str, Field(max_length=32)] = ""
    revision: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    what: Annotated[str, Field(max_length=LONGEST_WHAT)] = ""
    when_words: Words = ""
    part: Part = ""
    shows: Shows = "unseen"
    shows_zone: Annotated[str, Field(max_length=100)] = ""
    settles_minutes: Minutes = None
    zone_minutes: Minutes = None
    shows_words: Words = ""
    moment: Annotated[str, Field(max_length=200)] = ""
    takes_over: bool = False
    """The teacher takes a proposal over with what they changed of it."""

    def text(self) -> StepText:
        """What to keep: of the fields for how it shows, those of the choice alone. Raises UsageError."""
        minutes = {"settles": self.settles_minutes, "zone": self.zone_minutes}.get(self.shows)
        return StepText(
            what=" ".join(self.what.split()),
            when_words=self.when_words.strip(),
            part=self.part,
            shows=self.shows,
            shows_zone=self.shows_zone if self.shows == "zone" else "",
            shows_minutes=minutes,
            shows_words=self.shows_words.strip() if self.shows == "own" else "",
            moment=self.moment,
        )

    @classmethod
    def of(cls, text: StepText, step: str, revision: int) -> StepForm:
        """The fields of a step that is there."""
        return cls(
            step=step, revision=revision, what=text.what, when_words=text.when_words,
            part=text.part, shows=text.shows, shows_zone=text.shows_zone,
            settles_minutes=text.shows_minutes if text.shows == "settles" else None,
            zone_minutes=text.shows_minutes if text.shows == "zone" else None,
            shows_words=text.shows_words, moment=text.moment,
        )  # fmt: skip


class WentForm(BaseModel):
    """How a step went, with a line of words."""

    model_config = ConfigDict(extra="forbid")

    went: Went
    words: Words = ""
