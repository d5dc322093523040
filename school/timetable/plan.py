"""What an import changes: the coming lessons of a timetable become those of its file.

Pure: the lessons that are kept and those of the file go in, the difference comes out. A lesson
that has begun is past, and nothing here touches it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from school.lessons.origins import Origin, Reschedule
from school.lessons.records import Lesson
from school.timetable.entries import Entry
from school.timetable.overlap import refuse_overlaps

__all__ = ["Difference", "plan_import"]

_Kept = tuple[Lesson, Origin]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What an import adds, changes (before, after), removes and leaves as it is."""

    added: tuple[_Kept, ...] = ()
    changed: tuple[tuple[Lesson, Lesson, Origin], ...] = ()
    removed: tuple[Lesson, ...] = ()
    unchanged: int = 0
    renamed: tuple[_Kept, ...] = ()
    """Of those unchanged: what the file calls them now, which nobody sees."""
    begun: int = 0
    """What the file has and is past."""

    def reschedule(self) -> Reschedule:
        """The same for the store."""
        changed = tuple((after, origin) for _, after, origin in self.changed)
        return Reschedule(
            put=(*self.added, *changed, *self.renamed),
            removed=tuple(lesson.id for lesson in self.removed),
        )


def plan_import(
    entries: Sequence[Entry],
    stored: Sequence[Lesson],
    origins: Mapping[str, Origin],
    *,
    source: str,
    zone: ZoneInfo,
    now_ns: int,
    until_ns: int | None,
    longest_ns: int,
) -> Difference:
    """The difference between the coming lessons of `source` and those of its file.

    The file was read up to `until_ns`, if there is a limit: what is later stays. Raises UsageError
    where a room would have two lessons at once.
    """
    ours = {lesson: origin for lesson, origin in origins.items() if origin.source == source}
    running = {
        (ours[lesson.id].event, ours[lesson.id].occurrence)
        for lesson in stored
        if lesson.id in ours and ours[lesson.id].event and lesson.is_on(now_ns, longest_ns)
    }
    coming = sorted(
        (
            entry
            for entry in entries
            if entry.lesson.starts_utc_ns > now_ns
            and (entry.event, entry.occurrence) not in running
        ),
        key=_order,
    )
    # Coming, and of this timetable or of none known.
    known = [
        lesson
        for lesson in sorted(stored, key=lambda each: (each.starts_utc_ns, each.id))
        if lesson.source == "timetable"
        and lesson.starts_utc_ns > now_ns
        and (lesson.id in ours or lesson.id not in origins)
    ]
    pairs = _paired(known, ours, coming, zone)
    matched = {lesson.id for lesson in pairs.values()}
    removed = [
        lesson
        for lesson in known
        if lesson.id not in matched
        and lesson.id in ours
        and (until_ns is None or lesson.starts_utc_ns <= until_ns)
    ]
    replaced = matched | {lesson.id for lesson in removed}
    refuse_overlaps(
        coming,
        [lesson for lesson in stored if lesson.id not in replaced],
        origins,
        now_ns=now_ns,
        longest_ns=longest_ns,
    )
    taken = {lesson.id for lesson in stored}
    added: list[_Kept] = []
    changed: list[tuple[Lesson, Lesson, Origin]] = []
    renamed: list[_Kept] = []
    for number, entry in enumerate(coming):
        origin = Origin(source=source, event=entry.event, occurrence=entry.occurrence)
        if number not in pairs:
            added.append((replace(entry.lesson, id=_free(entry.lesson.id, taken)), origin))
            continue
        before = pairs[number]
        after = _merged(before, entry.lesson)
        if after != before:
            changed.append((before, after, origin))
        elif origins.get(before.id) != origin:
            renamed.append((before, origin))
    return Difference(
        added=tuple(added),
        changed=tuple(changed),
        removed=tuple(removed),
        unchanged=len(coming) - len(added) - len(changed),
        renamed=tuple(renamed),
        begun=len(entries) - len(coming),
    )


def _order(entry: Entry) -> tuple[object, ...]:
    """Of entries, whatever their order in the file."""
    lesson = entry.lesson
    return (
        lesson.starts_utc_ns, lesson.room, entry.event, entry.occurrence, lesson.teacher,
        lesson.title, lesson.ends_utc_ns, entry.where,
    )  # fmt: skip


def _merged(before: Lesson, entry: Lesson) -> Lesson:
    """What the file says, and of the rest what was declared."""
    return replace(
        before,
        room=entry.room,
        teacher=entry.teacher,
        title=entry.title,
        starts_utc_ns=entry.starts_utc_ns,
        ends_utc_ns=entry.ends_utc_ns,
        activities=entry.activities or before.activities,
    )


def _free(wanted: str, taken: set[str]) -> str:
    """An id that no lesson has; a lesson that was moved keeps the one of its first time."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    taken.add(name)
    return name


# ---------------------------------------------------------------- which lesson is which


@dataclass(frozen=True, slots=True)
class _Marks:
    """What a lesson can be recognised by."""

    lesson: Lesson
    event: str
    occurrence: str
    day: date
    """When it is planned, in the school's zone."""
    planned: date
    """When it was first planned."""
    is_kept: bool = False
    is_strange: bool = False
    """It is kept, and nobody knows of which timetable: it is only recognised in its place."""


_Key = Callable[[_Marks], Hashable]

_LEVELS: tuple[_Key, ...] = (
    # The calendar says that it is the same; then that it is the same series, moved on that day or
    # in that week.
    lambda m: (m.event, m.occurrence) if m.event else None,
    lambda m: (m.event, m.planned) if m.event else None,
    lambda m: (m.event, m.planned.isocalendar()[:2]) if m.event else None,
    # No name says it, but nearly all of it is the same.
    lambda m: (m.lesson.room, m.lesson.starts_utc_ns, m.lesson.teacher, m.lesson.title),
    lambda m: None if m.is_strange else (m.lesson.teacher, m.lesson.title, m.day, m.lesson.room),
    lambda m: None if m.is_strange else (m.lesson.teacher, m.lesson.title, m.day),
    lambda m: (m.lesson.room, m.lesson.starts_utc_ns, m.lesson.teacher),
    lambda m: (m.lesson.room, m.lesson.starts_utc_ns, m.lesson.title),
    # Time and place alone decide only where the kept lesson has no name of its own.
    lambda m: None if m.event and m.is_kept else (m.lesson.room, m.lesson.starts_utc_ns),
    lambda m: None if m.is_strange else (m.lesson.teacher, m.lesson.title, m.day.isocalendar()[:2]),
)
"""By what a kept lesson and one of the file are the same, the surest first."""


def _paired(
    known: Sequence[Lesson], ours: Mapping[str, Origin], entries: Sequence[Entry], zone: ZoneInfo
) -> dict[int, Lesson]:
    """The kept lesson of each entry that has one, by the entry's number."""
    nameless = Origin(source="")
    kept = {
        number: replace(
            _marks(lesson, ours.get(lesson.id, nameless), zone),
            is_kept=True,
            is_strange=lesson.id not in ours,
        )
        for number, lesson in enumerate(known)
    }
    fresh = {number: _marks(entry.lesson, entry, zone) for number, entry in enumerate(entries)}
    pairs: dict[int, Lesson] = {}
    for key_of in _LEVELS:
        kept_by, fresh_by = _grouped(kept, key_of), _grouped(fresh, key_of)
        for key, numbers in fresh_by.items():
            for one, other in list(_nearest(kept_by.get(key, []), numbers, kept, fresh)):
                pairs[other] = kept.pop(one).lesson
                del fresh[other]
    return pairs


def _marks(lesson: Lesson, named: Origin | Entry, zone: ZoneInfo) -> _Marks:
    starts = datetime.fromtimestamp(lesson.starts_utc_ns / 1e9, zone)
    planned = starts
    if named.occurrence:
        first = datetime.strptime(named.occurrence, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        planned = first.astimezone(zone)
    return _Marks(lesson, named.event, named.occurrence, starts.date(), planned.date())


def _grouped(marks: Mapping[int, _Marks], key: _Key) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for number, each in marks.items():
        found = key(each)
        if found is not None:
            groups[found].append(number)
    return groups


def _nearest(
    kept_numbers: Sequence[int],
    fresh_numbers: Sequence[int],
    kept: Mapping[int, _Marks],
    fresh: Mapping[int, _Marks],
) -> Iterator[tuple[int, int]]:
    """Pairs of those alike: in their order if they are as many, else the nearest in time."""
    if len(kept_numbers) == len(fresh_numbers):
        yield from zip(kept_numbers, fresh_numbers, strict=True)
        return
    apart: Iterable[tuple[int, int, int]] = sorted(
        (abs(kept[one].lesson.starts_utc_ns - fresh[other].lesson.starts_utc_ns), one, other)
        for one in kept_numbers
        for other in fresh_numbers
    )
    used_kept: set[int] = set()
    used_fresh: set[int] = set()
    for _, one, other in apart:
        if one not in used_kept and other not in used_fresh:
            used_kept.add(one)
            used_fresh.add(other)
            yield one, other
