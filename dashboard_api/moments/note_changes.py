"""What people do with notes: write, change and delete them, on the page or by a program.

Each change is checked against what of the lesson its writer sees, and how long the lesson is.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field, model_validator

from contract.clock import SECOND_NS
from contract.errors import RoomtoneError
from contract.language import N_, _
from dashboard_api.web.lookup import NotFoundError, see_lesson, speaker_of
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.framework.records import Framework
from school.moments.records import Moment, NoteKind, NoteTag
from school.sharing.cut import Span

__all__ = [
    "DELETED",
    "GONE",
    "MAX_TAGS",
    "ChangedNote",
    "GivenTag",
    "Length",
    "NewNote",
    "NoteChangedError",
    "NoteId",
    "Revision",
    "Start",
    "TagId",
    "Words",
    "add_note",
    "change_note",
    "find_note",
    "remove_note",
    "tags_of",
]

MAX_START_S: Final = 14_400
MAX_LENGTH_S: Final = 1_800
MAX_TAGS: Final = 10
GONE: Final = N_("There is no such moment; someone may have deleted it.")
DELETED: Final = N_("Somebody has deleted it meanwhile.")
_TAKEN: Final = N_("There is another moment with this id. Choose another id")
_HIDDEN: Final = N_(
    "The moment reaches into a part that is left out or not shared with you. Choose another time "
    "or a shorter length"
)
_MS_NS: Final = 1_000_000

NoteId = Annotated[str, Field(pattern=r"^[0-9a-f]{16,32}$")]
"""Chosen by who sends it, so that it is kept once, however often it is sent."""
Words = Annotated[str, Field(max_length=2_000)]
Start = Annotated[float, Field(ge=0, le=MAX_START_S)]
Length = Annotated[float, Field(ge=1, le=MAX_LENGTH_S)]
Revision = Annotated[int, Field(ge=1, le=1 << 53)]
TagId = Annotated[str, Field(min_length=1, max_length=60)]


class NoteChangedError(RoomtoneError):
    """Someone has changed the note since it was read; `current` is what it is now."""

    def __init__(self, current: Moment) -> None:
        super().__init__(
            _("Somebody has changed this note since you opened it. Read both, and save again.")
        )
        self.current = current


class GivenTag(BaseModel):
    """A tag of the framework, by its id."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    id: TagId
    label: Annotated[str, Field(max_length=60)] = ""
    """Its words, for the time when the framework does not have it any more."""


Tags = Annotated[list[GivenTag], Field(max_length=MAX_TAGS)]


class NewNote(BaseModel):
    """A part of a lesson that someone wants to talk about, and what they say of it."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    id: NoteId | None = None
    """16 to 32 hexadecimal digits. What is sent twice with the same id is kept once."""
    start_s: Start | None = None
    """Seconds since the lesson's start."""
    began_utc_ms: Annotated[int | None, Field(ge=0, le=1 << 43)] = None
    """When its writer began to type, in milliseconds of UTC: the time of a note that is written
    during the lesson. It stands in the place of `start_s`."""
    length_s: Length = 60.0
    note: Words = ""
    note_kind: NoteKind = "observation"
    tags: Tags = []

    @model_validator(mode="after")
    def _has_a_time(self) -> NewNote:
        if (self.start_s is None) == (self.began_utc_ms is None):
            raise ValueError("give start_s or began_utc_ms")
        return self


class ChangedNote(BaseModel):
    """What is to be changed of a note; what is missing stays."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    revision: Revision
    """The one that was read. With an older one than the note has, the answer is 409."""
    note: Words | None = None
    note_kind: NoteKind | None = None
    tags: Tags | None = None
    start_s: Start | None = None
    end_s: Annotated[float | None, Field(ge=0, le=MAX_START_S + MAX_LENGTH_S)] = None


def add_note(
    stores: Stores, viewer: Viewer, lesson_id: str, new: NewNote, framework: Framework
) -> Moment:
    """Write a note; one that was sent before is returned as it is by now."""
    seen = see_lesson(stores, viewer, lesson_id)
    start = new.start_s
    if start is None:
        start = _second_of(seen, new.began_utc_ms or 0, viewer.utc_ns)
    span = _span(seen, viewer, start, start + new.length_s)
    moment = Moment(
        id=new.id or secrets.token_hex(8),
        lesson=seen.lesson.id,
        note=new.note.strip(),
        author=viewer.person.id,
        role=speaker_of(seen.reach),
        kind=new.note_kind,
        tags=tags_of(new.tags, framework),
        written_utc_ns=viewer.utc_ns,
        began_utc_ns=None if new.began_utc_ms is None else new.began_utc_ms * _MS_NS,
        start_s=span.start_s,
        end_s=span.end_s,
    )
    kept = stores.lessons.add_moment(moment)
    if kept is None:  # its answer was lost: it is sent once more
        raise HTTPException(410, _(DELETED))
    if (kept.lesson, kept.author) != (moment.lesson, moment.author):
        raise HTTPException(409, _(_TAKEN))
    return kept


def change_note(
    stores: Stores,
    viewer: Viewer,
    lesson_id: str,
    moment_id: str,
    new: ChangedNote,
    framework: Framework,
) -> Moment:
    """Change one's own note; raises NoteChangedError if it is not as it was read."""
    moment, seen = find_note(stores, viewer, lesson_id, moment_id)
    if moment.author != viewer.person.id:
        raise HTTPException(403, _("Only who wrote a note can change it"))
    if moment.revision != new.revision:
        raise NoteChangedError(moment)
    start = moment.start_s if new.start_s is None else new.start_s
    end = moment.end_s if new.end_s is None else new.end_s
    span = Span(moment.start_s, moment.end_s)
    if (start, end) != (moment.start_s, moment.end_s):
        if not 1 <= round(end - start, 1) <= MAX_LENGTH_S:
            raise HTTPException(422, _("A note is a second long or more, and half an hour at most"))
        span = _span(seen, viewer, start, end)
    changed = stores.lessons.change_moment(
        replace(
            moment,
            note=moment.note if new.note is None else new.note.strip(),
            kind=new.note_kind or moment.kind,
            tags=moment.tags if new.tags is None else tags_of(new.tags, framework, moment.tags),
            start_s=span.start_s,
            end_s=span.end_s,
        )
    )
    if changed is None:
        raise NoteChangedError(find_note(stores, viewer, lesson_id, moment_id)[0])
    return changed


def remove_note(stores: Stores, viewer: Viewer, lesson_id: str, moment_id: str) -> None:
    """The lesson is its teacher's, so they may also delete what others marked."""
    moment, seen = find_note(stores, viewer, lesson_id, moment_id)
    if seen.reach != "own" and moment.author != viewer.person.id:
        raise HTTPException(403, _("Only who marked a moment, or the teacher, can delete it"))
    stores.lessons.remove_moment(moment.id)


def find_note(
    stores: Stores, viewer: Viewer, lesson_id: str, moment_id: str
) -> tuple[Moment, SeenLesson]:
    """A note that the viewer sees; raises NotFoundError."""
    seen = see_lesson(stores, viewer, lesson_id)
    for moment in seen.moments(stores):
        if moment.id == moment_id:
            return moment, seen
    raise NotFoundError(_(GONE))


def tags_of(
    given: Sequence[GivenTag], framework: Framework, before: Sequence[NoteTag] = ()
) -> tuple[NoteTag, ...]:
    """Each once, in the words of the framework, of the note before, or of who sends it."""
    known = {**{tag.id: tag.label for tag in before}, **framework.labels}
    labels = {tag.id: known.get(tag.id) or tag.label.strip() for tag in given}
    for missing in (name for name, label in labels.items() if not label):
        raise HTTPException(422, _("The framework has no tag {tag}", tag=repr(missing)))
    return tuple(NoteTag(id=name, label=label) for name, label in labels.items())


def _span(seen: SeenLesson, viewer: Viewer, start_s: float, end_s: float) -> Span:
    """A span to the tenth of a second, as long as the lesson goes on; raises HTTPException."""
    length = _length_s(seen, viewer.utc_ns)
    start, end = round(start_s, 1), round(min(end_s, max(length, start_s + 1)), 1)
    if start >= length:
        raise HTTPException(422, _("The lesson is over by then. Choose an earlier time"))
    if not seen.cut.holds(start, end):
        raise HTTPException(422, _(_HIDDEN))
    return Span(start, end)


def _length_s(seen: SeenLesson, now_utc_ns: int) -> float:
    """How long the lesson is; while it goes on, until its planned end."""
    ends = seen.lesson.ends_utc_ns or now_utc_ns
    return max(1.0, (ends - seen.lesson.starts_utc_ns) / SECOND_NS)


def _second_of(seen: SeenLesson, utc_ms: int, now_utc_ns: int) -> float:
    """The lesson's second at a time; the first or the last one for a time before or after it."""
    passed = (utc_ms * _MS_NS - seen.lesson.starts_utc_ns) / SECOND_NS
    return min(max(0.0, passed), max(0.0, _length_s(seen, now_utc_ns) - 1.0))
