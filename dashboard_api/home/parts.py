"""The parts of a start page: one's own lessons, what is shared, and a search in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import Final

from fastapi import Request

from contract.language import N_, _
from dashboard_api.debrief.guess_view import lessons_to_guess
from dashboard_api.language.dates import date_text
from dashboard_api.lessons.filters import ListFilters, place_text
from dashboard_api.lessons.list_lines import read_lines, see_lessons, suggestion_counts
from dashboard_api.lessons.list_view import Day, by_day, days_of
from dashboard_api.views.days import day_of, monday_of, start_of
from dashboard_api.views.schemas import LessonJson
from dashboard_api.web.store_thread import Stores, StoreThread
from dashboard_api.web.viewer import Viewer
from school.lessons.records import Lesson
from school.sharing.listing import Wanted
from school.sharing.policy import Reach, reaches

__all__ = ["Choices", "Found", "OwnPart", "ShareLine", "SharedPart", "StartPage"]

PER_PAGE: Final = 50
LAST: Final = 20
COMING: Final = 10
MAX_TODAY: Final = 200
_OWN: Final = frozenset[Reach]({"own"})
_SHARED: Final = frozenset[Reach]({"shared"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLine:
    """What there is to say of a lesson that is shared with the reader."""

    until: str
    waiting: int
    """Suggested moments without an answer of theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPart:
    """A teacher's own lessons: now, today and the last ones; coming ones apart."""

    days: tuple[Day, ...]
    coming: tuple[Day, ...]
    earlier: str = ""
    """The address of those before; empty if there are none."""
    later: str = ""
    hidden: int = 0
    """How many the teacher has hidden; counted only where `days` is empty."""
    has_hidden_past: bool = False
    """Whether one of these has begun."""
    to_guess: frozenset[str] = frozenset()
    """The lessons that their teacher begins with a guess: nothing measured is shown before it."""

    @property
    def rooms_ahead(self) -> set[str]:
        """The rooms of the lessons that are on, and of those that come later today."""
        lessons = (lesson for day in self.days for lesson in day.lessons)
        return {lesson.room for lesson in lessons if lesson.is_running or not lesson.length_s}


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPart:
    """What is shared with a person, until when, and what waits for an answer."""

    lessons: tuple[LessonJson, ...]
    days: tuple[Day, ...]
    shares: dict[str, ShareLine]
    earlier: str = ""

    @property
    def waiting(self) -> int:
        return sum(line.waiting for line in self.shares.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of what someone asked for."""

    words: str
    days: tuple[Day, ...]
    shares: dict[str, ShareLine] = field(default_factory=dict)
    earlier: str = ""
    later: str = ""
    week_before: str = ""
    week_after: str = ""
    to_guess: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What can be chosen above the list."""

    rooms: Sequence[str]
    teachers: Sequence[str]


class StartPage:
    """Reads the parts for one request."""

    def __init__(self, request: Request, viewer: Viewer, store: StoreThread) -> None:
        self._request = request
        self._viewer = viewer
        self._store = store
        self._zone = request.app.state.zone
        self._reached = reaches(viewer.person.roles, "read lesson")
        self._today = day_of(viewer.utc_ns, self._zone)

    async def choices(self) -> Choices:
        """The rooms of someone's lessons, and the teachers who share some with them."""
        person, now = self._viewer.person.id, self._viewer.utc_ns

        def query(stores: Stores) -> Choices:
            return Choices(
                rooms=stores.sharing.rooms(person, self._reached, now),
                teachers=stores.sharing.teachers(person, now),
            )

        return await self._store.run(query)

    async def own(self) -> OwnPart:
        now = self._viewer.utc_ns
        today, tomorrow = self._start(self._today), self._start(self._today + timedelta(days=1))

        def query(stores: Stores) -> tuple[list[Lesson], list[Lesson], list[Lesson]]:
            # One that began before midnight may still be on.
            recent = stores.lessons_of(
                self._viewer, _OWN, is_oldest_first=True, limit=MAX_TODAY,
                wanted=Wanted(
                    from_utc_ns=min(today, now - stores.longest_ns), to_utc_ns=tomorrow
                ),
            )  # fmt: skip
            last = stores.lessons_of(self._viewer, _OWN, Wanted(to_utc_ns=today), limit=LAST + 1)
            coming = stores.lessons_of(
                self._viewer, _OWN, Wanted(from_utc_ns=tomorrow), limit=COMING + 1,
                is_oldest_first=True,
            )  # fmt: skip
            on = [each for each in recent if each.is_on(now, stores.longest_ns)]
            rest = [each for each in recent if each not in on and each.starts_utc_ns >= today]
            return [*on, *rest], [each for each in last if each not in on], coming

        present, last, coming = await self._store.run(query)
        more_last, more_coming = len(last) > LAST, len(coming) > COMING
        last, coming = last[:LAST], coming[:COMING]
        lines = await self._lines([*present, *last])
        hidden: list[Lesson] = []
        if not lines:
            hidden = await self._store.run(
                lambda stores: stores.sharing.hidden(self._viewer.person.id)
            )
        of_own = ListFilters(of="own")
        return OwnPart(
            days=tuple(by_day(lines, self._today)),
            coming=tuple(days_of(await self._lines(coming), self._today)),
            earlier=of_own.address(after=place_text(last[-1])) if more_last else "",
            later=of_own.address(newer=place_text(coming[-1])) if more_coming else "",
            hidden=len(hidden),
            has_hidden_past=any(each.starts_utc_ns <= now for each in hidden),
            to_guess=await self._to_guess([*present, *last]),
        )

    async def shared(self) -> SharedPart:
        found = await self._store.run(
            lambda stores: stores.lessons_of(self._viewer, _SHARED, limit=LAST + 1)
        )
        lessons = found[:LAST]
        lines = await self._lines(lessons)
        of_shared = ListFilters(of="shared")
        return SharedPart(
            lessons=tuple(lines),
            days=tuple(by_day(lines, self._today)),
            shares=await self._shares(lessons),
            earlier=of_shared.address(after=place_text(lessons[-1])) if len(found) > LAST else "",
        )

    async def found(self, filters: ListFilters) -> Found:
        """A page of what the filters ask for, the latest first.

        Unless they say where to begin it begins today, with the coming ones a page later.
        """
        turn, reached = filters.turn(), filters.reached(self._reached)
        wanted = filters.wanted(self._today, self._zone)
        tomorrow = self._start(self._today + timedelta(days=1))
        if not filters.is_placed:
            wanted = replace(wanted, to_utc_ns=tomorrow)

        def query(stores: Stores) -> tuple[list[Lesson], bool]:
            listed = stores.lessons_of(
                self._viewer, reached, wanted, limit=PER_PAGE + 1,
                beyond=turn.beyond, is_oldest_first=turn.is_to_later,
            )  # fmt: skip
            if turn.is_to_later or turn.beyond is not None or filters.week:
                return listed, False
            # The first page: is there anything after where it begins?
            above = replace(wanted, to_utc_ns=None)
            place = listed[0] if listed else None
            beyond = (wanted.to_utc_ns or 0, "") if place is None else _place_of(place)
            return listed, bool(
                stores.lessons_of(
                    self._viewer, reached, above, limit=1, beyond=beyond, is_oldest_first=True
                )
            )

        listed, has_above = await self._store.run(query)
        more = len(listed) > PER_PAGE
        lessons = listed[:PER_PAGE][:: -1 if turn.is_to_later else 1]
        has_later = more if turn.is_to_later else has_above or turn.beyond is not None
        has_earlier = turn.is_to_later or more
        first = place_text(lessons[0]) if lessons else f"{wanted.to_utc_ns or 0}."
        later = earlier = ""
        if has_later:
            day = filters.day if filters.week else None
            later = filters.address(after="", newer=first, day=day)
        if has_earlier and lessons:
            earlier = filters.address(newer="", after=place_text(lessons[-1]))
        weeks, shares = self._weeks(filters), await self._shares(lessons)
        return Found(
            words=self._words(filters),
            days=tuple(days_of(await self._lines(lessons), self._today)),
            shares=shares,
            later=later, earlier=earlier, week_before=weeks[0], week_after=weeks[1],
            to_guess=await self._to_guess([each for each in lessons if each.id not in shares]),
        )  # fmt: skip

    async def _lines(self, lessons: Sequence[Lesson]) -> list[LessonJson]:
        return await read_lines(self._request, self._viewer, self._store, lessons)

    async def _to_guess(self, own: Sequence[Lesson]) -> frozenset[str]:
        person, now = self._viewer.person.id, self._viewer.utc_ns
        return await self._store.run(lambda stores: lessons_to_guess(stores, person, own, now))

    async def _shares(self, lessons: Sequence[Lesson]) -> dict[str, ShareLine]:
        person, now = self._viewer.person.id, self._viewer.utc_ns
        ids = [lesson.id for lesson in lessons]
        until = await self._store.run(lambda stores: stores.sharing.shared_until(person, now, ids))
        counts, found = suggestion_counts(self._request), dict[str, ShareLine]()
        shared = [lesson for lesson in lessons if lesson.id in until]
        for seen in await see_lessons(self._viewer, self._store, shared):
            waiting = await self._store.run(partial(counts.waiting, seen=seen, now_utc_ns=now))
            # The share ends with a day.
            day = date_text(day_of(until[seen.lesson.id] - 1, self._zone))
            found[seen.lesson.id] = ShareLine(until=day, waiting=waiting)
        return found

    def _weeks(self, filters: ListFilters) -> tuple[str, str]:
        if not filters.week:
            return "", ""
        monday = monday_of(filters.day or self._today)
        days = monday - timedelta(days=7), monday + timedelta(days=7)
        before, after = (filters.address(day=day, after="", newer="") for day in days)
        return before, after

    def _words(self, filters: ListFilters) -> str:
        parts = {"own": N_("your own"), "shared": N_("shared with you")}.get(filters.of, "")
        words = [_(parts)] if parts else []
        if filters.q.strip():
            words.append(_("with “{words}” in the title", words=filters.q.strip()))
        if filters.room:
            words.append(_("in {room}", room=filters.room))
        if filters.teacher:
            words.append(_("of {teacher}", teacher=filters.teacher))
        if filters.week:
            monday = monday_of(filters.day or self._today)
            words.append(_("in the week of {day}", day=date_text(monday)))
        elif filters.day is not None:
            words.append(_("up to {day}", day=date_text(filters.day)))
        return _("Lessons {which}", which=", ".join(words)) if words else _("All lessons")

    def _start(self, day: date) -> int:
        return start_of(day, self._zone)


def _place_of(lesson: Lesson) -> tuple[int, str]:
    return lesson.starts_utc_ns, lesson.id
