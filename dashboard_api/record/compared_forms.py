"""The forms about a lesson whose two sides are done, for whoever takes the lesson along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard_api.forms.view import Forms, names_of
from dashboard_api.language.shipped import shipped_text
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from school.forms.records import Form
from school.forms.sheets import Answer, Sheet
from school.forms.sides import sides_of
from school.moments.records import Speaker

__all__ = ["ComparedForm", "ComparedItem", "SaidOfItem", "compared_forms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOfItem:
    """What one of them said of an item."""

    author: str
    role: Speaker
    choice: str
    """Its label, as it was then; empty for none."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedItem:
    """An item of which somebody said something."""

    label: str
    said: Sequence[SaidOfItem]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedForm:
    """A form with one's own side and those that one sees beside it."""

    name: str
    version: str
    items: Sequence[ComparedItem]


def compared_forms(stores: Stores, seen: SeenLesson, forms: Forms) -> list[ComparedForm]:
    """As on the form's page: none before both are done, and to no coach what another one said."""
    store = stores.sharing.forms
    teacher, found = store.teacher_of(seen.lesson.id), store.of_lesson(seen.lesson.id)
    if teacher is None or not found:
        return []
    names = names_of(stores, found)
    filled = {each.form for each in found}
    compared = []
    for form_id in [*(one for one in forms if one in filled), *sorted(filled - forms.keys())]:
        sides = sides_of([one for one in found if one.form == form_id], seen.viewer, teacher)
        if sides.mine is not None and sides.others:
            sheets = [sides.mine, *sides.others]
            compared.append(
                ComparedForm(
                    name=shipped_text(sides.mine.name), version=sides.mine.version,
                    items=_items(forms.get(form_id), sheets, names),
                )
            )  # fmt: skip
    return compared


def _items(
    form: Form | None, sheets: Sequence[Sheet], names: Mapping[str, str]
) -> list[ComparedItem]:
    """In the form's order; then those of older versions."""
    said: dict[str, list[tuple[Sheet, Answer]]] = {}
    for sheet in sheets:
        for answer in sheet.answers.values():
            if answer.is_said:
                said.setdefault(answer.item, []).append((sheet, answer))
    ordered = [] if form is None else [item for item in form.items if item in said]
    return [
        ComparedItem(
            label=shipped_text(said[item][0][1].label),
            said=[_said(sheet, answer, names) for sheet, answer in said[item]],
        )
        for item in dict.fromkeys((*ordered, *said))
    ]


def _said(sheet: Sheet, answer: Answer, names: Mapping[str, str]) -> SaidOfItem:
    return SaidOfItem(
        author=names[sheet.person], role="teacher" if sheet.is_teachers else "coach",
        choice=shipped_text(answer.choice_label), words=answer.words,
    )  # fmt: skip
