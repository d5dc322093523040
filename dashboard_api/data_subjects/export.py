"""All that is held about a person, piece by piece: the account page and the command send it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any, Final, Literal

from contract.language import _
from dashboard_api.data_subjects.readme import readme_text
from dashboard_api.language.dates import local_time_text
from dashboard_api.lessons.seen_timeline import seen_timeline
from dashboard_api.moments.judged_moments import moments_of
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from school.audit.actor import Actor
from school.people.data_subjects.held import Rows
from school.people.data_subjects.held_tables import HeldFile
from school.people.records import Person

__all__ = ["Piece", "export_pieces"]

Piece = tuple[str, bytes]
"""The name of a file in the archive, and bytes that follow there. A file's pieces are in a row."""

_ABOUT_PERSON: Final[tuple[HeldFile, ...]] = ("account.json", "sign-in.json", "sharing.json")
_AUDIT: Final[dict[HeldFile, Literal["by", "about"]]] = {
    "audit-by-you.json": "by",
    "audit-about-you.json": "about",
}
_STRANGE: Final = re.compile(r"[^A-Za-z0-9._-]")
_MAX_NAME: Final = 100


def export_pieces(
    stores: Stores, person: Person, by: Actor, *, now_utc_ns: int, zone: tzinfo | None
) -> Iterator[Piece]:
    """Everything about a person, one lesson after the other, each recorded as exported.

    `now_utc_ns` is the lessons' time; `by` has the time of people.
    """
    whose = _("by yourself") if by.person == person.id else _("by {name}", name=by.name)
    made = local_time_text(by.utc_ns, zone)
    yield "README.txt", readme_text(person.name, made, whose).encode()
    held = stores.people.held
    for file in _ABOUT_PERSON:
        yield file, _text(held.of_person(file, person.id, zone, by.utc_ns))
    for file, what in _AUDIT.items():
        yield from _list(file, held.audit(what, person.id, zone))
    for number, lesson_id in enumerate(held.lessons_of(person.id), start=1):
        folder = f"lessons/{number:05d}-{_STRANGE.sub('_', lesson_id)[:_MAX_NAME]}"
        yield from _lesson(stores, person, by, lesson_id, folder, now_utc_ns, zone)


def _lesson(
    stores: Stores,
    person: Person,
    by: Actor,
    lesson_id: str,
    folder: str,
    now_utc_ns: int,
    zone: tzinfo | None,
) -> Iterator[Piece]:
    """A lesson's files; none if it went to somebody else, or was deleted, meanwhile."""
    lesson = stores.lesson(lesson_id)
    cut = stores.sharing.teacher.cuts([lesson_id], person.id).get(lesson_id)
    if lesson is None or cut is None or not cut.is_own:
        return
    held = stores.people.held
    held.record_lesson(lesson_id, by)
    yield f"{folder}/lesson.json", _text(held.of_lesson(lesson_id, zone))
    if lesson.starts_utc_ns <= now_utc_ns:
        seen = SeenLesson(person.id, lesson, "own", cut)
        readings = seen_timeline(stores, seen, now_utc_ns, zone, level_s=1)
        yield f"{folder}/readings.json", readings.model_dump_json().encode()
        moments = [each.model_dump(mode="json") for each in moments_of(stores, seen)]
        yield f"{folder}/moments-on-the-page.json", _text(moments)
    yield from _list(f"{folder}/audit.json", held.audit("lesson", lesson_id, zone))


def _list(name: str, pages: Iterable[Rows]) -> Iterator[Piece]:
    """A list as JSON, a page of it at a time."""
    before = "[\n"
    for rows in pages:
        for row in rows:
            yield name, (before + json.dumps(row, ensure_ascii=False)).encode()
            before = ",\n"
    yield name, b"[]\n" if before == "[\n" else b"\n]\n"


def _text(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
