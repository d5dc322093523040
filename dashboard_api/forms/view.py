"""What someone sees of a form about a lesson: their own view, and the other one beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from contract.language import _
from dashboard_api.forms.places import Piece, pieces_of
from dashboard_api.language.shipped import shipped_text
from dashboard_api.web.lookup import NoLessonError, NotFoundError
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from school.audit.entries import SOMEONE_GONE
from school.forms.records import Form, Item, Level
from school.forms.sheets import Answer, Sheet, new_sheet
from school.forms.sides import Sides, sides_of

__all__ = [
    "FormLine",
    "Forms",
    "ItemView",
    "SaidView",
    "SheetView",
    "form_lines",
    "names_of",
    "own_sheet",
    "sheet_view",
    "teacher_of",
]  # fmt: skip

Forms = Mapping[str, Form]
"""The forms in use, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidView:
    """What somebody says of an item."""

    who: str
    choice: str
    """Its label; empty for none."""
    is_older: bool
    """Whether the form has no such choice any more."""
    words: Sequence[Piece]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """An item with what both say."""

    id: str
    label: str
    description: str
    choices: Sequence[Level]
    answer: Answer
    """One's own."""
    older_choice: str
    """What one chose that the form does not have any more."""
    own: SaidView
    """The same, to be read."""
    said: Sequence[SaidView]
    """Once both are done: one's own, then the others'."""
    is_same: bool
    """Whether all chose the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetView:
    """A form about a lesson."""

    id: str
    name: str
    version: str
    about: str
    source: str
    is_in_use: bool
    sections: Sequence[tuple[str, Sequence[ItemView]]]
    older: Sequence[ItemView]
    """Items that somebody said something of, and that the form does not have any more."""
    is_begun: bool
    is_done: bool
    is_own: bool
    """Whether it is the viewer's own lesson."""
    others: Sequence[str]
    """Whose view is shown next to one's own."""
    waiting: Sequence[str]
    """Who is done, and waits for the viewer."""
    changed_since: Sequence[str]
    """Who changed something after both were done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLine:
    """A form in the list."""

    id: str
    name: str
    about: str
    is_in_use: bool
    said: int
    """Of how many items the viewer said something."""
    items: int
    is_done: bool
    others: Sequence[str]
    waiting: Sequence[str]


def form_lines(stores: Stores, seen: SeenLesson, forms: Forms) -> list[FormLine]:
    """The forms in use, then those that were filled and are not in use any more."""
    found = stores.sharing.forms.of_lesson(seen.lesson.id)
    names = names_of(stores, found)
    lines = []
    known = {each.form: each.name for each in found if each.person == seen.viewer}
    for form_id in [*forms, *sorted(known.keys() - forms.keys())]:
        form = forms.get(form_id)
        sides = _sides(stores, seen, [each for each in found if each.form == form_id])
        said = (
            []
            if sides.mine is None
            else [one for one in sides.mine.answers.values() if one.is_said]
        )
        lines.append(
            FormLine(
                id=form_id, name=shipped_text(known[form_id] if form is None else form.name),
                about="" if form is None else shipped_text(form.about), is_in_use=form is not None,
                said=len(said), items=0 if form is None else len(form.items), is_done=sides.is_done,
                others=[names[each.person] for each in sides.others],
                waiting=[names[each] for each in sides.waiting],
            )
        )  # fmt: skip
    return lines


def own_sheet(stores: Stores, seen: SeenLesson, form: Form) -> Sheet:
    """The viewer's own under today's version of the form, perhaps with nothing in it yet."""
    teacher = teacher_of(stores, seen)
    sheet = new_sheet(seen.lesson.id, seen.viewer, teacher, form)
    for each in stores.sharing.forms.of_lesson(seen.lesson.id):
        if each.form == form.id and each.person == seen.viewer:
            return Sheet(
                lesson=sheet.lesson, person=sheet.person, teacher=teacher, form=form.id,
                name=form.name, version=form.version, answers=each.answers,
            )  # fmt: skip
    return sheet


def sheet_view(stores: Stores, seen: SeenLesson, forms: Forms, form_id: str) -> SheetView:
    """Raises NotFoundError for a form that is neither in use nor filled by the viewer."""
    found = [
        each for each in stores.sharing.forms.of_lesson(seen.lesson.id) if each.form == form_id
    ]
    names = names_of(stores, found)
    form = forms.get(form_id)
    sides = _sides(stores, seen, found)
    if form is None and sides.mine is None:
        raise NotFoundError(_("There is no such form in use any more."))
    shown = [sheet for sheet in (sides.mine, *sides.others) if sheet is not None]
    items = {} if form is None else form.items
    older: dict[str, Item] = {}
    for sheet in shown:
        for answer in sheet.answers.values():
            if answer.item not in items and answer.is_said:
                older.setdefault(answer.item, _older_item(answer))

    def view(item: Item) -> ItemView:
        return _item(item, sides, names)

    mine_ns = 0 if sides.mine is None else sides.mine.done_utc_ns or 0
    return SheetView(
        id=form_id,
        name=shipped_text(form.name if form is not None else shown[0].name),
        version=form.version if form is not None else shown[0].version,
        about="" if form is None else shipped_text(form.about),
        source="" if form is None else form.source,
        is_in_use=form is not None,
        sections=[]
        if form is None
        else [
            (shipped_text(section.label), [view(item) for item in section.items])
            for section in form.sections
        ],
        older=[view(item) for item in older.values()],
        is_begun=sides.mine is not None,
        is_done=sides.is_done,
        is_own=seen.reach == "own",
        others=[names[each.person] for each in sides.others],
        waiting=[names[each] for each in sides.waiting],
        changed_since=[
            names[each.person]
            for each in sides.others
            if each.written_utc_ns > max(mine_ns, each.done_utc_ns or 0)
        ],
    )


def _item(item: Item, sides: Sides, names: Mapping[str, str]) -> ItemView:
    choices = {each.id for each in item.choices}
    nothing = Answer(item=item.id, label=item.label)
    mine = nothing if sides.mine is None else sides.mine.answers.get(item.id, nothing)
    own = _said(_("You"), mine, choices)
    others = [(names[each.person], each.answers.get(item.id, nothing)) for each in sides.others]
    chosen = {mine.choice, *(answer.choice for _who, answer in others)}
    return ItemView(
        id=item.id,
        label=shipped_text(item.label),
        description=shipped_text(item.description),
        choices=[
            replace(
                each,
                label=shipped_text(each.label),
                description=shipped_text(each.description),
            )
            for each in item.choices
        ],
        answer=mine,
        older_choice=shipped_text(mine.choice_label) if mine.choice not in {*choices, ""} else "",
        own=own,
        said=[own, *(_said(who, answer, choices) for who, answer in others)] if others else [],
        is_same=bool(others) and len(chosen) == 1 and chosen != {""},
    )


def _said(who: str, answer: Answer, choices: Collection[str]) -> SaidView:
    return SaidView(
        who=who, choice=shipped_text(answer.choice_label), is_older=bool(choices) and answer.choice not in {*choices, ""},
        words=pieces_of(answer.words),
    )  # fmt: skip


def _older_item(answer: Answer) -> Item:
    return Item(id=answer.item, label=answer.label, description="", kind="words")


def teacher_of(stores: Stores, seen: SeenLesson) -> str:
    """Whose lesson it is today; raises NotFoundError."""
    teacher = stores.sharing.forms.teacher_of(seen.lesson.id)
    if teacher is None:  # it changed hands since
        raise NoLessonError
    return teacher


def _sides(stores: Stores, seen: SeenLesson, found: Sequence[Sheet]) -> Sides:
    return sides_of(found, seen.viewer, teacher_of(stores, seen))


def names_of(stores: Stores, found: Sequence[Sheet]) -> dict[str, str]:
    """What those who filled them are called, by id."""
    people = {each.person for each in found}
    known = stores.people.names(people)
    return {person: known.get(person) or _(SOMEONE_GONE) for person in people}
