"""The types of columns in the school's data, in SQLite and in PostgreSQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import REAL, BigInteger, Boolean, Double, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["COUNT", "FLAG", "REAL_NUMBER", "TEXT"]


class _PostgresText(TypeDecorator[str]):
    """Text of PostgreSQL, ordered by code points as SQLite does it; it can't hold a NUL."""

    impl = Text(collation="C")
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        del dialect
        return None if value is None else value.replace("\0", "\ufffd")


# SQLite's strict tables know four types.
TEXT: Final = Text().with_variant(_PostgresText(), "postgresql")
COUNT: Final = BigInteger().with_variant(Integer(), "sqlite")
REAL_NUMBER: Final[TypeEngine[float]] = Double().with_variant(REAL(), "sqlite")
FLAG: Final = Boolean().with_variant(Integer(), "sqlite")
