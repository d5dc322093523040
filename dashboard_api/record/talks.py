"""How long teacher and coach talked about a lesson, for the two alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from contract.language import _
from dashboard_api.language.dates import date_text
from dashboard_api.views.text import length_text
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from school.audit.entries import SOMEONE_GONE

__all__ = ["SeenTalk", "seen_talks", "talk_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenTalk:
    """Of one day."""

    day: date
    minutes: int
    coach: str
    """What the coach is called."""


def seen_talks(stores: Stores, seen: SeenLesson) -> list[SeenTalk]:
    """A teacher's with each coach; a coach's own alone."""
    found = [
        one
        for one in stores.sharing.talks.of_lesson(seen.lesson.id)
        if seen.reach == "own" or one.person == seen.viewer
    ]
    names = stores.people.names({one.person for one in found}) if found else {}
    return [
        SeenTalk(day=one.day, minutes=one.minutes, coach=names.get(one.person) or _(SOMEONE_GONE))
        for one in found
    ]


def talk_text(talk: SeenTalk) -> str:
    """Such as "Talked for 42 min on 3 March 2026 with Kim."."""
    length, day = length_text(talk.minutes * 60), date_text(talk.day)
    if not talk.coach:
        return _("Talked for {length} on {day}.", length=length, day=day)
    return _("Talked for {length} on {day} with {coach}.", length=length, day=day, coach=talk.coach)
