"""A form as someone has filled it about a lesson."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contract.errors import UsageError
from contract.language import _
from school.forms.records import Form, Item

__all__ = [
    "LONGEST_WORDS",
    "Answer",
    "AnswerChangedError",
    "FilledForm",
    "Sheet",
    "answer_to",
    "new_sheet",
]

LONGEST_WORDS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What someone says of an item; nothing yet where both are empty."""

    item: str
    label: str
    """The item's, as it was then."""
    choice: str = ""
    """The id of what was chosen; empty for nothing."""
    choice_label: str = ""
    """Its label, as it was then."""
    words: str = ""
    revision: int = 0
    """Counts its changes, so that nobody overwrites what they have not seen."""

    @property
    def is_said(self) -> bool:
        return bool(self.choice or self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All of it."""

    lesson: str
    person: str
    teacher: str
    """Whose lesson it was when this was begun."""
    form: str
    name: str
    version: str
    """The form's, when this was written last."""
    written_utc_ns: int = 0
    done_utc_ns: int | None = None
    """When its writer said that they are done."""
    answers: Mapping[str, Answer]
    """By item."""

    @property
    def is_teachers(self) -> bool:
        return self.person == self.teacher


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledForm:
    """That someone filled a form about a lesson, without what they said."""

    lesson: str
    form: str
    name: str
    starts_utc_ns: int
    """The lesson's start."""


class AnswerChangedError(UsageError):
    """Its writer changed it in another window meanwhile; `now` is what it is by now."""

    def __init__(self, now: Answer) -> None:
        super().__init__(_("You changed this in another window meanwhile."))
        self.now = now


def new_sheet(lesson: str, person: str, teacher: str, form: Form) -> Sheet:
    """One in which nothing is said yet."""
    return Sheet(
        lesson=lesson, person=person, teacher=teacher, form=form.id, name=form.name,
        version=form.version, answers={},
    )  # fmt: skip


def answer_to(item: Item, known: Answer | None, choice: str, words: str, revision: int) -> Answer:
    """What to keep of an item. Raises UsageError for a choice that the item does not have.

    What was chosen in an older version of the form may stay.
    """
    labels = {each.id: each.label for each in item.choices}
    if known is not None and known.choice:
        labels.setdefault(known.choice, known.choice_label)
    if choice and choice not in labels:
        raise UsageError(
            _("“{item}” has no such choice any more. Reload the page.", item=item.label)
        )
    return Answer(
        item=item.id, label=item.label, choice=choice, choice_label=labels.get(choice, ""),
        words=words, revision=revision,
    )  # fmt: skip
