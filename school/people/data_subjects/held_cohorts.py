"""What an export of a person has of cohorts: theirs, and what they said there."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from school.clips.clip_store import IS_OWNERS, watchable
from school.clips.cohort_clip_store import shown_in_cohorts
from school.clips.tables import clips
from school.cohorts.cohort_tables import (
    cohort_answers,
    cohort_clips,
    cohort_members,
    cohort_offers,
    cohort_replies,
    cohort_tasks,
    cohort_visits,
    cohorts,
)
from school.people.data_subjects.held_parts import NOW, PERSON, Held
from school.schema import lesson_owners, people

__all__ = ["HELD_COHORTS"]

_THEIRS: Final = {"person": "the file is of that person"}
HELD_COHORTS: Final = (
    Held(
        table=cohorts, files=("account.json",),
        parts={"cohorts_that_you_lead": select(
            cohorts.c.title, cohorts.c.focus, cohorts.c.changed_utc_ns
        ).where(cohorts.c.coach == PERSON).order_by(cohorts.c.changed_utc_ns, cohorts.c.id)},
        omitted={"id": "an address", "coach": "the file is of that person"},
    ),
    Held(
        table=cohort_members, files=("account.json",),
        parts={"cohorts": select(
            cohorts.c.title, cohorts.c.focus, cohort_members.c.state, cohort_members.c.since_utc_ns
        )
        .join(cohorts, cohorts.c.id == cohort_members.c.cohort)
        .where(cohort_members.c.person == PERSON)
        .order_by(cohort_members.c.since_utc_ns, cohorts.c.id)},
        omitted=_THEIRS | {"cohort": "its title stands there"},
    ),
    Held(
        table=cohort_tasks, files=("account.json",),
        parts={"tasks_of_cohorts_that_you_lead": select(
            cohorts.c.title.label("cohort"), cohort_tasks.c.question, cohort_tasks.c.due_on,
            cohort_tasks.c.written_utc_ns,
        )
        .join(cohorts, cohorts.c.id == cohort_tasks.c.cohort)
        .where(cohorts.c.coach == PERSON)
        .order_by(cohort_tasks.c.written_utc_ns, cohort_tasks.c.id)},
        omitted={"id": "an address"},
    ),
    Held(
        table=cohort_answers, files=("account.json",),
        parts={"your_answers_in_cohorts": select(
            cohort_tasks.c.question,
            *(column for column in cohort_answers.c if column.name not in {"task", "person"}),
        )
        .join(cohort_tasks, cohort_tasks.c.id == cohort_answers.c.task)
        .where(cohort_answers.c.person == PERSON)
        .order_by(cohort_answers.c.changed_utc_ns, cohort_tasks.c.id)},
        omitted=_THEIRS | {"task": "its question stands there"},
    ),
    Held(
        table=cohort_offers, files=("account.json",),
        parts={"cohorts_that_you_are_asked_to_lead": select(
            cohorts.c.title, cohorts.c.focus, cohort_offers.c.since_utc_ns
        )
        .join(cohorts, cohorts.c.id == cohort_offers.c.cohort)
        .where(cohort_offers.c.person == PERSON)
        .order_by(cohort_offers.c.since_utc_ns, cohorts.c.id)},
        omitted=_THEIRS | {"cohort": "its title stands there"},
    ),
    Held(
        table=cohort_clips, files=("account.json",),
        parts={
            "clips_that_you_show_in_cohorts": select(
                cohorts.c.title.label("cohort"), clips.c.title, cohort_clips.c.since_utc_ns
            )
            .select_from(cohort_clips)
            .join(cohorts, cohorts.c.id == cohort_clips.c.cohort)
            .join(clips, clips.c.id == cohort_clips.c.clip)
            .where(cohort_clips.c.person == PERSON)
            .order_by(cohort_clips.c.since_utc_ns, cohorts.c.id, clips.c.id),
            "clips_shown_to_you_in_cohorts": select(
                clips.c.title, clips.c.until_utc_ns, people.c.name.label("by")
            )
            .select_from(clips)
            .join(lesson_owners, IS_OWNERS)
            .join(people, people.c.id == clips.c.person)
            .where(
                clips.c.id.in_(shown_in_cohorts(PERSON)), clips.c.person != PERSON,
                *watchable(NOW),
            )
            .order_by(clips.c.created_utc_ns, clips.c.id),
        },
        omitted=_THEIRS | {"clip": "its title stands there"},
    ),
    Held(
        table=cohort_replies, files=("account.json",),
        parts={"your_answers_to_colleagues_in_cohorts": select(
            cohorts.c.title.label("cohort"), cohort_replies.c.kind, cohort_replies.c.words,
            cohort_replies.c.written_utc_ns,
        )
        .join(cohorts, cohorts.c.id == cohort_replies.c.cohort)
        .where(cohort_replies.c.person == PERSON)
        .order_by(cohort_replies.c.written_utc_ns, cohort_replies.c.id)},
        omitted=_THEIRS | {
            "id": "an address", "clip": "a colleague's, or listed above",
            "task": "the answer is a colleague's, or listed above", "writer": "a colleague",
        },
    ),
    Held(
        table=cohort_visits, files=("account.json",),
        parts={
            f"visits_that_{words}": select(
                cohorts.c.title.label("cohort"), people.c.name.label("with"),
                *(
                    column for column in cohort_visits.c
                    # Which lesson the other one named is theirs, and may be hidden by now.
                    if column.name not in {"id", "cohort", "person", "other", f"{theirs}_lesson"}
                ),
            )
            .select_from(cohort_visits)
            .join(cohorts, cohorts.c.id == cohort_visits.c.cohort)
            .join(people, people.c.id == cohort_visits.c[theirs])
            .where(cohort_visits.c[mine] == PERSON)
            .order_by(cohort_visits.c.changed_utc_ns, cohort_visits.c.id)
            for words, mine, theirs in (
                ("you_proposed", "person", "other"), ("were_proposed_to_you", "other", "person"),
            )
        },
        omitted={
            "id": "an address", "person": "the name stands there", "other": "the name stands there",
        },
    ),
)  # fmt: skip
"""What others handed to a cohort is theirs, and in their own files."""
