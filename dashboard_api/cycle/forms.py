"""What people write of a cycle, as the pages send it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from school.cycle.records import LONGEST_FOCUS, CycleText

__all__ = ["CycleForm", "ProposalForm"]

Day = Annotated[date | None, BeforeValidator(lambda given: None if given == "" else given)]
"""An empty field is none."""


class ProposalForm(BaseModel):
    """A focus and its days."""

    model_config = ConfigDict(extra="forbid")

    focus: Annotated[str, Field(max_length=LONGEST_FOCUS)] = ""
    debrief_on: Day = None
    again_on: Day = None

    def text(self) -> CycleText:
        """Raises UsageError."""
        return CycleText(
            focus=" ".join(self.focus.split()), debrief_on=self.debrief_on, again_on=self.again_on
        )


class CycleForm(ProposalForm):
    """A new cycle, or a change of one: then `cycle` and `revision` say of which."""

    cycle: Annotated[str, Field(max_length=32)] = ""
    revision: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    coach: Annotated[str, Field(max_length=100)] = ""
    """The id of a person; empty for nobody."""
