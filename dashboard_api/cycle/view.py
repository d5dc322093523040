"""What a teacher and their coach see of a cycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Final

from contract.clock import SECOND_NS
from contract.language import _
from dashboard_api.cycle.form_links import FormLink, form_links
from dashboard_api.language.dates import date_text, local_time_text
from dashboard_api.views.days import day_of
from dashboard_api.views.text import length_text, title_text
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.audit.entries import SOMEONE_GONE
from school.cycle.records import STAGES, Cycle, Stage, stage_of
from school.debrief.records import ActionStep
from school.lessons.records import Lesson
from school.people.records import Person
from school.sharing.listing import Wanted
from school.sharing.policy import may

__all__ = [
    "AIM_H",
    "CyclePage",
    "CycleView",
    "Due",
    "coaches_for",
    "cycle_page",
    "cycle_view",
    "own_due",
    "pace_words",
]

AIM_H: Final = 48
_MAX_LESSONS: Final = 20
_ORDER: Final = tuple(STAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageView:
    """One of the six."""

    words: str
    state: str
    """ "done", "now" or "later"."""
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleView:
    """One cycle, as the teacher or the coach reads it."""

    cycle: Cycle
    coach: str
    """What the coach is called; empty without one."""
    author: str
    stages: Sequence[StageView]
    now: str
    """The stage that comes next, in words."""
    due: str = ""
    is_due: bool = False
    """Whether that day has come."""
    lesson: str = ""
    """Its title and time, if the reader may open it."""
    step: str = ""
    """What the teacher tries, if the reader may see it."""
    measure: str = ""
    """The address of the step's measure; empty without one."""
    pace: Sequence[str] = ()
    forms: Sequence[FormLink] = ()
    """Those that the reader filled about its lessons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CyclePage:
    """All of a teacher's."""

    opened: CycleView | None
    proposed: Sequence[CycleView]
    closed: Sequence[CycleView]
    coaches: Sequence[Person]
    lessons: Sequence[tuple[str, str]]
    """Their last lessons, to choose from: id and words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is due in a cycle, and since when."""

    words: str
    day: date


def own_due(stores: Stores, person: str, utc_ns: int, zone: tzinfo | None) -> Due | None:
    """What is due by now in a teacher's own open cycle."""
    cycle = stores.sharing.cycles.open_cycle(person)
    if cycle is None:
        return None
    lesson = None if cycle.lesson is None else stores.lesson(cycle.lesson)
    step = _step_of(stores, cycle, lesson, is_own=True)
    stage = stage_of(cycle, has_tried=step is not None and step.went is not None)
    day = _day_of(cycle, stage)
    is_due = day is not None and day <= day_of(utc_ns, zone)
    return Due(words=_(STAGES[stage]), day=day) if day is not None and is_due else None


def cycle_page(
    stores: Stores, viewer: Viewer, zone: tzinfo | None, *, has_forms: bool = True
) -> CyclePage:
    """The viewer's own; without `has_forms` nothing to choose from, as on the start page."""
    cycles = stores.sharing.cycles.of_teacher(viewer.person.id)
    known = cycles if has_forms else []
    shown = [(one.state, cycle_view(stores, viewer, one, zone, known)) for one in cycles]
    opened = [one for state, one in shown if state == "open"]
    past = Wanted(to_utc_ns=viewer.utc_ns)
    lessons = (
        stores.lessons_of(viewer, {"own"}, past, limit=_MAX_LESSONS) if opened and has_forms else []
    )
    return CyclePage(
        opened=next(iter(opened), None),
        proposed=[one for state, one in shown if state == "proposed"],
        closed=[one for state, one in shown if state == "closed"],
        coaches=coaches_for(stores, viewer) if has_forms else [],
        lessons=[(one.id, _lesson_words(one, zone)) for one in lessons],
    )


def coaches_for(stores: Stores, viewer: Viewer) -> list[Person]:
    """With whom a cycle can be shared, by name."""
    return [
        person
        for person in stores.people.people()
        if person.id != viewer.person.id and may(person.roles, "read caseload", "shared")
    ]


def cycle_view(
    stores: Stores,
    viewer: Viewer,
    cycle: Cycle,
    zone: tzinfo | None,
    known: Sequence[Cycle] = (),
) -> CycleView:
    """A lesson and a step are named to those alone who may open the lesson now.

    `known` are the teacher's cycles that the viewer sees; without them no forms are named.
    """
    is_own = cycle.person == viewer.person.id
    names = stores.people.names({who for who in (cycle.coach, cycle.author) if who})
    lesson = _open_lesson(stores, viewer, cycle.lesson)
    step = _step_of(stores, cycle, lesson, is_own=is_own)
    # That the step was tried is said in a later lesson: the teacher alone knows it here.
    stage = stage_of(cycle, has_tried=is_own and step is not None and step.went is not None)
    day = _day_of(cycle, stage)
    measure = ""
    if (
        step is not None
        and step.text.shows in {"settles", "zone", "quieter"}
        and lesson is not None
    ):
        measure = f"/lessons/{lesson.id}/step/{step.id}/measure"
    return CycleView(
        cycle=cycle,
        coach=names.get(cycle.coach) or _(SOMEONE_GONE) if cycle.coach else "",
        author=_("you")
        if cycle.author == viewer.person.id
        else names.get(cycle.author) or _(SOMEONE_GONE),
        stages=_stages(cycle, stage, zone),
        now=_(STAGES[stage]),
        due="" if day is None else date_text(day),
        is_due=day is not None and day <= day_of(viewer.utc_ns, zone),
        lesson="" if lesson is None else _lesson_words(lesson, zone),
        step="" if step is None else step.text.what,
        measure=measure,
        pace=() if lesson is None else pace_words(stores, cycle, lesson),
        forms=form_links(stores, viewer, cycle, known) if known else (),
    )


def pace_words(stores: Stores, cycle: Cycle, lesson: Lesson) -> list[str]:
    """How long after the lesson its teacher first looked, and they talked: for the pair alone."""
    ended = lesson.over_utc_ns(stores.longest_ns)
    looked = stores.audit.first_look(lesson.id, cycle.person, ended)
    found = []
    if looked is not None:
        found.append(_("First look {time} after the lesson.", time=_after(looked - ended)))
    if cycle.talked_utc_ns is not None and cycle.talked_utc_ns >= ended:
        after = _after(cycle.talked_utc_ns - ended)
        found.append(_("Talked about it {time} after the lesson.", time=after))
    return [*found, _("Aim: both within {hours} hours.", hours=AIM_H)] if found else []


def _open_lesson(stores: Stores, viewer: Viewer, lesson_id: str | None) -> Lesson | None:
    if lesson_id is None:
        return None
    reach = stores.sharing.reach(lesson_id, viewer.person.id, viewer.utc_ns)
    if reach is None or not may(viewer.person.roles, "read lesson", reach):
        return None
    return stores.lesson(lesson_id)


def _step_of(
    stores: Stores, cycle: Cycle, lesson: Lesson | None, *, is_own: bool
) -> ActionStep | None:
    """Others see a step with the lesson that it comes from, while that is shared with them."""
    if cycle.step is None:
        return None
    opened = stores.sharing.steps.open_step(cycle.person) if is_own else None
    if opened is not None and opened.id == cycle.step:
        return opened
    known = [] if lesson is None else stores.sharing.steps.of_lesson(lesson.id)
    return next((one for one in known if one.id == cycle.step and one.state != "proposed"), None)


def _stages(cycle: Cycle, now: Stage, zone: tzinfo | None) -> list[StageView]:
    at = _ORDER.index(now)
    more: dict[Stage, str] = {}
    if cycle.text.debrief_on is not None:
        more["debrief"] = _("planned for {day}", day=date_text(cycle.text.debrief_on))
    if cycle.talked_utc_ns is not None:
        more["debrief"] = date_text(day_of(cycle.talked_utc_ns, zone))
    if cycle.text.again_on is not None:
        more["again"] = _("planned for {day}", day=date_text(cycle.text.again_on))
    return [
        StageView(
            words=_(words), more=more.get(stage, ""),
            state="done" if i < at else "now" if i == at else "later",
        )
        for i, (stage, words) in enumerate(STAGES.items())
    ]  # fmt: skip


def _day_of(cycle: Cycle, stage: Stage) -> date | None:
    """What is due next; nothing is in a cycle that is over."""
    if cycle.state == "closed":
        return None
    if stage in {"observe", "debrief"} and cycle.text.debrief_on is not None:
        return cycle.text.debrief_on
    return cycle.text.again_on


def _lesson_words(lesson: Lesson, zone: tzinfo | None) -> str:
    return f"{title_text(lesson.title, lesson.room)}, {local_time_text(lesson.starts_utc_ns, zone)}"


def _after(ns: int) -> str:
    return length_text(ns // SECOND_NS)
