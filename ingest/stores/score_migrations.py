"""The steps that bring a score.db of an older schema up; `sqlite_scores.py` has today's."""

from __future__ import annotations

from typing import Final

from ingest.stores.migrating import Migrations

__all__ = ["SCORE_MIGRATIONS"]

SCORE_MIGRATIONS: Final[Migrations] = {}
