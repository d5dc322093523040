"""Which short questions somebody is asked now, and for which weeks they are settled by an answer.

Each question is asked once a week at most, so that a week's answers are those of as many people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dashboard_api.language.dates import date_text
from dashboard_api.views.days import day_of, monday_of
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.people.records import Person
from school.pulse.records import WHOLE, Kind, Question
from school.sharing.policy import may_at_all

__all__ = [
    "MIN_COACHES",
    "DeedLine",
    "Pulse",
    "asked_now",
    "asks_after_debriefs",
    "deed_days",
    "deeds_for",
    "has_enough_coaches",
    "pulse_of",
    "settled_by",
    "today_of",
]

MIN_COACHES: Final = 3
"""With fewer, what teachers say of their talks would be about one of the coaches."""
_NEWS_DAYS: Final = 14
_YEAR_DAYS: Final = 365
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedLine:
    """What was said, and what was done about it."""

    id: str
    day: str
    said: str
    did: str
    site: str = ""
    """The school's title where there are several; empty for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What the start page has of it."""

    asked: tuple[Question, ...] = ()
    deeds: tuple[DeedLine, ...] = ()
    """The latest ones."""
    written: int = 0
    """So many texts were written to the reader alone in the last days."""


def today_of(stores: Stores, viewer: Viewer) -> date:
    """The day at the school, by the clock of people."""
    return day_of(viewer.people_utc_ns, stores.zone)


def asks_after_debriefs(stores: Stores) -> bool:
    """Whether there are coaches enough for answers to be about none of them."""
    return has_enough_coaches(stores.people.people())


def has_enough_coaches(people: Iterable[Person]) -> bool:
    """The same, of these people."""
    return sum("coach" in each.roles and not each.has_left for each in people) >= MIN_COACHES


def settled_by(stores: Stores, viewer: Viewer, kind: Kind) -> list[date]:
    """The weeks, each by its Monday, that an answer of now settles; the present one is the last."""
    this = monday_of(today_of(stores, viewer))
    if kind == "week":
        return [this]
    days = stores.sharing.talks.days_of(viewer.person.id, this - _WEEK)
    return sorted({this, *(monday_of(day) for day in days if day < this)})


def asked_now(
    stores: Stores, viewer: Viewer, questions: Mapping[Kind, Question], *, after_talk: bool = False
) -> tuple[Question, ...]:
    """The questions that wait for an answer; `after_talk` also where no talk was seen."""
    if not may_at_all(viewer.person.roles, "answer pulse") or viewer.token is not None:
        return ()
    if stores.pulse.is_off(viewer.person.id):
        return ()
    return tuple(
        question
        for kind, question in questions.items()
        if _waits(stores, viewer, kind, after_talk=after_talk)
    )


def pulse_of(stores: Stores, viewer: Viewer, questions: Mapping[Kind, Question]) -> Pulse:
    """What waits for somebody, and what is new to them."""
    if not may_at_all(viewer.person.roles, "read pulse"):
        return Pulse()
    since = today_of(stores, viewer) - timedelta(days=_NEWS_DAYS)
    words = stores.pulse.written_to(viewer.person.id)
    return Pulse(
        asked=asked_now(stores, viewer, questions),
        deeds=deeds_for(stores, viewer, since) if _is_asked(stores, viewer) else (),
        written=sum(day_of(each.written_utc_ns, stores.zone) >= since for each in words),
    )


def deeds_for(stores: Stores, viewer: Viewer, since: date | None = None) -> tuple[DeedLine, ...]:
    """What was done for all schools and for somebody's own; all of it for who writes it."""
    own = stores.programme.sites_of_people().get(viewer.person.id, WHOLE)
    is_writer = may_at_all(viewer.person.roles, "write deeds")
    titles = {site.name: site.title for site in stores.rooms.sites()} if is_writer else {}
    return tuple(
        DeedLine(
            id=deed.id, day=date_text(deed.day), said=deed.said, did=deed.did,
            site=titles.get(deed.site, deed.site) if is_writer else "",
        )
        for deed in stores.pulse.deeds(None if is_writer else [WHOLE, own])
        if since is None or deed.day >= since
    )  # fmt: skip


def deed_days(stores: Stores, viewer: Viewer) -> tuple[date, date]:
    """The days on which something may have been done: from the coaching's start until today.

    Where nobody has said when it began, from a year ago on.
    """
    today = today_of(stores, viewer)
    starts_on = stores.ledger.costs().starts_on or today - timedelta(days=_YEAR_DAYS)
    return min(starts_on, today), today


def _is_asked(stores: Stores, viewer: Viewer) -> bool:
    return may_at_all(viewer.person.roles, "answer pulse") and not stores.pulse.is_off(
        viewer.person.id
    )


def _waits(stores: Stores, viewer: Viewer, kind: Kind, *, after_talk: bool) -> bool:
    settled = stores.pulse.settled(viewer.person.id, kind)
    this = monday_of(today_of(stores, viewer))
    if this in settled:
        return False
    if kind == "week":
        return not after_talk
    if not asks_after_debriefs(stores):
        return False
    if after_talk:
        return True
    days = stores.sharing.talks.days_of(viewer.person.id, this - _WEEK)
    return any(monday_of(day) not in settled for day in days)
