"""A lesson's plan as its page shows it to one reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contract.clock import SECOND_NS
from contract.language import N_
from dashboard_api.debrief.guess_view import awaits_guess
from dashboard_api.lessons.timeline_view import lesson_span
from dashboard_api.plans.sensed import Sensed, SoundChange, sound_change
from dashboard_api.views.movement import EPOCH_S, ribbon
from dashboard_api.views.planned import Beside, summary_sentences
from dashboard_api.views.text import position_text
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from school.plans.plan_file import plan_text

__all__ = ["PlanLine", "PlanPart", "plan_part"]

EXAMPLE: Final = N_("10 Warm-up\n25 Group task\n10 Share")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """A phase: what was planned, how it came, and what was sensed then."""

    beside: Beside
    standards: Sequence[tuple[str, str]]
    """Code and words, which are empty for a code that is not in the school's standards."""
    sensed: str
    """Empty before it, before a guess, and for a phase that never came."""
    is_of_plan: bool
    """Whether `sensed` is of the planned time, since the true one is not known."""
    change: SoundChange | None

    @property
    def planned(self) -> str:
        return f"{position_text(self.beside.start_s)}–{position_text(self.beside.end_s)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPart:
    """The whole part of the page."""

    lines: Sequence[PlanLine]
    summary: Sequence[str]
    revision: int
    """0 without a plan of the lesson's teacher."""
    text: str
    """The lines that make the plan, for its teacher."""
    is_own: bool
    is_running: bool
    has_begun: bool
    awaits_guess: bool
    has_standards: bool


def plan_part(stores: Stores, seen: SeenLesson, now_utc_ns: int) -> PlanPart:
    """The plan of a lesson, beside what the reader sees of it."""
    plan = stores.sharing.plans.of_lesson(seen.lesson.id)
    lines = seen.planned(stores, now_utc_ns)
    start, end, is_running = lesson_span(seen.lesson, now_utc_ns)
    is_guessing = awaits_guess(stores, seen, now_utc_ns)
    sensed = (
        _sensed(stores, seen, start, end) if lines and end > start and not is_guessing else None
    )
    words = stores.sharing.standards.words_of(
        sorted({code for line in lines for code in line.phase.standards})
    )
    is_own = seen.reach == "own"
    return PlanPart(
        lines=[
            _line(line, words, sensed, (end - start) // SECOND_NS, is_own=is_own) for line in lines
        ],
        summary=summary_sentences(lines) if lines else (),
        revision=0 if plan is None else plan.revision,
        text="" if plan is None or not is_own else plan_text(plan.phases),
        is_own=is_own,
        is_running=is_running,
        has_begun=end > start,
        awaits_guess=is_guessing,
        has_standards=is_own and bool(stores.sharing.standards.frameworks()),
    )


def _line(
    line: Beside, words: dict[str, str], sensed: Sensed | None, passed_s: int, *, is_own: bool
) -> PlanLine:
    begins = line.start_s if line.began_s is None else line.began_s
    is_of_plan = line.began_s is None
    # While it lasts, until now.
    ends = line.end_s if is_of_plan else line.ended_s or (passed_s if line.lasts else None)
    is_shown = line.state in {"came", "not_known"} and ends is not None and begins < passed_s
    change = None
    if sensed is not None and is_own and line.state == "not_known" and line.start_s:
        change = sound_change(sensed.laeq, line.start_s)
    return PlanLine(
        beside=line,
        standards=[(code, words.get(code, "")) for code in line.phase.standards],
        sensed=sensed.words(begins, min(ends, passed_s)) if sensed and is_shown and ends else "",
        is_of_plan=is_of_plan,
        change=change,
    )


def _sensed(stores: Stores, seen: SeenLesson, start_utc_ns: int, end_utc_ns: int) -> Sensed:
    readings = seen.readings(stores, start_utc_ns, end_utc_ns)
    length = (end_utc_ns - start_utc_ns) // SECOND_NS
    return Sensed(
        laeq=readings.levels["laeq_1s"],
        movement=ribbon(seen.epochs(stores), start_utc_ns, length, EPOCH_S),
    )
