"""How far coaching reached, as a CSV file; its words are English, as column names are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.school_model.labels import wilson
from school.programme.coverage import CoverageRow

__all__ = ["coverage_csv", "row_cells"]


def coverage_csv(
    month: str, rows: Sequence[CoverageRow]
) -> Iterator[list[str | int | float | None]]:
    """A row for each school and group; what is not shown is empty. Intervals are of 95 per cent, after Wilson."""
    yield [
        "month", "kind", "name", "title", "teachers", "with_cycle", "share", "low_95", "high_95",
        "rooms", "running", "rooms_share", "rooms_low_95", "rooms_high_95", "note",
    ]  # fmt: skip
    for row in rows:
        yield [month, row.kind, row.name, row.title or "the whole district", *row_cells(row)]


def row_cells(row: CoverageRow) -> list[str | int | float | None]:
    """The figures of a row, and why there are none."""
    note = "too few teachers to show" if row.teachers is None else ""
    if not note and row.rooms is None:
        note = "too few rooms or teachers to show rooms"
    return [
        row.teachers, row.with_cycle, *_cells(row.with_cycle, row.teachers), row.rooms, row.running,
        *_cells(row.running, row.rooms), note,
    ]  # fmt: skip


def _cells(k: int | None, n: int | None) -> list[float | None]:
    if k is None or not n:
        return [None, None, None]
    return [round(each, 4) for each in (k / n, *wilson(k, n))]
