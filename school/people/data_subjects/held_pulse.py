"""What is held about a person around short questions, and where an export has it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from school.people.data_subjects.held_parts import PERSON, Held, of_person
from school.pulse.tables import pulse_off, pulse_settled, pulse_words
from school.schema import people

__all__ = ["HELD_PULSE"]

_WORDS: Final = (pulse_words.c.text, pulse_words.c.written_utc_ns)
HELD_PULSE: Final = (
    Held(
        table=pulse_off, files=("account.json",),
        parts={"wants_no_questions": select(pulse_off).where(pulse_off.c.person == PERSON)},
    ),
    of_person(pulse_settled, "account.json", "questions_answered_or_skipped", {}),
    Held(
        table=pulse_words, files=("account.json", "sharing.json"),
        parts={
            "what_you_wrote_to_a_chosen_reader": select(*_WORDS, people.c.name.label("to"))
            .join(people, people.c.id == pulse_words.c.reader)
            .where(pulse_words.c.person == PERSON)
            .order_by(pulse_words.c.written_utc_ns),
            "written_to_you_alone": select(*_WORDS, people.c.name.label("by"))
            .join(people, people.c.id == pulse_words.c.person)
            .where(pulse_words.c.reader == PERSON)
            .order_by(pulse_words.c.written_utc_ns),
        },
        omitted={
            "id": "names nothing outside", "person": "the name stands there",
            "reader": "the name stands there",
        },
    ),
)  # fmt: skip
"""The answers themselves are about nobody."""
