"""What somebody plans, as a calendar that other programs subscribe to: RFC 5545.

A calendar is often open to colleagues: so no name, no focus and no title of a lesson stands in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Final

from icalendar import Calendar, Event

from contract.clock import SECOND_NS
from contract.language import _
from dashboard_api.web.store_thread import Stores
from school.people.records import Person

__all__ = ["Planned", "calendar_of", "planned_for"]

_PAST_NS: Final = 30 * 86_400 * SECOND_NS
_USUAL: Final = timedelta(minutes=45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An entry; one without an end lasts the whole day."""

    id: str
    what: str
    starts: date | datetime
    ends: datetime | None = None
    room: str = ""
    address: str


def planned_for(stores: Stores, person: Person, address: str, now_utc_ns: int) -> list[Planned]:
    """The days of their open cycles, and the lessons that they are asked to observe."""
    return [*_of_cycles(stores, person, address), *_visits(stores, person, address, now_utc_ns)]


def _of_cycles(stores: Stores, person: Person, address: str) -> Iterator[Planned]:
    cycles = stores.sharing.cycles
    own = cycles.open_cycle(person.id)
    sides = [("/cycle", own)] if own is not None and "teacher" in person.roles else []
    if "coach" in person.roles:
        sides += [
            ("/caseload", each) for each in cycles.of_coach(person.id) if each.state == "open"
        ]
    for path, cycle in sides:
        for day, part, what in (
            (cycle.text.debrief_on, "debrief", _("Talk about a lesson")),
            (cycle.text.again_on, "again", _("Look at a lesson again")),
        ):
            if day is not None:
                yield Planned(
                    id=f"{cycle.id}-{part}", what=what, starts=day, address=f"{address}{path}"
                )


def _visits(stores: Stores, person: Person, address: str, now_utc_ns: int) -> Iterator[Planned]:
    for each in stores.sharing.observers.of_person(person.id):
        lesson = each.lesson
        if each.asked_by is None or lesson.starts_utc_ns < now_utc_ns - _PAST_NS:
            continue
        starts = datetime.fromtimestamp(lesson.starts_utc_ns // SECOND_NS, tz=UTC)
        ends = starts + _USUAL
        if lesson.ends_utc_ns is not None:
            ends = datetime.fromtimestamp(lesson.ends_utc_ns // SECOND_NS, tz=UTC)
        yield Planned(
            id=f"{lesson.id}-visit", what=_("Visit a lesson"), starts=starts, ends=ends,
            room=lesson.room, address=f"{address}/observing",
        )  # fmt: skip


def calendar_of(planned: list[Planned], person: str, made_utc_ns: int) -> bytes:
    """The calendar of `person`; an entry keeps its id when its day changes."""
    calendar = Calendar()
    calendar.add("prodid", "-//Roomtone//Planned visits//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Roomtone")
    for each in planned:
        event = Event()
        name = sha256(f"{person}\x00{each.id}".encode()).hexdigest()[:32]
        event.add("uid", f"{name}@roomtone")
        event.add("dtstamp", datetime.fromtimestamp(made_utc_ns // SECOND_NS, tz=UTC))
        event.add("dtstart", each.starts)
        if each.ends is not None:
            event.add("dtend", each.ends)
        event.add("summary", each.what)
        if each.room:
            event.add("location", each.room)
        event.add("url", each.address)
        event.add("class", "PRIVATE")
        event.add("transp", "OPAQUE" if each.ends is not None else "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())
