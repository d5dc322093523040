"""Answers that a browser saves as a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.responses import Response

from contract.files.csv_rows import csv_text

__all__ = ["csv_file", "saved_file"]


def csv_file(name: str, rows: Iterable[Sequence[str | int | float | None]]) -> Response:
    """A table, the names of its columns in its first row."""
    return saved_file(name, csv_text(rows), "text/csv; charset=utf-8")


def saved_file(name: str, content: str | bytes, media_type: str) -> Response:
    """`name` is the file's, of letters, digits, "-" and "." alone."""
    return Response(
        content,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
