"""A room has one lesson at a time: groups taught together become one, overlaps are refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from contract.errors import UsageError
from school.lessons.origins import Origin
from school.lessons.records import Lesson
from school.timetable.entries import Entry

__all__ = ["join_groups", "refuse_overlaps"]

_Placed = tuple[Lesson, Entry | None]
"""A lesson, with its entry if it is one of the file."""


def join_groups(entries: Iterable[Entry]) -> list[Entry]:
    """Entries of one room, start, end and teacher as one lesson with all their titles.

    Raises UsageError where groups that are taught together declare different activities, or have
    different teachers: a lesson belongs to one.
    """
    together: dict[tuple[str, int, int | None], list[Entry]] = defaultdict(list)
    for entry in entries:
        lesson = entry.lesson
        together[lesson.room, lesson.starts_utc_ns, lesson.ends_utc_ns].append(entry)
    return [_joined(sorted(group, key=_order)) for group in together.values()]


def _order(entry: Entry) -> tuple[str, ...]:
    lesson = entry.lesson
    return (entry.event, entry.occurrence, lesson.teacher, lesson.title, entry.where)


def _joined(group: Sequence[Entry]) -> Entry:
    first = group[0]
    for other in group[1:]:
        if other.lesson.teacher != first.lesson.teacher:
            raise UsageError(
                f"{first.where} of {first.lesson.teacher} and {other.where} of "
                f"{other.lesson.teacher} are at once in room {first.lesson.room}; a lesson belongs "
                "to one teacher, so name the same one in both."
            )
    titles = sorted({entry.lesson.title for entry in group} - {""})
    activities = {entry.lesson.activities for entry in group} - {()}
    if len(activities) > 1:
        raise UsageError(
            f"{first.where} and {group[1].where} are at once in room {first.lesson.room} and "
            "declare different activities; a lesson has one at a time."
        )
    lesson = replace(first.lesson, title=" + ".join(titles), activities=next(iter(activities), ()))
    return replace(first, lesson=lesson)


def refuse_overlaps(
    entries: Sequence[Entry],
    others: Iterable[Lesson],
    origins: Mapping[str, Origin],
    *,
    now_ns: int,
    longest_ns: int,
) -> None:
    """Raises UsageError naming both if a room has two at once, one of them of the file.

    A lesson that nobody ended is over after `longest_ns`.
    """
    placed: list[_Placed] = [(entry.lesson, entry) for entry in entries]
    placed += [(lesson, None) for lesson in others]
    placed.sort(key=lambda each: (each[0].room, each[0].starts_utc_ns, each[1] is not None))
    for _, in_room in groupby(placed, key=lambda each: each[0].room):
        # Of those so far, the ones that are over last: of the file, and of the others.
        last: dict[bool, _Placed] = {}
        for each in in_room:
            lesson, entry = each
            is_of_file = entry is not None
            for before in (last.get(True), last.get(False) if is_of_file else None):
                if before and lesson.starts_utc_ns < before[0].over_utc_ns(longest_ns):
                    raise UsageError(_sentence(each, before, origins, now_ns))
            last[is_of_file] = max(
                last.get(is_of_file, each), each, key=lambda one: one[0].over_utc_ns(longest_ns)
            )


def _sentence(one: _Placed, other: _Placed, origins: Mapping[str, Origin], now_ns: int) -> str:
    if one[1] is None:
        one, other = other, one
    (lesson, entry), (before, written) = one, other
    assert entry is not None
    if written is not None:
        is_same_time = (lesson.starts_utc_ns, lesson.ends_utc_ns, lesson.teacher) == (
            before.starts_utc_ns, before.ends_utc_ns, before.teacher
        )  # fmt: skip
        hint = "; join groups taught together with --join-groups" if is_same_time else ""
        return (
            f"{entry.where} overlaps {written.where} in room {lesson.room}; a room has one lesson "
            f"at a time{hint}."
        )
    origin = origins.get(before.id)
    if before.starts_utc_ns <= now_ns:
        hint = f"that one has begun: stop it with `roomtone lesson stop --room {lesson.room}`"
    else:
        hint = f"remove that one with `roomtone lesson remove {before.id}`"
        if origin is not None:
            hint += f" or, if this file is the newer one, give --source {origin.source!r}"
    return (
        f"{entry.where} overlaps the stored lesson {before.id}, and a room has one lesson at a "
        f"time; {hint}."
    )
