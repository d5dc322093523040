"""An open question on each suggestion and routine, to begin the talk with.

It leads nowhere: it names no cause, no fault and no pupil, and can't be answered with yes or no.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

from contract.language import N_, _
from dashboard_api.views.schemas import MomentJson
from models.serving.scores import ROOM

__all__ = ["QUESTIONS_TO_ASK", "open_questions"]

_Kind = Literal["lively room", "lively zone", "calm", "routine"]

QUESTIONS_TO_ASK: Final[Mapping[_Kind, tuple[str, ...]]] = MappingProxyType({
    "lively room": (
        N_("What was the class doing here?"),
        N_("What came just before this, and what came after?"),
        N_("What did you notice here at the time?"),
    ),
    "lively zone": (
        N_("What were they doing here?"),
        N_("What did this part of the room work on, and what did the others work on?"),
        N_("Where were you at this time, and what did you see from there?"),
    ),
    "calm": (
        N_("What was going on here?"),
        N_("What led up to this stretch?"),
    ),
    "routine": (
        N_("How does this usually go in this class?"),
        N_("What do the pupils do first here, and what comes next?"),
    ),
})  # fmt: skip
"""By what a moment is; a second one of the same kind in a lesson gets the next question."""


def open_questions(moments: Sequence[MomentJson]) -> dict[str, str]:
    """Moment → its question, for those that the system names, in order of time."""
    used: defaultdict[_Kind, int] = defaultdict(int)
    found: dict[str, str] = {}
    for moment in moments:
        kind = _kind(moment)
        if kind is None:
            continue
        to_choose = QUESTIONS_TO_ASK[kind]
        found[moment.id] = _(to_choose[used[kind] % len(to_choose)])
        used[kind] += 1
    return found


def _kind(moment: MomentJson) -> _Kind | None:
    if moment.kind == "own":
        return None
    if moment.kind == "routine":
        return "routine"
    if moment.is_strength:
        return "calm"
    return "lively room" if moment.zone == ROOM else "lively zone"
