"""The ids of what a CSV file lists, each once: from a column `id`, or made of a label."""

from __future__ import annotations

from contract.errors import UsageError
from contract.files.csv_table import CsvRow
from school.ids import id_of
from school.strict_yaml import ID

__all__ = ["CsvIds"]


class CsvIds:
    """Those of one file."""

    def __init__(self) -> None:
        self._lines: dict[str, str] = {}
        """Id → the line that has it."""

    def of(self, row: CsvRow, column: str) -> str:
        """The id of a row, made of `column` if it gives none; raises UsageError, which names the line."""
        name = row.values["id"] or id_of(row.values[column])
        if ID.fullmatch(name) is None:
            raise UsageError(
                f"{row.where}: {row.values[column]} has no letter of a-z for an id; write one in a "
                "column id."
            )
        if (first := self._lines.setdefault(name, row.where)) != row.where:
            raise UsageError(
                f"{row.where}: the id {name} stands in {first} too; give one of them another one in "
                "a column id."
            )
        return name
