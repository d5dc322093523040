"""Rows of a CSV file that a person hands over, as spreadsheets of any country write it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Final

from contract.errors import UsageError

__all__ = ["read_rows"]

_SEPARATORS: Final = (";", "\t", ",")
_SEPARATOR_LINE: Final = re.compile(r'"?sep=([;\t,|])"?[;\t,|]*(?:\r\n?|\n|$)', re.IGNORECASE)
"""Excel's own first line; behind it may stand the separators of empty columns."""


def read_rows(
    text: str, where: str, columns: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row that is not empty: where it is, for an error, and its values by column.

    The first line names the columns, `columns` among them; others are passed on. Commas,
    semicolons and tabs separate; Excel's `sep=` line says which. Values are stripped, and "" where
    a row is short. Raises UsageError.
    """
    text = text.lstrip("\ufeff")
    named = _SEPARATOR_LINE.match(text)
    skipped = 0 if named is None else 1
    if named is not None:
        separator, text = named[1], text[named.end() :]
    else:
        head = text.partition("\n")[0]
        separator = next((mark for mark in _SEPARATORS if mark in head), ",")
    # newline="" leaves line ends to the csv module, which knows those of every system.
    rows = csv.reader(StringIO(text, newline=""), delimiter=separator)
    try:
        names = [name.strip().lower() for name in next(rows, [])]
        missing = [name for name in columns if name not in names]
        if missing:
            raise UsageError(
                f"{where} lacks the column {', '.join(missing)}; its first line names the columns, "
                f"of which {', '.join(columns)} are needed."
            )
        twice = [name for name in columns if names.count(name) > 1]
        if twice:
            raise UsageError(f"{where} has the column {twice[0]} twice; keep one of the two.")
        for row in rows:
            values = [value.strip() for value in row]
            if not any(values):
                continue
            line = f"{where} line {rows.line_num + skipped}"
            if any(values[len(names) :]):
                raise UsageError(f"{line}: more values than columns; put texts into quotes.")
            values += [""] * (len(names) - len(values))
            yield line, dict(zip(names, values, strict=False))
    except csv.Error as error:
        raise UsageError(f"{where} line {rows.line_num + skipped}: not CSV ({error}).") from error
