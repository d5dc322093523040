"""What an export of a person has of clips: their own, and those that are shown to them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from school.clips.clip_store import IS_OWNERS, watchable
from school.clips.tables import clip_viewers, clips
from school.people.data_subjects.held_parts import NOW, PERSON, Held
from school.schema import lesson_owners, people

__all__ = ["HELD_CLIPS"]

_THEIRS: Final = people.alias("theirs")
_CLIP_LEFT: Final = {
    "id": "an address", "person": "the file is of that person",
    "video": "an id", "file": "the name of a sealed file", "size": "of a sealed file",
    "consent": "the hash of a wording; the audit log has it",
}  # fmt: skip
HELD_CLIPS: Final = (
    Held(
        table=clips, files=("account.json",),
        parts={"clips": select(
            *(column for column in clips.c if column.name not in _CLIP_LEFT)
        ).where(clips.c.person == PERSON).order_by(clips.c.created_utc_ns, clips.c.id)},
        omitted=_CLIP_LEFT,
    ),
    Held(
        table=clip_viewers, files=("sharing.json",),
        parts={
            "clips_shown_by_you": select(clips.c.title, _THEIRS.c.name.label("to"))
            .select_from(clip_viewers)
            .join(clips, clips.c.id == clip_viewers.c.clip)
            .join(_THEIRS, _THEIRS.c.id == clip_viewers.c.person)
            .where(clips.c.person == PERSON)
            .order_by(clips.c.created_utc_ns, _THEIRS.c.name),
            "clips_shown_to_you": select(
                clips.c.title, clips.c.until_utc_ns, _THEIRS.c.name.label("by")
            )
            .select_from(clip_viewers)
            .join(clips, clips.c.id == clip_viewers.c.clip)
            .join(lesson_owners, IS_OWNERS)
            .join(_THEIRS, _THEIRS.c.id == clips.c.person)
            .where(clip_viewers.c.person == PERSON, *watchable(NOW))
            .order_by(clips.c.created_utc_ns, clips.c.id),
        },
        omitted={"clip": "its title stands there", "person": "the name stands there"},
    ),
)  # fmt: skip
