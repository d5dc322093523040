"""What the pages show of cohorts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from contract.language import _
from dashboard_api.language.dates import date_text, local_time_text
from dashboard_api.views.dates import day_of
from dashboard_api.views.text import position_text, title_text
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.audit.entries import name_words
from school.cohorts.cohort_records import Cohort, CohortAnswer, CohortReply, CohortTask
from school.people.records import Person
from school.sharing.listing import Wanted
from school.sharing.policy import may

__all__ = [
    "OwnLesson",
    "StartLine",
    "TaskView",
    "cohort_seen",
    "in_or_invited",
    "may_talk",
    "named_on_start",
    "own_lessons",
    "task_views",
    "to_invite",
    "to_lead",
]

_MAX_LESSONS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLesson:
    """A lesson that a member can answer about."""

    id: str
    title: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task with the viewer's own answer and what others have handed to the cohort."""

    task: CohortTask
    due: str
    is_over: bool
    """Whether its day is over."""
    replies: Mapping[str, Sequence[CohortReply]]
    """Whose answer → what was said to it."""
    own: CohortAnswer | None
    own_start: str
    own_end: str
    others: Sequence[CohortAnswer]
    handed: int
    """How many have handed theirs, of all members."""


def cohort_seen(stores: Stores, viewer: Viewer, cohort: str) -> Cohort:
    """A cohort for who leads it, is in it, or is asked to; raises NotFoundError for anybody else."""
    found = stores.cohorts.get(cohort)
    person, roles = viewer.person.id, viewer.person.roles
    if found is not None:
        if person in {found.coach, found.offered_to} and may(roles, "lead cohort", "any"):
            return found
        if found.state_of(person) is not None and may(roles, "join cohort", "any"):
            return found
    raise _no_cohort()


def in_or_invited(stores: Stores, viewer: Viewer, cohort: str) -> None:
    """Raises NotFoundError for whoever is not in it, and not invited; roles make no difference."""
    found = stores.cohorts.get(cohort)
    if found is None or found.state_of(viewer.person.id) is None:
        raise _no_cohort()


def _no_cohort() -> NotFoundError:
    return NotFoundError(_("There is no such cohort. It may have ended, or you have left it."))


def task_views(
    stores: Stores, viewer: Viewer, cohort: Cohort, zone: tzinfo | None
) -> list[TaskView]:
    """All tasks, for a member or who leads; the one that is due last first."""
    person = viewer.person.id
    today = day_of(viewer.people_utc_ns, zone)
    answers = stores.cohorts.answers(cohort.id, person)
    replies = stores.cohorts.replies.of_cohort(cohort.id)
    views = []
    for task in stores.cohorts.tasks(cohort.id):
        to_it = [each for each in answers if each.task == task.id]
        own = next((each for each in to_it if each.person == person), None)
        views.append(
            TaskView(
                task=task, due=date_text(task.due_on), is_over=task.due_on < today, own=own,
                own_start="" if own is None else position_text(own.start_s),
                own_end="" if own is None else position_text(own.end_s),
                others=[each for each in to_it if each.person != person],
                replies={
                    each.person: [
                        reply for reply in replies
                        if reply.task == task.id and reply.writer == each.person
                    ]
                    for each in to_it
                },
                handed=sum(each.handed_utc_ns is not None for each in to_it),
            )
        )  # fmt: skip
    return views


def own_lessons(
    stores: Stores, viewer: Viewer, zone: tzinfo | None, answered: Collection[str] = ()
) -> list[OwnLesson]:
    """The viewer's lessons that have begun, the latest first; those with an answer, however old."""
    begun = Wanted(to_utc_ns=viewer.utc_ns)
    found = list(stores.lessons_of(viewer, frozenset({"own"}), begun, limit=_MAX_LESSONS))
    owners = stores.sharing.owners(sorted({*answered} - {each.id for each in found}))
    for lesson, owner in sorted(owners.items()):
        older = stores.lesson(lesson) if owner == viewer.person.id else None
        if older is not None:
            found.append(older)
    found.sort(key=lambda each: each.starts_utc_ns, reverse=True)
    return [
        OwnLesson(
            id=each.id, title=title_text(each.title, each.room),
            at=local_time_text(each.starts_utc_ns, zone),
        )
        for each in found
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class StartLine:
    """A cohort that the viewer is in or invited to, on the start page."""

    id: str
    title: str
    coach: str
    is_invited: bool
    is_offered: bool
    """Whether they are asked to lead it."""
    is_over: bool
    """Whether they are in it, and in no role by which they could open it."""
    visits_with: str
    """Who proposes visits to them, or empty."""
    question: str
    """Of the task that is due next and to which the viewer has handed nothing, or empty."""
    due: str


def named_on_start(stores: Stores, viewer: Viewer, zone: tzinfo | None) -> list[StartLine]:
    """What the start page says of the viewer's cohorts."""
    person, roles = viewer.person.id, viewer.person.roles
    of_member = stores.cohorts.of_member(person)
    is_teacher = may(roles, "join cohort", "any")
    found = of_member if is_teacher else []
    offered = stores.cohorts.offered_to(person) if may(roles, "lead cohort", "any") else []
    lines = [
        StartLine(
            id=each.id, title=each.title, coach=name_words(each.coach_name), is_invited=False,
            is_offered=True, is_over=False, visits_with="", question="", due="",
        )
        for each in offered
    ]  # fmt: skip
    lines += [
        StartLine(
            id=each.id, title=each.title, coach="", is_invited=False, is_offered=False,
            is_over=True, visits_with="", question="", due="",
        )
        for each in of_member
        if not is_teacher and each.state_of(person) == "member"
    ]  # fmt: skip
    for cohort in found:
        is_in = cohort.state_of(person) == "member"
        views = task_views(stores, viewer, cohort, zone) if is_in else []
        visits = stores.cohorts.visits.of(cohort.id, person) if is_in else []
        asked = [each.other_name for each in visits if each.is_asked and not each.is_agreed]
        waiting = [
            each
            for each in reversed(views)
            if not each.is_over and (each.own is None or each.own.handed_utc_ns is None)
        ]
        lines.append(
            StartLine(
                id=cohort.id, title=cohort.title, coach=name_words(cohort.coach_name),
                is_invited=not is_in, is_offered=False, is_over=False, visits_with=asked[0] if asked else "",
                question=waiting[0].task.question if waiting else "",
                due=waiting[0].due if waiting else "",
            )
        )  # fmt: skip
    return lines


def may_talk(viewer: Viewer, cohort: Cohort) -> bool:
    """Whether the viewer sees what members hand and show, and answers it: who leads, or is in it."""
    person, roles = viewer.person.id, viewer.person.roles
    leads = cohort.coach == person and may(roles, "lead cohort", "any")
    is_in = cohort.state_of(person) == "member" and may(roles, "join cohort", "any")
    return leads or is_in


def to_lead(stores: Stores, cohort: Cohort) -> list[Person]:
    """Who can be asked to lead a cohort, by name."""
    return [
        person
        for person in stores.people.people()
        if person.id != cohort.coach and may(person.roles, "lead cohort", "any")
    ]


def to_invite(stores: Stores, cohort: Cohort) -> list[Person]:
    """Who can be invited, by name."""
    known = {each.person for each in cohort.members} | {cohort.coach}
    return [
        person
        for person in stores.people.people()
        if person.id not in known and may(person.roles, "join cohort", "any")
    ]
