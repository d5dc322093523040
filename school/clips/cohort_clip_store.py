"""Clips that their teacher shows in a cohort, to those who are in it on that day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BindParameter, Select, and_, delete, or_, select

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.clips.records import Clip
from school.cohorts.cohort_tables import cohort_clips, cohort_members, cohorts
from school.database import SchoolDatabase
from school.sql_store import put_row

__all__ = ["CohortClips", "shown_in_cohorts"]


class CohortClips:
    """Whose clip it is, is asked before."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def show(
        self, clip: Clip, cohort: str, by: Actor, *, consent: str,
        meant: Collection[str] | None = None,
    ) -> None:  # fmt: skip
        """Show it to those who are in the cohort now; again, also to those who joined since.

        `meant` is whom its teacher read of when they confirmed it. Raises UsageError if it is
        somebody else by now, or if the clip's teacher is not in the cohort.
        """
        row = {
            "cohort": cohort, "clip": clip.id, "person": clip.person, "since_utc_ns": by.utc_ns,
        }  # fmt: skip
        members = select(cohort_members.c.person).where(
            cohort_members.c.cohort == cohort, cohort_members.c.state == "member"
        )
        coach = select(cohorts.c.coach).where(cohorts.c.id == cohort, cohorts.c.coach.is_not(None))
        with self._database.writing() as connection:
            joined = set(connection.scalars(members))
            if clip.person not in joined:
                raise UsageError(_("You are not in this cohort any more."))
            seen_by = (joined | set(connection.scalars(coach))) - {clip.person}
            if meant is not None and set(meant) != seen_by:
                raise UsageError(
                    _("Who sees it has changed meanwhile: read who it is now, and confirm again.")
                )
            put_row(connection, cohort_clips, row)
            by.record(
                connection, "showed_in_cohort", "cohort", cohort, lesson=clip.lesson,
                detail={"wording": consent},
            )  # fmt: skip

    def hide(self, clip: Clip, cohort: str, by: Actor) -> None:
        """Show it there no more; what was said to it there goes for good."""
        which = cohort_clips.c.cohort == cohort, cohort_clips.c.clip == clip.id
        with self._database.removing() as connection:
            if connection.execute(delete(cohort_clips).where(*which)).rowcount:
                by.record(connection, "hid_in_cohort", "cohort", cohort, lesson=clip.lesson)

    def clips_in(self, cohort: str) -> list[str]:
        """The clips that are shown in a cohort, the latest first; whoever may see them."""
        found = (
            select(cohort_clips.c.clip)
            .where(cohort_clips.c.cohort == cohort)
            .order_by(cohort_clips.c.since_utc_ns.desc(), cohort_clips.c.clip)
        )
        with self._database.reading() as connection:
            return list(connection.scalars(found))

    def cohorts_of(self, of: Sequence[Clip]) -> dict[str, list[tuple[str, str]]]:
        """Clip → the cohorts in which it is shown, each an id and a title, by title."""
        found = (
            select(cohort_clips.c.clip, cohorts.c.id, cohorts.c.title)
            .join(cohorts, cohorts.c.id == cohort_clips.c.cohort)
            .where(cohort_clips.c.clip.in_([each.id for each in of]))
            .order_by(cohorts.c.title, cohorts.c.id)
        )
        shown: dict[str, list[tuple[str, str]]] = {each.id: [] for each in of}
        with self._database.reading() as connection:
            for clip, cohort, title in connection.execute(found).all():
                shown[clip].append((cohort, title))
        return shown


def shown_in_cohorts(person: str | BindParameter[str]) -> Select[Any]:
    """The clips that somebody sees in cohorts: who joined or leads since is not among those meant."""
    is_member = and_(
        cohort_members.c.person == person,
        cohort_members.c.state == "member",
        cohort_members.c.since_utc_ns <= cohort_clips.c.since_utc_ns,
    )
    leads = and_(cohorts.c.coach == person, cohorts.c.changed_utc_ns <= cohort_clips.c.since_utc_ns)
    return (
        select(cohort_clips.c.clip)
        .join(cohorts, cohorts.c.id == cohort_clips.c.cohort)
        .outerjoin(
            cohort_members,
            and_(cohort_members.c.cohort == cohorts.c.id, cohort_members.c.person == person),
        )
        .where(or_(is_member, leads))
    )
