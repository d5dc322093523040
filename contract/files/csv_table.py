"""Tables of text: CSV as spreadsheets save it, with column names in the first line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Final

from contract.errors import UsageError

__all__ = ["CsvRow", "read_table"]

_SEPARATORS: Final = ";\t,"
# Excel's own first line: `sep=;`, perhaps in quotes, perhaps with the separators of empty columns.
_SEPARATOR_LINE: Final = re.compile(r'"?sep=([;,\t|])"?[;,\t|]*(?:\r\n?|\n|$)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One line: where it is, and its stripped values by column; "" where it has none."""

    where: str
    values: dict[str, str]


def read_table(
    text: str, *, name: str, columns: Sequence[str], optional: Sequence[str] | None = ()
) -> list[CsvRow]:
    """The rows below the first line, without empty rows and empty columns that have no name.

    Only `columns` and `optional` are allowed; with `optional=None` any other column is too.

    Raises UsageError, which names the line.
    """
    text = text.lstrip("\ufeff")
    found = _SEPARATOR_LINE.match(text)
    if found is not None:
        separator, text, above = found[1], text[found.end() :], 1
    else:
        separator, above = _separator(text), 0
    # newline="" leaves line ends to the csv module, which knows those of every system.
    lines = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        filled = (
            (f"{name}, line {lines.line_num + above}", [value.strip() for value in line])
            for line in lines
            if any(value.strip() for value in line)
        )
        return list(_rows(filled, name, columns, optional))
    except csv.Error as error:
        raise UsageError(f"{name}, line {lines.line_num + above}: not CSV ({error}).") from error


def _separator(text: str) -> str:
    head = next((line for line in text.splitlines() if re.search(r"\w", line)), "")
    return next((each for each in _SEPARATORS if each in head), ",")


def _rows(
    lines: Iterator[tuple[str, list[str]]],
    name: str,
    columns: Sequence[str],
    optional: Sequence[str] | None,
) -> Iterator[CsvRow]:
    _, head = next(lines, ("", []))
    names = [column.lower() for column in head]
    missing = [column for column in columns if column not in names]
    known = {*columns, *(names if optional is None else optional)}
    unknown = [column for column in names if column and column not in known]
    twice = sorted({column for column in names if column and names.count(column) > 1})
    also = f" and, if you like, {', '.join(optional)}" if optional else ""
    for problem, found in (("no", missing), ("unknown", unknown), ("more than one", twice)):
        if found:
            raise UsageError(
                f"{name}: the first line has {problem} {', '.join(found)}; it names the columns "
                f"{', '.join(columns)}{also}."
            )
    for where, values in lines:
        beyond = [value for i, value in enumerate(values) if i >= len(names) or not names[i]]
        if any(beyond):
            raise UsageError(
                f"{where}: more values than columns; put texts with a separator into quotes."
            )
        yield CsvRow(
            where,
            dict.fromkeys((*columns, *(optional or ())), "")
            | {column: value for column, value in zip(names, values, strict=False) if column},
        )
