"""The steps that bring a main.db of an older schema up; `schema.py` has what it is today."""

from __future__ import annotations

from typing import Final

from ingest.stores.migrating import Migrations

__all__ = ["MAIN_MIGRATIONS"]

MAIN_MIGRATIONS: Final[Migrations] = {}
