"""Cohorts for the browser's tests: one that the teacher is in, one they are invited to, one they lead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.clips.records import Clip
from school.cohorts.cohort_records import SpanPlace
from tests.signed_in import COACH, TEACHER, add_person

__all__ = [
    "COHORT_WORDS",
    "ask_to_lead",
    "begin_cohorts",
    "count_spans",
    "end_cohorts",
    "hand_on",
    "open_cohort",
    "open_part",
]

MEMBERS = ("Bo Lind", "Kim Roth")
FOCUS = "Time to think after a question"
QUESTION = "How long do you wait after a question?"
WORDS = "Nobody spoke for four seconds. Then two of them began at once."
SAW = "Two of them looked at each other before they spoke."
WONDER = "What if you had counted to ten?"
CLIP, CLIP_TITLE = "5" * 32, "The first five seconds after a question"
COHORT_WORDS = (
    *MEMBERS, *map(str.lower, MEMBERS), FOCUS, QUESTION, WORDS, SAW, WONDER, CLIP_TITLE, "Wait time", "Open questions",
    "First minutes", "Calm starts",
)  # fmt: skip
"""What they are called, signing in too, and what they wrote."""


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
        if title == "Wait time":
            _talk(school, cohort)
        cohorts.save(
            task, "of-lind", (60, 150), WORDS, _by(MEMBERS[0], school), is_handed=True,
            place=SpanPlace(activity="", third=0),
        )  # fmt: skip
        for person, kind, words in ((MEMBERS[1], "question", WONDER), (lead, "observation", SAW)):
            cohorts.replies.to_answer(cohort, task.id, MEMBERS[0], kind, words, _by(person, school))


def count_spans(school: Any) -> None:
    """Six members handed spans of six lessons to the cohort that the teacher is in."""
    begin_cohorts(school)
    stores, lead = school.stores, _by(COACH, school)
    (cohort,) = [each for each in stores.cohorts.of_member(TEACHER) if each.title == "Wait time"]
    (task,) = stores.cohorts.tasks(cohort.id)
    for number in range(1, 6):
        person = f"{MEMBERS[0]} {number}"
        if stores.people.person(person) is None:
            add_person(stores.people, person, "teacher")
            stores.sharing.tie_name(person, person, lead)
        stores.lessons.put(replace(school.lesson, id=f"of-{number}", teacher=person))
        stores.cohorts.invite(cohort.id, person, lead)
        stores.cohorts.join(cohort.id, _by(person, school))
        span = (600 * number, 600 * number + 60)
        stores.cohorts.save(
            task, f"of-{number}", span, WORDS, _by(person, school), is_handed=True,
            place=SpanPlace(activity=("small_group", "whole_class")[number % 2], third=number // 2),
        )  # fmt: skip


def hand_on(school: Any) -> None:
    """The teacher asks a coach to lead one cohort, and leads another no more, in which they said something."""
    begin_cohorts(school)
    cohorts, by = school.stores.cohorts, _by(TEACHER, school)
    (led,) = cohorts.led_by(TEACHER)
    cohorts.leading.offer(led.id, COACH, by)
    before = cohorts.make("Calm starts", FOCUS, by)
    cohorts.invite(before, MEMBERS[0], by)
    cohorts.join(before, _by(MEMBERS[0], school))
    cohorts.set_task(before, QUESTION, date(2025, 11, 30), by)
    (task,) = cohorts.tasks(before)
    cohorts.save(task, "of-lind", (60, 150), WORDS, _by(MEMBERS[0], school), is_handed=True)
    cohorts.replies.to_answer(before, task.id, MEMBERS[0], "question", WONDER, by)
    cohorts.leading.offer(before, COACH, by)
    cohorts.leading.take_over(before, _by(COACH, school))


def ask_to_lead(school: Any) -> None:
    """The teacher is asked to lead a cohort that they are not in."""
    begin_cohorts(school)
    cohorts = school.stores.cohorts
    cohort = cohorts.make("Calm starts", FOCUS, _by(COACH, school))
    cohorts.leading.offer(cohort, TEACHER, _by(COACH, school))


def end_cohorts(school: Any) -> None:
    """As if there had been none."""
    cohorts = school.stores.cohorts
    there = [each.id for who in (TEACHER, COACH) for each in cohorts.led_by(who)]
    there += [each.id for each in (*cohorts.of_member(TEACHER), *cohorts.offered_to(TEACHER))]
    for each in dict.fromkeys(there):
        cohorts.end(each, _by(COACH, school))
    # They are at the time of the sample lesson, in its room.
    lessons = ["of-lind", *(f"of-{number}" for number in range(1, 6))]
    school.stores.lessons.purge(lessons=[each for each in lessons if school.stores.lesson(each)])


def open_cohort(title: str) -> Callable[[Any], None]:
    """From the list of all, loaded again."""

    def step(page: Any) -> None:
        page.reload()
        linked = page.locator("main li, main section").filter(has_text=title).locator("a")
        linked.last.click()
        page.wait_for_selector("h1:text-is('" + title + "')")

    return step


def open_part(part: str) -> Callable[[Any], None]:
    """A part of the cohort that the teacher is in, with a form of it open."""

    def step(page: Any) -> None:
        open_cohort("Wait time")(page)
        page.locator(f".cohort-parts a[href$='/{part}']").click()
        page.wait_for_selector(f".cohort-parts a[href$='/{part}'][aria-current]")
        if page.locator("details.change").count():
            page.locator("details.change summary").first.click()

    return step


def _talk(school: Any, cohort: str) -> None:
    """A clip of a member with what was said to it, and visits with both members."""
    now_ns, (bo, kim) = school.clock.utc_ns(), MEMBERS
    cohorts, clips = school.stores.cohorts, school.stores.clips
    clip = clips.get(CLIP) or Clip(
        id=CLIP, lesson="of-lind", person=bo, title=CLIP_TITLE, video="v", start_s=30.0, end_s=75.0,
        shows="both", file="f" * 32, consent="c" * 32, created_utc_ns=now_ns,
        until_utc_ns=now_ns + 20 * 86_400 * SECOND_NS,
    )  # fmt: skip
    if clips.get(CLIP) is None:
        clips.add(clip, [], _by(bo, school))
        clips.settle(clip, state="ready", size=5)
    clips.in_cohorts.show(clip, cohort, _by(bo, school), consent=clip.consent)
    cohorts.replies.to_clip(cohort, CLIP, "observation", SAW, _by(kim, school))
    cohorts.replies.to_clip(cohort, CLIP, "question", WONDER, _by(TEACHER, school))
    cohorts.visits.propose(cohort, TEACHER, _by(kim, school))
    cohorts.visits.propose(cohort, TEACHER, _by(bo, school))
    for visits in cohorts.visits.of(cohort, TEACHER):
        if visits.other == bo:
            cohorts.visits.agree(cohort, visits.id, _by(TEACHER, school))
            cohorts.visits.host(cohort, visits.id, date(2025, 12, 2), None, _by(bo, school))


def _lesson(school: Any) -> Any:
    return replace(school.lesson, id="of-lind", teacher="Mr Lind")


def _by(person: str, school: Any) -> Actor:
    return Actor(name=person, person=person, utc_ns=school.clock.utc_ns())
