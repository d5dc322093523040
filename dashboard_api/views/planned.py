"""Planned beside what came, phase by phase. What nobody said is not known: nothing is guessed.

A phase begins when its teacher says so, and ends where the next one that came begins, unless one in
between may have come as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from contract.language import _, ngettext
from dashboard_api.views.text import joined_text, length_text, position_text
from school.plans.records import Phase, planned_spans
from school.sharing.cut import Span

__all__ = ["SAME_S", "Beside", "beside", "seen_of", "summary_sentences"]

SAME_S: Final = 30
"""Up to so much later, longer or shorter is as planned: people don't begin by the second."""

State = Literal["came", "absent", "not_known", "coming", "not_shared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A phase, when it was planned, and when it came; in seconds since the lesson's start."""

    place: int
    phase: Phase
    start_s: int
    end_s: int
    state: State
    began_s: int | None = None
    ended_s: int | None = None
    """None while it lasts, and if nobody knows."""
    lasts: bool = False
    """Whether it is on now."""

    @property
    def late_s(self) -> int | None:
        """By how much it began later than planned; less than 0 for earlier."""
        return None if self.began_s is None else self.began_s - self.start_s

    @property
    def over_s(self) -> int | None:
        """By how much it took longer than planned; less than 0 for shorter."""
        if self.began_s is None or self.ended_s is None:
            return None
        return self.ended_s - self.began_s - (self.end_s - self.start_s)

    @property
    def ran_over(self) -> bool:
        return (self.over_s or 0) > SAME_S

    @property
    def sentences(self) -> list[str]:
        """How it came, in words."""
        planned = length_text(self.end_s - self.start_s)
        if self.state == "absent":
            return [_("Never came, as its teacher says; {planned} were planned.", planned=planned)]
        if self.state == "coming":
            return [_("It is not its time yet.")]
        if self.state == "not_shared":
            return [_("How it came is not shared with you.")]
        if self.began_s is None:
            return [_("Not known: nobody has said when it began.")]
        return [_began(self.began_s, self.late_s or 0), self._took(planned)]

    def _took(self, planned: str) -> str:
        if self.lasts:
            return _("It is on now.")
        over = self.over_s
        if over is None or self.began_s is None or self.ended_s is None:
            return _("How long it took is not known.")
        took = length_text(self.ended_s - self.began_s)
        if over > SAME_S:
            return _("It took {took} and ran over by {over}; {planned} were planned.",
                     took=took, over=length_text(over), planned=planned)  # fmt: skip
        if over < -SAME_S:
            return _("It took {took}, {less} less than the {planned} that were planned.",
                     took=took, less=length_text(-over), planned=planned)  # fmt: skip
        return _("It took {took}, as planned.", took=took)


def beside(phases: Sequence[Phase], lesson_s: int, *, passed_s: int, is_over: bool) -> list[Beside]:
    """Each phase of a plan, in its order; of a lesson of `lesson_s`, of which `passed_s` are over."""
    came = sorted(
        (phase.began_s, place) for place, phase in enumerate(phases) if phase.began_s is not None
    )
    follows = {one[1]: later for one, later in pairwise(came)}
    open_ = [place for place, phase in enumerate(phases) if not phase.is_answered]
    found = []
    for place, (phase, (start, end)) in enumerate(zip(phases, planned_spans(phases), strict=True)):
        state: State = (
            "absent" if phase.is_absent
            else "came" if phase.began_s is not None
            else "coming" if not is_over and start > passed_s
            else "not_known"
        )  # fmt: skip
        ended, lasts = None, False
        if phase.began_s is not None:
            later = follows.get(place)
            until = None if later is None else later[1]
            if later is None and not is_over:
                lasts = phase.began_s <= passed_s
            elif not _may_be_between(place, until, open_):
                ended = lesson_s if later is None else later[0]
        found.append(
            Beside(
                place=place, phase=phase, start_s=start, end_s=end, state=state, lasts=lasts,
                began_s=phase.began_s, ended_s=None if ended is None else max(ended, phase.began_s or 0),
            )
        )  # fmt: skip
    return found


def seen_of(lines: Sequence[Beside], shared: Sequence[Span]) -> list[Beside]:
    """What lies in the parts of a lesson that are shared, as planned; how it came, if that does too."""
    found = []
    for line in lines:
        if not _holds(shared, line.start_s, line.end_s):
            continue
        if line.began_s is not None and not _holds(shared, line.began_s, line.began_s):
            hidden = replace(line.phase, began_s=None)
            line = replace(  # noqa: PLW2901
                line, phase=hidden, state="not_shared", began_s=None, ended_s=None, lasts=False
            )
        elif line.ended_s is not None and not _holds(shared, line.ended_s, line.ended_s):
            line = replace(line, ended_s=None)  # noqa: PLW2901
        found.append(line)
    return found


def summary_sentences(lines: Sequence[Beside]) -> list[str]:
    """The whole plan in words."""
    minutes = sum(line.phase.minutes for line in lines)
    over = [
        _("{phase} by {over}", phase=line.phase.name, over=length_text(line.over_s or 0))
        for line in lines
        if line.ran_over
    ]
    absent = [
        ngettext("{phase} ({n} minute)", "{phase} ({n} minutes)", line.phase.minutes,
                 phase=line.phase.name)
        for line in lines
        if line.state == "absent"
    ]  # fmt: skip
    unknown = [line.phase.name for line in lines if line.state == "not_known"]
    return [
        ngettext("The plan has {n} phase and {minutes} minutes.",
                 "The plan has {n} phases and {minutes} minutes.", len(lines), minutes=minutes),
        *([_("Ran over: {parts}.", parts=joined_text(over))] if over else []),
        *([_("Planned, and never came: {parts}.", parts=joined_text(absent))] if absent else []),
        *([_("Not known when they began: {parts}.", parts=joined_text(unknown))] if unknown else []),
    ]  # fmt: skip


def _began(began_s: int, late_s: int) -> str:
    at = position_text(began_s)
    if late_s > SAME_S:
        return _("Began at {at}, {late} later than planned.", at=at, late=length_text(late_s))
    if late_s < -SAME_S:
        return _("Began at {at}, {early} earlier than planned.", at=at, early=length_text(-late_s))
    return _("Began at {at}, as planned.", at=at)


def _holds(shared: Sequence[Span], start_s: float, end_s: float) -> bool:
    return any(span.start_s <= start_s and end_s <= span.end_s for span in shared)


def _may_be_between(place: int, until: int | None, open_: Sequence[int]) -> bool:
    """Whether a phase that nobody spoke of may have come before the next known one."""
    if until is not None and until < place:  # not in the order of the plan
        return bool(open_)
    return any(place < other and (until is None or other < until) for other in open_)
