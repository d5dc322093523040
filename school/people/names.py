"""What people are called, many in one statement, and what stands for those who left."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, bindparam, select

from school.schema import people

__all__ = ["names_of"]

_NAMES: Final = select(people.c.id, people.c.name).where(
    people.c.id.in_(bindparam("ids", expanding=True)), people.c.name != ""
)


def names_of(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """By id; whoever left is not in it."""
    if not ids:
        return {}
    rows = connection.execute(_NAMES, {"ids": sorted(ids)}).all()
    return {row[0]: row[1] for row in rows}
