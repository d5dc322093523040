"""Writing CSV: no spreadsheet takes anybody's words for a formula, whatever separates its cells."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Final, TextIO

__all__ = ["cell_text", "csv_text", "write_rows"]

Cell = str | int | float | None

# A spreadsheet that splits at semicolons, tabs or lines meets the rest of a text as a cell of its own.
_FORMULA: Final = re.compile(r"""(^|[;|\t\r\n])(?=[\s"]*[=+\-@＝＋－＠])""")


def cell_text(text: str) -> str:
    """The same text with `'` before each place where a spreadsheet could see a formula begin."""
    return _FORMULA.sub(r"\1'", text)


def write_rows(file: TextIO, rows: Iterable[Sequence[Cell]]) -> None:
    """Write rows to a file that was opened with `newline=""`. Numbers stay numbers; None is empty."""
    writer = csv.writer(file)
    writer.writerows(
        [cell_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )


def csv_text(rows: Iterable[Sequence[Cell]]) -> str:
    """A whole file. It starts with a byte order mark: by that Excel knows UTF-8."""
    file = StringIO(newline="")
    file.write("\ufeff")
    write_rows(file, rows)
    return file.getvalue()
