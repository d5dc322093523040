"""The steps that bring a school.db of an older schema up; `sqlite_lessons.py` has today's."""

from __future__ import annotations

from typing import Final

from ingest.stores.migrating import Migrations

__all__ = ["SCHOOL_MIGRATIONS"]

SCHOOL_MIGRATIONS: Final[Migrations] = {}
