"""What teacher and coach said of each item of a form, lesson after lesson: for the two alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby
from typing import Final

from contract.language import _
from dashboard_api.forms.view import Forms, names_of, teacher_of
from dashboard_api.language.dates import date_text, local_time_text
from dashboard_api.language.shipped import shipped_text
from dashboard_api.views.days import day_of
from dashboard_api.web.lookup import NotFoundError, see_lesson
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.cycle.records import Cycle, cycle_of
from school.forms.records import Form
from school.forms.sheets import Answer, Sheet
from school.forms.sides import Sides, sides_of

__all__ = ["MAX_LESSONS", "OverTime", "over_time"]

MAX_LESSONS: Final = 16
"""So many columns can be read beside each other: the latest ones."""
_LONGEST: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody said of an item in one lesson."""

    who: str
    choice: str
    words: str
    """Its beginning; the lesson's own page has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An item over the lessons."""

    label: str
    cells: Sequence[Sequence[Said]]
    """For each lesson, what was said there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Lessons beside each other that fall into the same cycle, or into none that the viewer sees."""

    focus: str
    """The cycle's; empty outside of cycles."""
    days: str
    """Since when that cycle is open, and until when it was."""
    n: int
    """So many columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTime:
    """A form over the lessons of one teacher, the oldest first."""

    id: str
    name: str
    lessons: Sequence[tuple[str, str]]
    """Id and time of each."""
    stretches: Sequence[Stretch]
    """Of all lessons; none where no lesson falls into a cycle."""
    is_own: bool
    """Whether the viewer is the teacher."""
    rows: Sequence[Row]
    is_cut: bool
    """Whether there are older lessons that are not shown."""


def over_time(
    stores: Stores,
    viewer: Viewer,
    seen: SeenLesson,
    forms: Forms,
    form_id: str,
    zone: tzinfo | None,
) -> OverTime:
    """Of the lessons that the viewer sees now, those in which they filled the form.

    Raises NotFoundError for a form that is neither in use nor filled.
    """
    teacher = teacher_of(stores, seen)
    found = stores.sharing.forms.of_teacher(teacher, form_id)
    form = forms.get(form_id)
    if form is None and not any(each.person == seen.viewer for each in found):
        raise NotFoundError(_("There is no such form in use any more."))
    shown = []
    for lesson_id in {each.lesson for each in found if each.person == seen.viewer}:
        try:
            lesson = see_lesson(stores, viewer, lesson_id).lesson
        except NotFoundError:  # not shared any more, or hidden
            continue
        here = [each for each in found if each.lesson == lesson_id]
        shown.append((lesson.starts_utc_ns, lesson_id, sides_of(here, seen.viewer, teacher)))
    shown.sort(key=lambda each: each[:2])
    latest = shown[-MAX_LESSONS:]
    names = names_of(stores, found)
    sides = [each for _starts, _lesson, each in latest]
    return OverTime(
        id=form_id,
        name=shipped_text(found[-1].name if form is None else form.name),
        lessons=[(lesson, local_time_text(starts, zone)) for starts, lesson, _sides in latest],
        stretches=_stretches(stores, seen, teacher, [each[:2] for each in latest], zone),
        is_own=teacher == seen.viewer,
        rows=[
            Row(label=shipped_text(label), cells=[_cell(item, each, names) for each in sides])
            for item, label in _items(form, sides).items()
        ],
        is_cut=len(latest) < len(shown),
    )


def _stretches(
    stores: Stores,
    seen: SeenLesson,
    teacher: str,
    lessons: Sequence[tuple[int, str]],
    zone: tzinfo | None,
) -> list[Stretch]:
    """By the cycles that the viewer sees: a teacher all of theirs, a coach what is shared with them."""
    cycles = stores.sharing.cycles
    known = (
        cycles.of_teacher(teacher)
        if teacher == seen.viewer
        else [one for one in cycles.of_coach(seen.viewer) if one.person == teacher]
    )
    falls = [cycle_of(known, lesson, starts) for starts, lesson in lessons]
    if not any(falls):
        return []
    return [
        Stretch(
            focus="" if cycle is None else cycle.text.focus,
            days="" if cycle is None else _days(cycle, zone),
            n=len(list(each)),
        )
        for cycle, each in groupby(falls)
    ]


def _days(cycle: Cycle, zone: tzinfo | None) -> str:
    began = date_text(day_of(cycle.written_utc_ns, zone))
    if cycle.state == "open":
        return _("since {day}", day=began)
    ended = date_text(day_of(cycle.changed_utc_ns, zone))
    return _("{first} to {last}", first=began, last=ended)


def _items(form: Form | None, sides: Sequence[Sides]) -> dict[str, str]:
    """Items of which something is said, in the form's order; then those of older versions."""
    said: dict[str, str] = {}
    for each in sides:
        for sheet in _sheets(each):
            said.update({one.item: one.label for one in sheet.answers.values() if one.is_said})
    ordered = {} if form is None else {key: item.label for key, item in form.items.items()}
    return {key: label for key, label in ordered.items() if key in said} | {
        key: label for key, label in said.items() if key not in ordered
    }


def _sheets(sides: Sides) -> list[Sheet]:
    return [sheet for sheet in (sides.mine, *sides.others) if sheet is not None]


def _cell(item: str, sides: Sides, names: dict[str, str]) -> list[Said]:
    return [
        _said(_("You") if sheet is sides.mine else names[sheet.person], sheet.answers[item])
        for sheet in _sheets(sides)
        if item in sheet.answers and sheet.answers[item].is_said
    ]


def _said(who: str, answer: Answer) -> Said:
    words = " ".join(answer.words.split())
    if len(words) > _LONGEST:
        words = f"{words[: _LONGEST - 1].rstrip()}…"
    return Said(who=who, choice=shipped_text(answer.choice_label), words=words)
