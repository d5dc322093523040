"""What a teacher can hand over, and what each person has of them now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from contract.clock import SECOND_NS
from contract.language import _, ngettext
from dashboard_api.language.dates import date_text, local_time_text
from dashboard_api.views.dates import day_of
from dashboard_api.views.text import title_text
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.lessons.records import Lesson
from school.people.records import Person
from school.sharing.given import Given
from school.sharing.handing_over import Choice, PassedStep
from school.sharing.listing import Wanted

__all__ = [
    "MAX_LESSONS",
    "Has",
    "Item",
    "given_lines",
    "handed_lessons",
    "handed_steps",
    "losers",
    "shows_topics",
]

MAX_LESSONS: Final = 60
_BACK: Final = timedelta(days=56)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing, in words."""

    id: str
    """Of the lesson or the step."""
    words: str
    more: str = ""
    """The lesson that it comes from, or until when somebody has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Has:
    """What one person has of a teacher."""

    id: str
    name: str
    focus: str = ""
    """Of the cycle that they see."""
    lessons: Sequence[Item] = ()
    asked: Sequence[Item] = ()
    clips: str = ""
    steps: Sequence[Item] = ()


def handed_lessons(stores: Stores, viewer: Viewer) -> list[Item]:
    """The viewer's lessons of the last weeks, without hidden ones."""
    back_ns = round(_BACK.total_seconds()) * SECOND_NS
    span = Wanted(from_utc_ns=viewer.utc_ns - back_ns, to_utc_ns=viewer.utc_ns)
    hidden = {each.id for each in stores.sharing.hidden(viewer.person.id)}
    found = stores.lessons_of(viewer, {"own"}, span, limit=MAX_LESSONS)
    return [
        Item(id=each.id, words=_lesson_words(stores, each))
        for each in found
        if each.id not in hidden
    ]


def handed_steps(stores: Stores, viewer: Viewer) -> list[Item]:
    """The viewer's steps, each with its lesson: two may have the same words."""
    return [
        Item(id=each.id, words=each.what, more=_whence(stores, each))
        for each in stores.hand_overs.choices(viewer.person.id)
    ]


def given_lines(stores: Stores, viewer: Viewer) -> list[Has]:
    """Who has something of the viewer, by name."""
    me = viewer.person.id
    given = stores.hand_overs.given_by(me, viewer.utc_ns)
    cycle = stores.sharing.cycles.open_cycle(me)
    steps: dict[str, list[PassedStep]] = {}
    for step in stores.hand_overs.steps_by(me, viewer.utc_ns):
        steps.setdefault(step.coach, []).append(step)
    coach = None if cycle is None else cycle.coach
    names = stores.people.names({*given, *steps, *([coach] if coach else [])})
    return [
        _has(
            stores, person, name, given.get(person, Given()), steps.get(person, []),
            cycle.text.focus if cycle is not None and person == coach else "",
        )
        for person, name in sorted(names.items(), key=lambda one: (one[1].casefold(), one[0]))
    ]  # fmt: skip


def shows_topics(stores: Stores, viewer: Viewer) -> bool:
    """Whether the viewer shows topics to whoever is the coach of their open cycle."""
    own = stores.colleagues.of(viewer.person.id)
    return any(tag.audience in {"coach", "school"} for tag in own)


def losers(coaches: Sequence[Person], has: Sequence[Has]) -> list[tuple[str, str]]:
    """Who can lose what they have, by name: every coach, and whoever has something."""
    names = {each.id: each.name for each in coaches} | {each.id: each.name for each in has}
    return sorted(names.items(), key=lambda one: (one[1].casefold(), one[0]))


def _has(
    stores: Stores, person: str, name: str, given: Given, steps: Sequence[PassedStep], focus: str
) -> Has:
    clips = given.clips
    return Has(
        id=person, name=name, focus=focus,
        lessons=[
            Item(id=each.id, words=_lesson_words(stores, each), more=_until(stores, until_utc_ns))
            for each, until_utc_ns in given.lessons
        ],
        asked=[Item(id=each.id, words=_lesson_words(stores, each)) for each in given.asked],
        clips=ngettext("{n} clip", "{n} clips", clips) if clips else "",
        steps=[
            Item(
                id=each.id, words=each.what,
                more=_("not read now, because its lesson is hidden") if each.is_hidden
                else _until(stores, each.until_utc_ns),
            )
            for each in steps
        ],
    )  # fmt: skip


def _lesson_words(stores: Stores, lesson: Lesson) -> str:
    at = local_time_text(lesson.starts_utc_ns, stores.zone)
    return f"{title_text(lesson.title, lesson.room)}, {at}"


def _whence(stores: Stores, step: Choice) -> str:
    if step.lesson is not None:
        return _lesson_words(stores, step.lesson)
    return _("written on {day}", day=date_text(day_of(step.written_utc_ns, stores.zone)))


def _until(stores: Stores, until_utc_ns: int) -> str:
    return _("until {day}", day=date_text(day_of(until_utc_ns - SECOND_NS, stores.zone)))
