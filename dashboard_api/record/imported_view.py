"""An imported lesson in words: what its file says, which nobody has checked."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.language import N_, _
from dashboard_api.language.dates import local_time_text
from dashboard_api.record.content import (
    RecordedForm,
    RecordedItem,
    RecordedMoment,
    RecordedStep,
    Said,
    answer_words,
    choice_and_words,
    note_by,
    step_lines,
)
from dashboard_api.record.planned_phases import RecordedPlan, phases_of, recorded_plan
from dashboard_api.record.talks import SeenTalk, talk_text
from dashboard_api.seat_rows.chart import Strip, axis_svg, strip_svg
from dashboard_api.views.text import (
    ACTIVITY_TEXT,
    length_text,
    position_text,
    title_text,
)
from school.bundle.nameless import ALONE
from school.bundle.records import BundledMoment, BundledTimeline, Content
from school.debrief.reflection_store import QUESTIONS

__all__ = ["ImportedPage", "imported_page"]

_CELL_S: Final = 30
_STATES: Final = {
    "proposed": N_("Proposed."),
    "open": N_("Open."),
    "done": N_("Done."),
    "dropped": N_("Dropped."),
    "over": N_("Over."),
}
_NAMELESS: Final = re.compile(r"(?P<role>teacher|coach) (?P<number>\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPage:
    """All of it."""

    title: str
    about: str
    talks: Sequence[str]
    made: str
    activities: Sequence[str]
    summary: Sequence[str]
    strip: str
    axis: str
    """SVG of the movement; empty without a timeline."""
    plan: RecordedPlan
    moments: Sequence[RecordedMoment]
    steps: Sequence[RecordedStep]
    guess: Sequence[str]
    reflection: Sequence[tuple[str, str]]
    forms: Sequence[RecordedForm]


def imported_page(content: Content, zone: tzinfo | None) -> ImportedPage:
    lesson, timeline = content.lesson, content.timeline
    length = math.ceil(lesson.length_s)
    has_movement = timeline is not None and length > 0
    return ImportedPage(
        title=title_text(lesson.title, lesson.room),
        about=" · ".join(
            part
            for part in (lesson.room, _at(lesson.starts_at.timestamp(), zone), length_text(length))
            if part
        ),
        talks=[
            talk_text(SeenTalk(day=one.day, minutes=one.minutes, coach=one.coach))
            for one in content.talks
        ],
        made=_at(content.made_at.timestamp(), zone),
        activities=[
            f"{_place(one.start_s, one.end_s)} {_(ACTIVITY_TEXT[one.name])}"
            for one in lesson.activities
        ],
        summary=() if timeline is None else timeline.summary,
        strip=_strip(timeline, length) if timeline is not None and has_movement else "",
        axis=axis_svg(length) if has_movement else "",
        plan=recorded_plan(phases_of(content.plan)),
        moments=[_moment(one, zone) for one in content.moments],
        steps=[
            RecordedStep(
                what=one.what,
                lines=step_lines(one.when, one.shows, one.went, one.went_words),
                state=_(_STATES[one.state]),
            )
            for one in content.steps
        ],
        guess=_guess(content),
        reflection=()
        if content.reflection is None
        else [
            (_(question), answer)
            for name, question in QUESTIONS.items()
            if (answer := getattr(content.reflection, name))
        ],
        forms=[
            RecordedForm(
                title=form.name,
                items=[
                    RecordedItem(
                        label=item.label,
                        said=[
                            Said(
                                who=_who(one.author), words=choice_and_words(one.choice, one.words)
                            )
                            for one in item.said
                        ],
                    )
                    for item in form.items
                ],
            )
            for form in content.forms
        ],
    )


def _at(seconds: float, zone: tzinfo | None) -> str:
    return local_time_text(round(seconds) * SECOND_NS, zone)


def _place(start_s: float, end_s: float) -> str:
    return f"{position_text(start_s)}–{position_text(end_s)}"


def _moment(one: BundledMoment, zone: tzinfo | None) -> RecordedMoment:
    if one.kind == "note":
        who = note_by(one.note_kind, _who(one.author) if one.author else _("somebody"))
    else:
        who = _("Suggested by the system") if one.kind == "suggested" else _("A routine")
    title, _end, rest = one.words.strip().partition("\n")
    trust = f"{one.trust[:1].upper()}{one.trust[1:]}." if one.trust else ""
    return RecordedMoment(
        place=_place(one.start_s, one.end_s),
        title=title if one.kind == "note" and title else one.title,
        who=" · ".join((who, *one.tags)),
        words=rest.strip(),
        lines=[line for line in (*one.because, one.claim, trust) if line],
        replies=[
            *(
                Said(who=_who(each.author), words=answer_words(each.says, each.words))
                for each in one.answers
            ),
            *(
                Said(
                    who=f"{_who(each.author)}, {_at(each.written_at.timestamp(), zone)}",
                    words=each.text,
                )
                for each in one.replies
            ),
        ],
    )


def _who(name: str) -> str:
    """Who stands in the place of a name: `school/bundle/nameless.py` keeps it in English."""
    numbered = _NAMELESS.fullmatch(name)
    if numbered is not None:
        words = {"teacher": N_("teacher {number}"), "coach": N_("coach {number}")}
        return _(words[numbered["role"]], number=numbered["number"])
    return _(name) if name in ALONE.values() else name


def _guess(content: Content) -> list[str]:
    guess = content.guess
    if guess is None:
        return []
    spans = [_place(span.start_s, span.end_s) for span in guess.spans]
    found = [_("The room drifted: {places}.", places=", ".join(spans))] if spans else []
    if guess.settling_s is not None:
        found.append(_("Settling in took {time}.", time=length_text(guess.settling_s)))
    return found


def _strip(timeline: BundledTimeline, length_s: int) -> str:
    """The room's movement in half minutes."""
    movement = timeline.movement
    cells: NDArray[np.float64] = np.full(math.ceil(length_s / _CELL_S), np.nan)
    seconds = timeline.from_s + np.arange(len(movement.mean)) * movement.step_s
    levels = np.array([math.nan if each is None else each for each in movement.mean])
    for at in range(len(cells)):
        inside = levels[(seconds >= at * _CELL_S) & (seconds < (at + 1) * _CELL_S)]
        known = inside[~np.isnan(inside)]
        if known.size:
            cells[at] = known.mean()
    gaps = [(int(gap.start_s), math.ceil(gap.end_s)) for gap in timeline.gaps]
    return strip_svg(Strip(cells=cells, step_s=_CELL_S, gaps=gaps), length_s)
