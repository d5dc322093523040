"""A school.db from before Alembic, schema 3 or 4: what the first migration makes of its tables."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

__all__ = ["OLDER_VERSIONS", "OlderSchool"]

OLDER_VERSIONS: Final = (3, 4)
_LESSON: Final = (
    "id, room, teacher, title, starts_utc_ns, ends_utc_ns, source, activities, zones, video, "
    "video_offset_s"
)
_LABEL: Final = "lesson, moment, said_by, is_room, utc_ns, model, features_version, features, rows"
_COLUMNS: Final = {
    "lessons": _LESSON,
    "moments": "id, lesson, start_s, end_s, note, author",
    "verdicts": "lesson, moment, said_by, is_confirmed, kind, zone, start_s, end_s",
    "labels": f"{_LABEL}, written_utc_ns",
    "label_opt_ins": "teacher",
    "opted_out": "room, seat",
    "imported": "lesson, source, event, occurrence",
}
_INDEXES: Final = ("lessons_room", "moments_lesson", "verdicts_moment", "labels_time")


class OlderSchool:
    """The tables of such a file; in a new file, and in PostgreSQL, there are none."""

    def __init__(self, database: Connection) -> None:
        self._database = database
        self._tables: dict[str, str] = {}
        if database.dialect.name != "sqlite":
            return
        version = database.exec_driver_sql("PRAGMA user_version").scalar_one()
        if version in OLDER_VERSIONS:
            self._tables = dict(_COLUMNS)
        if version == OLDER_VERSIONS[0]:
            # It did not know yet from which timetable a lesson was imported, nor when a label was
            # written: those that are there go by their moment's time alone.
            del self._tables["imported"]
            self._tables["labels"] = f"{_LABEL}, 0 AS written_utc_ns"

    def set_aside(self) -> None:
        """Rename them, and free the names of their indexes."""
        if not self._tables:
            return
        for index in _INDEXES:
            self._run(f"DROP INDEX {index}")
        for table in self._tables:
            self._run(f"ALTER TABLE {table} RENAME TO older_{table}")

    def take_over(self) -> None:
        """Copy their rows and drop them.

        What hangs on a lesson that is gone, which no page ever showed, is not taken over.
        """
        for table, columns in self._tables.items():
            only = " WHERE lesson IN (SELECT id FROM lessons)" if "lesson, " in columns else ""
            self._run(
                f"INSERT INTO {table}({_COLUMNS[table]}) "  # noqa: S608 - our own words alone
                f"SELECT {columns} FROM older_{table}{only}"
            )
        for table in self._tables:
            self._run(f"DROP TABLE older_{table}")

    def _run(self, statement: str) -> None:
        self._database.exec_driver_sql(statement)
