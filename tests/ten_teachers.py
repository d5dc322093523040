"""Ten teachers with a lesson each, as rows: the audit log has nothing of them."""

from __future__ import annotations

from sqlalchemy import insert

from school.database import SchoolDatabase
from school.schema import lesson_owners, lessons, people

__all__ = ["put_ten_teachers"]


def put_ten_teachers(database: SchoolDatabase, starts_utc_ns: int) -> None:
    """Their ids and their lessons' are "ten-0" to "ten-9"."""
    names = [f"ten-{number}" for number in range(10)]
    with database.recording() as connection:
        connection.execute(
            insert(people),
            [
                {"id": name, "name": name, "sign_in_name": name, "second_factor_step": 0,
                 "created_utc_ns": 0}
                for name in names
            ],
        )  # fmt: skip
        connection.execute(
            insert(lessons),
            [
                {"id": name, "room": "room-1", "teacher": name, "title": "", "source": "timetable",
                 "starts_utc_ns": starts_utc_ns, "ends_utc_ns": starts_utc_ns + 1,
                 "activities": "[]", "zones": "[]"}
                for name in names
            ],
        )  # fmt: skip
        connection.execute(
            insert(lesson_owners), [{"lesson": name, "person": name} for name in names]
        )
