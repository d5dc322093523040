"""What of a school's report of a month may leave beside that month's coverage. Pure.

Both count who had a lesson, and who of them had a cycle. An administrator reads both, so that what
coverage hides of a school, for its own sake or for another's, must not stand in a report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from contract.aggregates.report import Report
from school.programme.coverage import CoverageRow, Kind

__all__ = ["beside_coverage"]


def beside_coverage(
    report: Report, rows: Iterable[CoverageRow], *, is_district: bool
) -> Report | None:
    """The report without what coverage does not show; None where nothing of it may leave.

    `rows` are the month's as they were counted, `is_district` says that the report is of everybody.
    Of other people, after somebody came, left or moved, nothing leaves: the two numbers would differ
    by that person. The number with a cycle is that of coverage, so that it says nothing of who moved.
    """
    kind: Kind = "district" if is_district else "school"
    name = "" if is_district else report.site
    row = next((each for each in rows if (each.kind, each.name) == (kind, name)), None)
    if row is None or row.teachers != report.teachers:
        return None
    figures = dict(report.figures)
    figures.pop("with_cycle", None)
    if row.with_cycle is not None:
        figures = {"with_cycle": row.with_cycle} | figures
    return replace(report, figures=figures)
