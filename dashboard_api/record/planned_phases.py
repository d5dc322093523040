"""A lesson's plan on its way into a file, and out of one: what was planned, and how it came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard_api.views.planned import Beside, summary_sentences
from dashboard_api.views.text import position_text
from school.bundle.records import BundledPhase
from school.plans.records import Phase

__all__ = ["RecordedPhase", "RecordedPlan", "bundled_phases", "phases_of", "recorded_plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPhase:
    """A phase in words."""

    place: str
    name: str
    standards: Sequence[str]
    lines: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPlan:
    """All phases that the reader sees; empty without a plan."""

    summary: Sequence[str]
    phases: Sequence[RecordedPhase]


def recorded_plan(lines: Sequence[Beside]) -> RecordedPlan:
    return RecordedPlan(
        summary=summary_sentences(lines) if lines else (),
        phases=[
            RecordedPhase(
                place=f"{position_text(line.start_s)}–{position_text(line.end_s)}",
                name=line.phase.name,
                standards=line.phase.standards,
                lines=line.sentences,
            )
            for line in lines
        ],
    )


def bundled_phases(lines: Sequence[Beside]) -> list[BundledPhase]:
    """As it is known when the file is made: of a phase that is still to come nobody has said anything."""
    return [
        BundledPhase(
            start_s=line.start_s, end_s=line.end_s, name=line.phase.name,
            standards=list(line.phase.standards),
            state="not_known" if line.state == "coming" else line.state,
            began_s=line.began_s, ended_s=line.ended_s,
        )
        for line in lines
    ]  # fmt: skip


def phases_of(plan: Sequence[BundledPhase]) -> list[Beside]:
    return [
        Beside(
            place=place, start_s=int(one.start_s), end_s=int(one.end_s), state=one.state,
            phase=Phase(
                name=one.name,
                minutes=round((one.end_s - one.start_s) / 60),
                standards=tuple(one.standards),
            ),
            began_s=None if one.began_s is None else int(one.began_s),
            ended_s=None if one.ended_s is None else int(one.ended_s),
        )
        for place, one in enumerate(plan)
    ]  # fmt: skip
