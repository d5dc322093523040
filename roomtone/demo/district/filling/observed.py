"""What two people observed of a lesson with the forms and tags that come with the program."""

from __future__ import annotations

import random
from functools import cache

from roomtone.demo.district import words
from school.audit.actor import Actor
from school.forms.records import Form
from school.forms.sheets import answer_to, new_sheet
from school.forms.yaml_file import EXAMPLES, read_form
from school.framework.yaml_file import DEFAULT, read_framework
from school.moments.records import NoteTag
from school.sharing.store import SharingStore

__all__ = ["draw_tag", "fill_form"]


@cache
def _rubric() -> Form:
    return read_form(EXAMPLES["talk-rubric"])


@cache
def _tags() -> tuple[NoteTag, ...]:
    return tuple(
        NoteTag(id=key, label=label) for key, label in read_framework(DEFAULT).labels.items()
    )


def draw_tag(draw: random.Random) -> NoteTag:
    """One of the tags for notes."""
    return draw.choice(_tags())


def fill_form(
    sharing: SharingStore, lesson: str, teacher: str, by: Actor, draw: random.Random
) -> None:
    """Fill the rubric about talk: a level of each item, and one place in words."""
    assert by.person is not None
    form = _rubric()
    sheet = new_sheet(lesson, by.person, teacher, form)
    for item in form.items.values():
        levels = [level.id for level in item.choices]
        choice = draw.choice(levels) if levels else ""
        said = "" if levels else draw.choice(words.NOTES)
        sharing.forms.answer(sheet, answer_to(item, None, choice, said, 0), by.utc_ns)
    sharing.forms.finish(lesson, form.id, by)
