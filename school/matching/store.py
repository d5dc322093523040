"""What people say of themselves by topic, in the school's database."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, delete, insert, or_, select

from contract.errors import UsageError
from contract.language import _
from school.cycle.tables import cycles
from school.matching.records import (
    AUDIENCES,
    KINDS,
    MAX_TOPICS,
    SUBJECTS,
    TOPICS,
    Audience,
    ColleagueTag,
    Kind,
)
from school.matching.tables import colleague_tags
from school.schema import former_people
from school.sql_store import SqlStore

__all__ = ["ColleagueStore"]

_OPEN: Final = cycles.alias("open_cycles")


class ColleagueStore(SqlStore):
    """Any number of programs may use it. People change what is theirs alone, so no log has it."""

    def of(self, person: str) -> list[ColleagueTag]:
        """All that somebody says of themselves, also what nobody sees."""
        return self._tags(_tags().where(colleague_tags.c.person == person))

    def of_others(self, person: str) -> list[ColleagueTag]:
        """What others show to anybody; `suggesting.is_shown` says whether to this person."""
        return self._tags(
            _tags().where(
                colleague_tags.c.person != person,
                colleague_tags.c.person.not_in(select(former_people.c.person)),
                colleague_tags.c.audience != "nobody",
            )
        )

    def put(self, person: str, kind: Kind, topics: Collection[str], audience: Audience) -> None:
        """Say it of themselves, in the place of what was said of this kind. Raises UsageError."""
        wanted = list(dict.fromkeys(topics))
        if kind not in KINDS or audience not in AUDIENCES:
            raise UsageError(_("Choose what it is, and who sees it."))
        if not set(wanted) <= {*TOPICS, *SUBJECTS}:
            raise UsageError(_("Choose topics of the list."))
        most = 1 if kind == "focus" else MAX_TOPICS
        if len(wanted) > most:
            raise UsageError(_("Choose {n} at most.", n=most))
        with self._database.writing() as connection:
            cycle = _open_cycle(connection, person) if kind == "focus" and wanted else None
            if kind == "focus" and wanted and cycle is None:
                raise UsageError(_("You have no open cycle that it could be about."))
            of_kind = and_(colleague_tags.c.person == person, colleague_tags.c.kind == kind)
            connection.execute(delete(colleague_tags).where(of_kind))
            for topic in wanted:
                row = {"person": person, "kind": kind, "topic": topic, "audience": audience}
                connection.execute(insert(colleague_tags), row | {"cycle": cycle})

    def _tags(self, found: Select[Any]) -> list[ColleagueTag]:
        return [ColleagueTag(**row._asdict()) for row in self._read(found)]


def _tags() -> Select[Any]:
    """With the coach of the open cycle; without what a cycle that is closed was about."""
    of_open = and_(_OPEN.c.person == colleague_tags.c.person, _OPEN.c.state == "open")
    return (
        select(*colleague_tags.c, _OPEN.c.coach)
        .outerjoin(_OPEN, of_open)
        .where(or_(colleague_tags.c.kind != "focus", colleague_tags.c.cycle == _OPEN.c.id))
        .order_by(*colleague_tags.primary_key)
    )


def _open_cycle(connection: Connection, person: str) -> str | None:
    found = select(cycles.c.id).where(cycles.c.person == person, cycles.c.state == "open")
    return connection.scalar(found)
