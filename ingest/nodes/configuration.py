"""Tells each node when its room is to be sensed, and which of its seats are not to be.

Lessons and the seats that have opted out become retained configurations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.errors import StoreError
from contract.messages import Config, LessonSpan
from contract.topics import Topic
from school.lessons.protocol import RoomSchedule
from school.lessons.records import Lesson

__all__ = ["LessonConfig", "spans"]

_DAY_NS: Final = 86_400 * SECOND_NS
_AHEAD_NS: Final = 7 * _DAY_NS
_LOOK_EACH_NS: Final = SECOND_NS // 2
_MOVE_ON_EACH_NS: Final = 60 * SECOND_NS
_BUDGET_NS: Final = 10_000_000
_RETRY_NS: Final = 10 * SECOND_NS
"""A database that does not answer may take seconds to say so, and keeping waits meanwhile."""


def spans(lessons: Iterable[Lesson], now_ns: int, longest_ns: int) -> tuple[LessonSpan, ...]:
    """The lessons that a node has to know: not over for a day, beginning within a week.

    And its room's last one, whenever that is: a recording is played with the clock of its time.
    One that nobody ended gets its end when it counts as over, so that the node stops as well.
    """
    every = list(lessons)
    known = [
        lesson
        for lesson in every
        if lesson.over_utc_ns(longest_ns) > now_ns - _DAY_NS
        and lesson.starts_utc_ns < now_ns + _AHEAD_NS
    ]
    last = max(every, key=lambda lesson: lesson.starts_utc_ns, default=None)
    if last is not None and last not in known:
        known.append(last)
    known.sort(key=lambda lesson: (lesson.starts_utc_ns, lesson.id))
    return tuple(_span(lesson, now_ns, longest_ns) for lesson in known)


def _span(lesson: Lesson, now_ns: int, longest_ns: int) -> LessonSpan:
    over_ns = lesson.over_utc_ns(longest_ns)
    ends_ns = over_ns if over_ns <= now_ns else lesson.ends_utc_ns
    return LessonSpan(lesson=lesson.id, starts_utc_ns=lesson.starts_utc_ns, ends_utc_ns=ends_ns)


class LessonConfig:
    """Watches the lessons and yields a configuration for each node whose lessons changed.

    Rooms are looked at one after another within 10 ms of each tick, so that a large timetable
    never holds up keeping.
    """

    def __init__(self, *, lessons: RoomSchedule, site: str, clock: Clock, longest_ns: int) -> None:
        self._lessons = lessons
        self._longest_ns = longest_ns
        self._site = site
        self._clock = clock
        self._nodes: dict[str, set[str]] = {}
        self._sent: dict[tuple[str, str], tuple[tuple[LessonSpan, ...], tuple[int, ...]]] = {}
        self._due: dict[str, None] = {}
        self._version: int | None = None
        self._looked_ns: int | None = None
        self._moved_on_ns: int | None = None
        self._retry_ns = clock.elapsed_ns()

    def add_node(self, room: str, node: str) -> None:
        """A node of a room is known, by its birth; it is told what it may not have heard yet."""
        self._nodes.setdefault(room, set()).add(node)
        self._due[room] = None

    def forget_sent(self) -> None:
        """The broker may have lost what was retained: tell every node again."""
        self._sent.clear()
        self._due.update(dict.fromkeys(self._nodes))

    def due(self) -> Iterator[tuple[str, Config]]:
        """(topic, configuration) of nodes that have to be told; call it once a tick.

        After a StoreError nothing is due for ten seconds, and then all that was due before.
        """
        now_ns = self._clock.elapsed_ns()
        if now_ns < self._retry_ns:
            return
        try:
            self._look(now_ns)
            while self._due and self._clock.elapsed_ns() - now_ns <= _BUDGET_NS:
                room = next(iter(self._due))
                yield from self._of_room(room)
                del self._due[room]
        except StoreError:
            self._retry_ns = self._clock.elapsed_ns() + _RETRY_NS
            raise

    def _look(self, now_ns: int) -> None:
        if self._looked_ns is None or now_ns - self._looked_ns >= _LOOK_EACH_NS:
            self._looked_ns = now_ns
            version = self._lessons.version()
            if version != self._version:
                self._version = version
                self._due.update(dict.fromkeys(self._nodes))
        # Without any change, time alone brings lessons into the week ahead.
        if self._moved_on_ns is None or now_ns - self._moved_on_ns >= _MOVE_ON_EACH_NS:
            self._moved_on_ns = now_ns
            self._due.update(dict.fromkeys(self._nodes))

    def _of_room(self, room: str) -> Iterator[tuple[str, Config]]:
        utc_ns = self._clock.utc_ns()
        known = self._lessons.lessons(
            room=room,
            from_utc_ns=utc_ns - _DAY_NS - self._longest_ns,
            to_utc_ns=utc_ns + _AHEAD_NS,
        )
        known += self._lessons.lessons(room=room, limit=1)  # the last one, whenever that is
        lessons = spans({each.id: each for each in known}.values(), utc_ns, self._longest_ns)
        excluded = tuple(seat for each, seat in self._lessons.opted_out() if each == room)
        for node in sorted(self._nodes[room]):
            if self._sent.get((room, node)) != (lessons, excluded):
                self._sent[room, node] = lessons, excluded
                # Milliseconds of UTC as the revision: later is higher, over a restart too.
                config = Config(
                    revision=utc_ns // 1_000_000, lessons=lessons, excluded_seats=excluded
                )
                yield str(Topic(self._site, room, node, "config")), config
