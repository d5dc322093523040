"""An answer about a moment, as programs and the page send it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dashboard_api.moments.judged_moments import VerdictValue
from school.moments.dismissals import LONGEST_WORDS, DismissalReason

__all__ = ["NewVerdict", "VerdictForm"]

Words = Annotated[str, Field(max_length=LONGEST_WORDS)]


class NewVerdict(BaseModel):
    """Whether a moment was worth talking about; a person's own moment has another `question`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    verdict: VerdictValue
    reason: DismissalReason | None = None
    """Why a suggestion is dismissed."""
    words: Words = ""
    """Your own, with the reason "other"."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.reason is not None and self.verdict != "dismissed":
            raise ValueError("only a dismissed moment has a reason")
        if self.words.strip() and self.reason != "other":
            raise ValueError('words are for the reason "other"')
        return self


class VerdictForm(BaseModel):
    """The same from the page, where "none" removes the answer, and an empty reason is none."""

    model_config = ConfigDict(extra="forbid")

    verdict: VerdictValue | Literal["none"]
    reason: DismissalReason | Literal[""] = ""
    words: Words = ""

    @property
    def given(self) -> NewVerdict | None:
        """What to keep. Words that were typed are never lost: they are another reason."""
        if self.verdict == "none":
            return None
        reason, words = self.reason or None, self.words.strip()
        if self.verdict == "confirmed":
            reason, words = None, ""
        elif reason != "other" and words:
            reason, words = ("other", words) if reason is None else (reason, "")
        return NewVerdict(verdict=self.verdict, reason=reason, words=words)
