"""Clips of lessons in the school's database, and whom they are shown to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.clips.cohort_clip_store import CohortClips, shown_in_cohorts
from school.clips.records import Clip, ClipViewer
from school.clips.tables import clip_viewers, clips
from school.cohorts.cohort_tables import cohort_clips
from school.database import SchoolDatabase
from school.schema import hidden_lessons, lesson_owners, people
from school.video.records import Reason

__all__ = ["IS_OWNERS", "ClipStore", "watchable"]

_DAY_NS: Final = 86_400 * SECOND_NS
_LATEST_FIRST: Final = clips.c.created_utc_ns.desc(), clips.c.id
IS_OWNERS: Final = and_(
    lesson_owners.c.lesson == clips.c.lesson, lesson_owners.c.person == clips.c.person
)
"""What somebody cut ends to be shown when the lesson is someone else's."""


def watchable(utc_ns: int | BindParameter[int]) -> tuple[ColumnElement[bool], ...]:
    """Of clips that are joined with `IS_OWNERS`, which of them others may watch at a time."""
    return (
        clips.c.until_utc_ns > utc_ns,
        clips.c.state == "ready",
        clips.c.lesson.not_in(select(hidden_lessons.c.lesson)),
    )


class ClipStore:
    """Any number of programs may use it. What it removes here has lost its key already."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database
        self.in_cohorts = CohortClips(database)

    def add(self, clip: Clip, viewers: Collection[str], by: Actor) -> None:
        """Keep a new clip that is to be cut, and whom its teacher shows it to until when."""
        days = max(0, round((clip.until_utc_ns - by.utc_ns) / _DAY_NS))
        with self._database.writing() as connection:
            connection.execute(insert(clips), _values(clip))
            by.record(
                connection, "made_clip", "clip", clip.id, lesson=clip.lesson,
                detail={"start_s": int(clip.start_s), "end_s": int(clip.end_s),
                        "wording": clip.consent},
            )  # fmt: skip
            known = select(people.c.id, people.c.name).where(people.c.id.in_(list(viewers)))
            for person, name in connection.execute(known.order_by(people.c.name)).all():
                connection.execute(insert(clip_viewers), {"clip": clip.id, "person": person})
                by.record_about(
                    connection, "showed_clip", person, name, lesson=clip.lesson,
                    detail={"days": days},
                )  # fmt: skip

    def end_showing(self, clip: Clip, person: str, by: Actor) -> None:
        """Show a clip to somebody no more."""
        gone = delete(clip_viewers).where(
            clip_viewers.c.clip == clip.id, clip_viewers.c.person == person
        )
        with self._database.writing() as connection:
            if connection.execute(gone).rowcount:
                name = connection.scalars(select(people.c.name).where(people.c.id == person)).one()
                by.record_about(connection, "hid_clip", person, name, lesson=clip.lesson)

    def settle(self, clip: Clip, **values: object) -> bool:
        """Change a clip that waits; False if it is gone, or was settled before."""
        which = clips.c.id == clip.id, clips.c.state == "waiting"
        with self._database.writing() as connection:
            return connection.execute(update(clips).where(*which), values).rowcount > 0

    def withdraw(self, clip: Clip, refusal: str, by: Actor, why: Reason) -> None:
        """Keep of a clip whose key is destroyed only what its teacher reads of it, and why it went.

        In cohorts it is shown no more, and what was said to it there goes: it is about what is left out.
        """
        which = clips.c.id == clip.id, clips.c.state != "refused"
        values = {"state": "refused", "refusal": refusal, "size": 0}
        with self._database.writing() as connection:
            if connection.execute(update(clips).where(*which), values).rowcount:
                connection.execute(delete(cohort_clips).where(cohort_clips.c.clip == clip.id))
                by.record(
                    connection, "purged", "clip", clip.id, lesson=clip.lesson, detail={"why": why}
                )

    def remove(self, clip: Clip, by: Actor, why: Reason) -> None:
        """Forget a clip whose key is destroyed, and who might see it."""
        with self._database.writing() as connection:
            if connection.execute(delete(clips).where(clips.c.id == clip.id)).rowcount:
                by.record(
                    connection, "purged", "clip", clip.id, lesson=clip.lesson, detail={"why": why}
                )

    def get(self, clip: str) -> Clip | None:
        """A clip by its id, whoever may see it."""
        return next(iter(self._clips(select(clips).where(clips.c.id == clip))), None)

    def shown_to(self, person: str, utc_ns: int, clip: str | None = None) -> list[Clip]:
        """What somebody may watch of others now: all, or one clip; the latest first."""
        found = (
            select(clips)
            .join(lesson_owners, IS_OWNERS)
            .where(
                clips.c.person != person,
                clips.c.id.in_(select(clip_viewers.c.clip).where(clip_viewers.c.person == person))
                | clips.c.id.in_(shown_in_cohorts(person)),
                *watchable(utc_ns),
            )
            .order_by(*_LATEST_FIRST)
        )
        return self._clips(found if clip is None else found.where(clips.c.id == clip))

    def made_by(self, person: str, utc_ns: int, clip: str | None = None) -> list[Clip]:
        """What somebody cut of lessons that are theirs, the latest first."""
        found = (
            select(clips)
            .join(lesson_owners, IS_OWNERS)
            .where(clips.c.person == person, clips.c.until_utc_ns > utc_ns)
            .order_by(*_LATEST_FIRST)
        )
        return self._clips(found if clip is None else found.where(clips.c.id == clip))

    def of_lesson(self, lesson: str) -> list[Clip]:
        """All clips of a lesson, the latest first."""
        return self._clips(select(clips).where(clips.c.lesson == lesson).order_by(*_LATEST_FIRST))

    def viewers(self, of: Sequence[Clip]) -> dict[str, list[ClipViewer]]:
        """Clip → whom it is shown to, by name."""
        found = (
            select(clip_viewers.c.clip, clip_viewers.c.person, people.c.name)
            .join(people, people.c.id == clip_viewers.c.person)
            .where(clip_viewers.c.clip.in_([each.id for each in of]))
            .order_by(people.c.name, people.c.id)
        )
        viewers: dict[str, list[ClipViewer]] = {each.id: [] for each in of}
        with self._database.reading() as connection:
            for clip, person, name in connection.execute(found).all():
                viewers[clip].append(ClipViewer(person=person, name=name))
        return viewers

    def counts(self, lesson: str, person: str) -> tuple[int, int]:
        """How many clips there are of a lesson, and of all lessons of somebody."""
        there = select(func.count()).select_from(clips).where(clips.c.state != "refused")
        with self._database.reading() as connection:
            of_lesson = connection.scalar(there.where(clips.c.lesson == lesson))
            of_person = connection.scalar(there.where(clips.c.person == person))
        return of_lesson or 0, of_person or 0

    def waiting(self) -> list[Clip]:
        """What is to be cut, the oldest first."""
        found = select(clips).where(clips.c.state == "waiting")
        return self._clips(found.order_by(clips.c.created_utc_ns, clips.c.id))

    def ended(self, utc_ns: int) -> list[Clip]:
        """What has to go: its end date is over, or its lesson is someone else's now."""
        found = (
            select(clips)
            .outerjoin(lesson_owners, IS_OWNERS)
            .where((clips.c.until_utc_ns <= utc_ns) | lesson_owners.c.person.is_(None))
            .order_by(clips.c.created_utc_ns, clips.c.id)
        )
        return self._clips(found)

    def every(self) -> list[Clip]:
        """All clips there are, the oldest first."""
        return self._clips(select(clips).order_by(clips.c.created_utc_ns, clips.c.id))

    def _clips(self, found: Select[Any]) -> list[Clip]:
        with self._database.reading() as connection:
            return [_clip(row) for row in connection.execute(found).mappings()]


def _clip(row: Mapping[str, Any] | RowMapping) -> Clip:
    return Clip(**{str(name): value for name, value in row.items()})


def _values(clip: Clip) -> dict[str, object]:
    return {name: getattr(clip, name) for name in clips.c.keys()}  # noqa: SIM118 (SQLAlchemy's)
