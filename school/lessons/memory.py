"""A lesson store in memory, for tests and experiments. It forgets when it is closed."""

from __future__ import annotations

from school.lessons.store import SqlLessonStore
from school.sqlite_database import MemoryDatabase

__all__ = ["MemoryLessonStore"]


class MemoryLessonStore(SqlLessonStore):
    """`LessonStore` in a database that one process has to itself."""

    def __init__(self) -> None:
        super().__init__(MemoryDatabase())
