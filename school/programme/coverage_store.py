"""How far coaching reached, month by month, in the school's database: counted once each."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.programme.coverage import CoverageRow, RoomUse, coverage_rows
from school.programme.month_figures import Month, month_figures
from school.programme.records import SchoolGroup
from school.programme.small_groups import BEYOND_SCHOOL
from school.programme.store import ProgrammeStore
from school.programme.tables import coverage_months, released_reports
from school.programme.taught import TAUGHT
from school.programme.wave_store import WaveStore
from school.rooms.tables import kits, rooms, sites
from school.schema import lessons
from school.sql_store import SqlStore

__all__ = ["MONTHS_BACK", "CoverageMonth", "CoverageStore"]

MONTHS_BACK: Final = 6
"""So many months may still be counted: scores of older ones may be gone."""
_MONTHS: Final = select(coverage_months).order_by(coverage_months.c.month.desc())
_FIRST_KITS: Final = (
    select(kits.c.room, func.min(kits.c.added_utc_ns).label("since"))
    .group_by(kits.c.room)
    .subquery()
)
_WITH_KIT: Final = (
    select(lessons.c.id, lessons.c.room, rooms.c.site)
    .join(rooms, rooms.c.name == lessons.c.room)
    .join(_FIRST_KITS, _FIRST_KITS.c.room == lessons.c.room)
    .where(*TAUGHT, lessons.c.starts_utc_ns >= _FIRST_KITS.c.since)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageMonth:
    """A month as it was counted."""

    month: str
    """Such as "2026-10"."""
    rows: tuple[CoverageRow, ...]
    counted_utc_ns: int


class CoverageStore(SqlStore):
    """A month is counted once, with the schools and groups of that day, and stays as it is.

    A second count of it could differ by one person who left, or by one school in another group.
    """

    def months(self) -> list[CoverageMonth]:
        """All that are counted, the latest first."""
        return [_month(row) for row in self._read(_MONTHS)]

    def count(
        self, month: Month, sensed: Collection[str], by: Actor, *, now_utc_ns: int
    ) -> CoverageMonth:
        """Count a month, or return what is counted already; `sensed` are lessons with scores.

        Raises UsageError for a month that is not over or has fewer than ten teachers, or whose figures
        left for a collector without a count: nothing is kept then.
        """
        if now_utc_ns < month.high_utc_ns:
            raise UsageError(_("{month} is not over yet; count it then.", month=month.name))
        figures = month_figures(self._database, month, None)
        if len(figures.teachers) < BEYOND_SCHOOL:
            raise UsageError(
                _(
                    "Fewer than ten teachers had a lesson in {month}: nothing is counted.",
                    month=month.name,
                )
            )
        programme = ProgrammeStore(self._database)
        sites_of, groups = programme.sites_of_people(), programme.groups()
        waves = [
            SchoolGroup(name=wave.name, title=wave.title, sites=wave.sites)
            for wave in WaveStore(self._database).waves()
        ]
        with self._database.writing() as connection:
            earlier = connection.execute(
                select(coverage_months).where(coverage_months.c.month == month.name)
            ).first()
            if earlier is not None:
                return _month(earlier)
            left = select(released_reports.c.month).where(released_reports.c.month == month.name)
            if connection.execute(left.limit(1)).first() is not None:
                # `roomtone aggregates send` counts first: this is of a version that did not.
                raise UsageError(
                    _(
                        "Figures of {month} left for a collector before this count: beside them it could give a small group away.",
                        month=month.name,
                    )
                )
            titles = {
                row.name: row.title or row.name for row in connection.execute(select(sites)).all()
            }
            rows = coverage_rows(
                figures.teachers, figures.of["with_cycle"].keys(),
                _room_use(connection, month, sensed), sites_of, groups, titles, waves,
            )  # fmt: skip
            body = json.dumps([asdict(row) for row in rows], separators=(",", ":"))
            values = {"month": month.name, "body": body, "counted_utc_ns": by.utc_ns}
            connection.execute(insert(coverage_months), values)
            detail = {"teachers": len(figures.teachers)}
            by.record(connection, "counted", "coverage", month.name, detail=detail)
        return CoverageMonth(month=month.name, rows=tuple(rows), counted_utc_ns=by.utc_ns)


def _room_use(connection: Connection, month: Month, sensed: Collection[str]) -> list[RoomUse]:
    """Each room that had a lesson while it had a kit."""
    found: dict[str, tuple[str, int, int]] = {}
    values = {"low": month.low_utc_ns, "high": month.high_utc_ns}
    for row in connection.execute(_WITH_KIT, values).all():
        site, held, seen = found.get(row.room, (row.site, 0, 0))
        found[row.room] = site, held + 1, seen + (row.id in sensed)
    return [RoomUse(site=site, lessons=held, sensed=seen) for site, held, seen in found.values()]


def _month(row: Any) -> CoverageMonth:
    rows = tuple(CoverageRow(**each) for each in json.loads(row.body))
    return CoverageMonth(month=row.month, rows=rows, counted_utc_ns=row.counted_utc_ns)
