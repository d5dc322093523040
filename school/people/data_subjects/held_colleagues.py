"""What an export of a person has of what they look for and offer, and of steps handed to a coach."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from school.debrief.tables import action_steps
from school.matching.tables import colleague_tags, passed_steps
from school.people.data_subjects.held_parts import NOW, PERSON, Held, of_person
from school.schema import hidden_lessons, people

__all__ = ["HELD_COLLEAGUES"]

HELD_COLLEAGUES: Final = (
    of_person(colleague_tags, "account.json", "what_you_look_for_and_offer", {}),
    Held(
        table=passed_steps, files=("sharing.json",),
        parts={
            "next_steps_handed_over_by_you": select(
                action_steps.c.what, passed_steps.c.until_utc_ns, people.c.name.label("to")
            )
            .select_from(passed_steps)
            .join(action_steps, action_steps.c.id == passed_steps.c.step)
            .join(people, people.c.id == passed_steps.c.person)
            .where(action_steps.c.person == PERSON)
            .order_by(action_steps.c.written_utc_ns, people.c.name),
            # As they read it, and for as long.
            "next_steps_handed_over_to_you": select(
                action_steps.c.what, passed_steps.c.until_utc_ns, people.c.name.label("by")
            )
            .select_from(passed_steps)
            .join(action_steps, action_steps.c.id == passed_steps.c.step)
            .join(people, people.c.id == action_steps.c.person)
            .where(passed_steps.c.person == PERSON, passed_steps.c.until_utc_ns > NOW)
            .where(
                action_steps.c.lesson.is_(None)
                | action_steps.c.lesson.not_in(select(hidden_lessons.c.lesson))
            )
            .order_by(action_steps.c.written_utc_ns, action_steps.c.id),
        },
        omitted={"step": "its words stand there", "person": "the name stands there"},
    ),
)  # fmt: skip
