"""Sends each node the times when its room is sensed, the seats that are not, and the room's pauses.

Lessons, the seats that have opted out, and what pauses a room become retained configurations.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.errors import StoreError
from contract.topics import Topic
from contract.wire.messages import Config, LessonSpan
from ingest.nodes.pressed_buttons import PressedButtons
from ingest.stores.protocol import PeriodStore
from school.lessons.protocol import RoomSchedule
from school.lessons.records import Lesson

__all__ = ["LessonConfig", "spans"]

_DAY_NS: Final = 86_400 * SECOND_NS
_AHEAD_NS: Final = 7 * _DAY_NS
_LOOK_EACH_NS: Final = SECOND_NS // 2
_MOVE_ON_EACH_NS: Final = 60 * SECOND_NS
_BUDGET_NS: Final = 10_000_000
_RETRY_NS: Final = 10 * SECOND_NS
_MAX_NAMED: Final = 64
"""Kits that a configuration names as those that pause a room."""
"""A database that does not answer may block for seconds, and storing waits meanwhile."""


def spans(lessons: Iterable[Lesson], now_ns: int, longest_ns: int) -> tuple[LessonSpan, ...]:
    """The lessons that a node has to know: those that ended within a day or start within a week.

    It also gets its room's last lesson, whatever its date: a recording is played with the clock of
    its time. A lesson that nobody ended gets an end when it counts as over, so that the node stops.
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

    It works for at most 10 ms a tick, one room after another, so that a large timetable never delays
    storing.
    """

    def __init__(self, *, lessons: RoomSchedule, site: str, clock: Clock, longest_ns: int) -> None:
        self._lessons = lessons
        self._longest_ns = longest_ns
        self._site = site
        self._clock = clock
        self._nodes: dict[str, set[tuple[str, str]]] = {}
        self._sent: dict[tuple[str, str, str], Config] = {}
        self._due: dict[str, None] = {}
        self._pressed = PressedButtons()
        self._newly_paused: set[str] = set()
        """Rooms whose pressed buttons have changed."""
        self._revision = 0
        self._version: int | None = None
        self._looked_ns: int | None = None
        self._moved_on_ns: int | None = None
        self._retry_ns = clock.elapsed_ns()

    def add_node(self, room: str, node: str, *, site: str | None = None) -> None:
        """A node was born: send it its configuration, which it may not have."""
        self._nodes.setdefault(room, set()).add((site or self._site, node))
        self._due[room] = None

    def begin(self, store: PeriodStore, sites: Collection[str]) -> None:
        """Know the kits that the store knows, and which of their buttons were pressed."""
        for stream in store.runs("newest"):
            if stream.site not in sites:
                continue
            self.add_node(stream.room, stream.node, site=stream.site)
            health = store.health(stream.id)
            if health is not None and health.reported is not None:
                is_pressed = health.reported.button_since_utc_ns is not None
                self.hear_button(stream.site, stream.room, stream.node, is_pressed=is_pressed)

    def sites_of(self) -> dict[tuple[str, str], str]:
        """(room, node) → the site of each kit that is known."""
        return {(room, node): site for room, kits in self._nodes.items() for site, node in kits}

    def hear_button(self, site: str, room: str, node: str, *, is_pressed: bool) -> None:
        """A kit has reported whether its button pauses the room."""
        self._newly_paused |= self._pressed.hear(site, room, node, is_pressed=is_pressed)

    def forget_sent(self) -> None:
        """The broker may have lost its retained messages: send every configuration again."""
        self._sent.clear()
        self._due.update(dict.fromkeys(self._nodes))

    def due(self) -> Iterator[tuple[str, Config]]:
        """(topic, configuration) of nodes whose configuration changed; call it once a tick.

        After a StoreError nothing is due for ten seconds, and then everything that was due before.
        """
        now_ns = self._clock.elapsed_ns()
        yield from self._button_news()
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
        # As time passes, lessons come within a week even if nothing changes.
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
        known += self._lessons.lessons(room=room, limit=1)  # the last one, whatever its date
        lessons = spans({each.id: each for each in known}.values(), utc_ns, self._longest_ns)
        excluded = tuple(seat for each, seat in self._lessons.opted_out() if each == room)
        paused = self._lessons.orders.paused_lessons()
        settings = self._lessons.orders.settings()
        for site, node in sorted(self._nodes[room]):
            config = Config(
                revision=0,
                lessons=lessons,
                excluded_seats=excluded,
                paused_lessons=tuple(span.lesson for span in lessons if span.lesson in paused),
                paused_by=self._pressed.beside(site, room, node)[:_MAX_NAMED],
                settings=settings.get((room, node), {}),
            )
            yield from self._if_new((site, room, node), config)

    def _button_news(self) -> Iterator[tuple[str, Config]]:
        """What a button changes goes out at once, whether the school's database answers or not."""
        while self._newly_paused:
            room = self._newly_paused.pop()
            for site, node in sorted(self._nodes.get(room, ())):
                before = self._sent.get((site, room, node))
                if before is not None:
                    paused_by = self._pressed.beside(site, room, node)[:_MAX_NAMED]
                    config = before.model_copy(update={"paused_by": paused_by})
                    yield from self._if_new((site, room, node), config)

    def _if_new(self, kit: tuple[str, str, str], config: Config) -> Iterator[tuple[str, Config]]:
        """The configuration with a revision of its own, unless the kit was sent the same."""
        before = self._sent.get(kit)
        if before is not None and config.model_copy(update={"revision": before.revision}) == before:
            return
        # Milliseconds of UTC as the revision: a later one is higher, even after a restart.
        self._revision = max(self._clock.utc_ns() // 1_000_000, self._revision + 1)
        self._sent[kit] = config.model_copy(update={"revision": self._revision})
        yield str(Topic(*kit, "config")), self._sent[kit]
