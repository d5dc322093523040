"""What the stores in a database have in common: reading rows, and putting one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Row, Table, Update, bindparam, insert, update

from school.database import SchoolDatabase

__all__ = ["SqlStore", "put_row"]


class SqlStore:
    """Rows of a `SchoolDatabase`; each change is a transaction of its own."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def _read(self, statement: Executable, **values: object) -> Sequence[Row[*tuple[Any, ...]]]:
        with self._database.reading() as connection:
            return connection.execute(statement, values).all()

    def _count(self, statement: Executable, **values: object) -> int:
        return int(self._read(statement, **values)[0][0])


def put_row(
    connection: Connection, table: Table, values: Mapping[str, Any], keep: Collection[str] = ()
) -> None:
    """Add a row, or change the one with its key, in which the columns of `keep` stay."""
    key = {f"key_{column.key}": values[column.key] for column in table.primary_key}
    changed = {name: value for name, value in values.items() if name not in keep}
    if not connection.execute(_update(table), {**changed, **key}).rowcount:
        connection.execute(insert(table), values)


@cache
def _update(table: Table) -> Update:
    return update(table).where(
        *(column == bindparam(f"key_{column.key}") for column in table.primary_key)
    )
