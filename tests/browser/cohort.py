"""Cohorts for the browser's tests: one that the teacher is in, one they are invited to, one they lead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from school.audit.actor import Actor
from tests.signed_in import COACH, TEACHER, add_person

__all__ = ["COHORT_WORDS", "begin_cohorts", "end_cohorts", "open_cohort"]

MEMBERS = ("Bo Lind", "Kim Roth")
FOCUS = "Time to think after a question"
QUESTION = "How long do you wait after a question?"
WORDS = "Nobody spoke for four seconds. Then two of them began at once."
COHORT_WORDS = (*MEMBERS, FOCUS, QUESTION, WORDS, "Wait time", "Open questions", "First minutes")


def begin_cohorts(school: Any) -> None:
    """Three cohorts; two colleagues are in each, and one has answered in each."""
    people, cohorts = school.stores.people, school.stores.cohorts
    for person, role in ((COACH, "coach"), *((each, "teacher") for each in MEMBERS)):
        if people.person(person) is None:
            add_person(people, person, role)
    school.stores.sharing.tie_name("Mr Lind", MEMBERS[0], _by(COACH, school))
    school.stores.lessons.put(_lesson(school))
    for title, lead in (
        ("Wait time", COACH),
        ("First minutes", COACH),
        ("Open questions", TEACHER),
    ):
        cohort = cohorts.make(title, FOCUS, _by(lead, school))
        for person in MEMBERS if lead == TEACHER else (*MEMBERS, TEACHER):
            cohorts.invite(cohort, person, _by(lead, school))
            if person != TEACHER or title == "Wait time":
                cohorts.join(cohort, _by(person, school))
        cohorts.set_task(cohort, QUESTION, date(2025, 11, 30), _by(lead, school))
        (task,) = cohorts.tasks(cohort)
        cohorts.save(task, "of-lind", (60, 150), WORDS, _by(MEMBERS[0], school), is_handed=True)


def end_cohorts(school: Any) -> None:
    """As if there had been none."""
    cohorts = school.stores.cohorts
    for each in (*cohorts.led_by(TEACHER), *cohorts.of_member(TEACHER)):
        cohorts.end(each.id, _by(COACH, school))


def open_cohort(title: str) -> Callable[[Any], None]:
    """From the list of all, loaded again."""

    def step(page: Any) -> None:
        page.reload()
        linked = page.locator("main li, main section").filter(has_text=title).locator("a")
        linked.last.click()
        page.wait_for_selector("h1:text-is('" + title + "')")

    return step


def _lesson(school: Any) -> Any:
    return replace(school.lesson, id="of-lind", teacher="Mr Lind")


def _by(person: str, school: Any) -> Actor:
    return Actor(name=person, person=person, utc_ns=school.clock.utc_ns())
