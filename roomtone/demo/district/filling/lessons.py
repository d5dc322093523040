"""The district's lessons with their scores, a week at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final, Self

from contract.clock import SECOND_NS
from contract.lesson import Zone
from ingest.stores import open_score_store
from ingest.stores.protocol import ScoreStore
from ingest.stores.records import AlertRecord, EpochRecord
from roomtone.demo.district.calendar import LESSON_S, utc_ns
from roomtone.demo.district.cast import TeacherPart
from roomtone.demo.district.filling.lesson_shape import ACTIVITIES, LessonShape, draw_shapes
from roomtone.demo.district.filling.sensed import Sensed
from roomtone.demo.district.world import World
from school.lessons.records import Lesson

__all__ = ["HeldLesson", "Lessons"]

_SHAPES: Final = 24
_LATE: Final = 6
"""In the last weeks the seconds of all lessons are kept: a school's numbers are of these."""
_SECOND_TERM: Final = 6
"""The number of a teacher's first lesson in it."""
_SUBJECTS: Final = {
    "Mathematics": ("fractions", "ratios", "angles", "proofs", "averages"),
    "English": ("a poem", "a play", "letters", "arguments", "stories"),
    "Biology": ("cells", "a pond", "leaves", "the heart", "food chains"),
    "History": ("sources", "a treaty", "trade", "a map", "cities"),
}
"""As the roster's classes have them, with what lessons are about."""
_SILENT: Final = {"cedar-7": range(8, 14), "birch-10": range(3, 6)}
"""Rooms whose kit was broken, and in which weeks of the programme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLesson:
    """A lesson that is kept, and what it was like."""

    lesson: Lesson
    part: TeacherPart
    number: int
    """How many of its teacher came before it."""
    shape: LessonShape
    day: date


@dataclass(slots=True)
class Lessons:
    """Keeps lessons. Each teacher has one in every second week."""

    world: World
    sensed: Sensed
    scores: ScoreStore = field(init=False)
    zones: tuple[Zone, ...] = field(init=False)
    shapes: list[LessonShape] = field(init=False)
    _count: dict[int, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.scores = open_score_store(self.world.data)
        # All rooms have the same plan.
        self.zones = next(iter(self.world.school.rooms.rooms().values())).zones
        self.shapes = draw_shapes(self.zones, _SHAPES, self.world.seed)
        return self

    def __exit__(self, *_: object) -> None:
        self.scores.close()

    def keep_week(self, at: int, monday: date) -> list[HeldLesson]:
        """Keep the lessons of a week of the programme, with their scores, in order of time."""
        held: list[HeldLesson] = []
        epochs: list[EpochRecord] = []
        alerts: list[AlertRecord] = []
        is_late = monday in self.world.calendar.second[-_LATE:]
        for part in self.world.cast.teachers:
            if (part.number + at) % 2:
                continue
            number = self._count.get(part.number, 0)
            self._count[part.number] = number + 1
            day = self._day(part, monday)
            lesson = replace(self._lesson(part, number, day), activities=ACTIVITIES)
            shape = self.shapes[(part.number * 5 + number * 7) % _SHAPES]
            self.world.school.lessons.put(lesson)
            one = HeldLesson(lesson=lesson, part=part, number=number, shape=shape, day=day)
            held.append(one)
            self.world.put.lessons[f"{one.day:%Y-%m}"][part.number] += 1
            if at not in _SILENT.get(part.room, ()):
                stream = self.sensed.keep_lesson(lesson, shape) if is_late or _is_opened(one) else 0
                epochs += shape.epochs(lesson.id, lesson.starts_utc_ns, stream)
                alerts.append(shape.alert(lesson.id, lesson.room, lesson.starts_utc_ns))
                self.world.put.scored += 1
        self.scores.commit(cursor=self.scores.cursor() + 1, epochs=epochs, alerts=alerts)
        return sorted(held, key=lambda one: one.lesson.starts_utc_ns)

    def sensed_lessons(self) -> set[str]:
        """Those that have scores."""
        return {each.lesson for each in self.scores.scored_lessons()}

    def plan_coming(self) -> None:
        """Each teacher's lesson in the week after this one, of which nobody knows anything yet."""
        for part in self.world.cast.teachers:
            number = self._count.get(part.number, 0)
            lesson = self._lesson(part, number, self._day(part, self.world.calendar.coming))
            self.world.school.lessons.put(lesson)

    def _day(self, part: TeacherPart, monday: date) -> date:
        """Teachers who share a room never have it on one day."""
        return monday + timedelta(days=(part.number * 2 + part.place % 2) % 5)

    def _lesson(self, part: TeacherPart, number: int, day: date) -> Lesson:
        hour = 8 + part.number % 7
        subject = list(_SUBJECTS)[part.place % len(_SUBJECTS)]
        abouts = _SUBJECTS[subject]
        starts = utc_ns(day, hour, 10)
        return Lesson(
            id=f"{part.room}-{day.isoformat()}-{hour:02}", room=part.room,
            teacher=self.world.teachers[part.number].name,
            title=f"{subject}: {abouts[(number + part.number) % len(abouts)]}",
            starts_utc_ns=starts, ends_utc_ns=starts + LESSON_S * SECOND_NS, source="timetable",
            zones=self.zones,
        )  # fmt: skip


def _is_opened(held: HeldLesson) -> bool:
    """Whether the demo's teacher or coach opens it on the walk."""
    return not held.part.number or (held.part.coach == 0 and held.number >= _SECOND_TERM)
