"""What a coach has with each teacher: next step, what is due, what waits for the teacher. No ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final

from contract.clock import SECOND_NS
from contract.language import _
from dashboard_api.cycle.view import CycleView, cycle_view
from dashboard_api.language.dates import date_text, local_time_text
from dashboard_api.views.days import day_of
from dashboard_api.views.text import title_text
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.audit.entries import SOMEONE_GONE
from school.debrief.records import ActionStep

__all__ = ["Case", "caseload"]

_MAX_LESSONS: Final = 200


@dataclass(slots=True, kw_only=True)
class Case:
    """One teacher, by name."""

    name: str
    cycle: CycleView | None = None
    step: str = ""
    """The newest open step of a lesson that is shared with the coach."""
    waiting: list[str] = field(default_factory=list)
    """What the teacher has yet to answer."""
    handed: list[str] = field(default_factory=list)
    """Next steps that the teacher handed over, each with its last day."""
    lessons: list[tuple[str, str]] = field(default_factory=list)
    """The latest lessons that are shared: id and words."""


def caseload(stores: Stores, viewer: Viewer, zone: tzinfo | None) -> Sequence[Case]:
    """The teachers who share a lesson or a cycle with the viewer now, in the order of their names."""
    me = viewer.person.id
    lessons = stores.lessons_of(viewer, {"shared"}, limit=_MAX_LESSONS)
    owners = stores.sharing.owners([one.id for one in lessons])
    cycles = stores.sharing.cycles.of_coach(me)
    handed = stores.hand_overs.steps_to(me, viewer.utc_ns)
    people = {
        *owners.values(),
        *(one.person for one in cycles),
        *(one.teacher for one in handed),
    } - {me}
    names = stores.people.names(people)
    cases = {person: Case(name=names.get(person) or _(SOMEONE_GONE)) for person in people}
    for cycle in cycles:
        case = cases[cycle.person]
        if cycle.state == "open":
            case.cycle = cycle_view(stores, viewer, cycle, zone, [cycle])
        else:
            case.waiting.append(_("The focus that you propose: {focus}", focus=cycle.text.focus))
    for each in handed:
        if each.teacher in cases:
            day = date_text(day_of(each.until_utc_ns - SECOND_NS, zone))
            words = _("{what} (until {day})", what=each.what, day=day)
            cases[each.teacher].handed.append(words)
    for lesson in lessons:
        if (person := owners.get(lesson.id)) not in cases:
            continue
        case = cases[person]
        at = local_time_text(lesson.starts_utc_ns, zone)
        case.lessons.append((lesson.id, f"{title_text(lesson.title, lesson.room)}, {at}"))
        for step in stores.sharing.steps.of_lesson(lesson.id):
            _add_step(case, step, me)
    return sorted(cases.values(), key=lambda case: case.name.casefold())


def _add_step(case: Case, step: ActionStep, me: str) -> None:
    if step.state == "open" and not case.step:
        case.step = step.text.what
    elif step.state == "proposed" and step.author == me:
        case.waiting.append(_("The step that you propose: {step}", step=step.text.what))
