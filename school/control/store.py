"""What people ask of kits, in the school's database. Any number of programs may use it."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select, update

from school.audit.actor import Actor
from school.control.records import KitRequest
from school.control.tables import kit_requests, kit_settings, paused_lessons
from school.database import SchoolDatabase
from school.schema import lessons
from school.sql_store import put_row

__all__ = ["KitControlStore"]

_MAX_WHY: Final = 500
_SINCE: Final = select(paused_lessons.c.since_utc_ns)


class KitControlStore:
    """Each change in a transaction of its own, with who made it in the audit log."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def pause_lesson(self, lesson: str, by: Actor) -> bool:
        """A lesson is not to be sensed for now; False if it is paused already or is not there."""
        with self._database.writing() as connection:
            there = connection.scalar(select(lessons.c.id).where(lessons.c.id == lesson))
            if there is None or _is_paused(connection, lesson):
                return False
            put_row(connection, paused_lessons, {"lesson": lesson, "since_utc_ns": by.utc_ns})
            by.record(connection, "paused", "lesson", lesson, lesson=lesson)
        return True

    def resume_lesson(self, lesson: str, by: Actor) -> bool:
        """It is to be sensed again; False if it was not paused."""
        gone = delete(paused_lessons).where(paused_lessons.c.lesson == lesson)
        with self._database.writing() as connection:
            if not connection.execute(gone).rowcount:
                return False
            by.record(connection, "resumed", "lesson", lesson, lesson=lesson)
        return True

    def paused_lessons(self) -> dict[str, int]:
        with self._database.reading() as connection:
            found = connection.execute(select(paused_lessons)).all()
        return {row.lesson: row.since_utc_ns for row in found}

    def paused_since(self, lesson: str) -> int | None:
        """Since when a lesson is paused; None if it is not."""
        with self._database.reading() as connection:
            return connection.scalar(_SINCE.where(paused_lessons.c.lesson == lesson))

    def put_settings(self, room: str, node: str, settings: dict[str, float], by: Actor) -> None:
        """Replace what a kit is to have otherwise than in its own file."""
        row = {"room": room, "node": node, "settings": json.dumps(settings, sort_keys=True)}
        with self._database.writing() as connection:
            if settings:
                put_row(connection, kit_settings, row)
            else:
                connection.execute(
                    delete(kit_settings).where(
                        kit_settings.c.room == room, kit_settings.c.node == node
                    )
                )
            by.record(connection, "configured", "kit", node, detail={"room": room})

    def settings(self) -> dict[tuple[str, str], dict[str, float]]:
        with self._database.reading() as connection:
            found = connection.execute(select(kit_settings)).all()
        return {(row.room, row.node): json.loads(row.settings) for row in found}

    def ask(self, request: KitRequest, by: Actor) -> None:
        """Give a kit a command, in place of the one before."""
        row = {name: getattr(request, name) for name in kit_requests.c.keys()}  # noqa: SIM118
        with self._database.writing() as connection:
            put_row(connection, kit_requests, row)
            detail = {"command": request.command, "room": request.room}
            by.record(connection, "commanded", "kit", request.node, detail=detail)

    def requests(self) -> list[KitRequest]:
        with self._database.reading() as connection:
            found = connection.execute(
                select(kit_requests)
                .where(kit_requests.c.is_done.is_(None))
                .order_by(kit_requests.c.asked_utc_ns, kit_requests.c.id)
            ).all()
        return [_request(row) for row in found]

    def last_requests(self, room: str) -> dict[str, KitRequest]:
        """Node → the last command to it, answered or not."""
        with self._database.reading() as connection:
            found = connection.execute(
                select(kit_requests).where(kit_requests.c.room == room)
            ).all()
        return {row.node: _request(row) for row in found}

    def answer(self, request: str, *, is_done: bool, why: str) -> None:
        answered = (
            update(kit_requests)
            .where(kit_requests.c.id == request, kit_requests.c.is_done.is_(None))
            .values(is_done=is_done, why=why[:_MAX_WHY])
        )
        with self._database.writing() as connection:
            connection.execute(answered)


def _is_paused(connection: Connection, lesson: str) -> bool:
    return connection.scalar(_SINCE.where(paused_lessons.c.lesson == lesson)) is not None


def _request(row: Row[*tuple[Any, ...]]) -> KitRequest:
    return KitRequest(
        room=row.room, node=row.node, id=row.id, command=row.command, hub=row.hub,
        asked_utc_ns=row.asked_utc_ns, is_done=None if row.is_done is None else bool(row.is_done),
        why=row.why,
    )  # fmt: skip
