"""Colleagues for the browser's tests: two who say something of themselves, and what a coach may be handed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from contract.clock import SECOND_NS
from school.cycle.records import CycleText
from school.debrief.records import StepText
from school.sharing.handing_over import Pack
from tests.signed_in import BY, COACH, TEACHER, add_person

__all__ = ["COLLEAGUE_WORDS", "begin_handing_over", "forget_colleagues", "show_colleagues"]

COLLEAGUES = ("Bo Lind", "Kim Roth")
FOCUS = "Questions with time to think"
STEP = "Count to five before anybody answers"
COLLEAGUE_WORDS = (*COLLEAGUES, FOCUS, STEP)


def show_colleagues(school: Any) -> None:
    """One has a topic that fits the teacher's, the other has none that does."""
    _add(school)
    colleagues = school.stores.colleagues
    colleagues.put(TEACHER, "needs", ["questions", "noise"], "everybody")
    colleagues.put(COLLEAGUES[0], "strengths", ["questions"], "everybody")
    colleagues.put(COLLEAGUES[1], "needs", ["music"], "everybody")


def begin_handing_over(school: Any) -> None:
    """The teacher has an open cycle and a next step, and a coach reads the step already."""
    _add(school)
    by = replace(BY, person=TEACHER)
    sharing = school.stores.sharing
    sharing.cycles.write(CycleText(focus=FOCUS), COACH, by)
    step = sharing.steps.write(school.lesson.id, StepText(what=STEP), by)
    now = school.clock.utc_ns()
    until = now + round(timedelta(days=14).total_seconds()) * SECOND_NS
    pack = Pack(coach=COACH, until_utc_ns=until, steps=(step.id,))
    school.stores.hand_overs.hand_over(pack, by, now)


def forget_colleagues(school: Any) -> None:
    """As if nobody had said anything of themselves."""
    for person in (TEACHER, *COLLEAGUES):
        for kind in ("needs", "strengths"):
            school.stores.colleagues.put(person, kind, [], "nobody")


def _add(school: Any) -> None:
    people = school.stores.people
    for person, role in ((COACH, "coach"), *((each, "teacher") for each in COLLEAGUES)):
        if people.person(person) is None:
            add_person(people, person, role)
