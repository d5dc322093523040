"""The reports that were released to a collector, with the very bytes, in the school's database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import insert, select, update

from contract.aggregates.report import Report, decode, encode, require_together
from school.audit.actor import Actor
from school.programme.tables import released_reports
from school.sql_store import SqlStore

__all__ = ["ReleasedReport", "ReleasedReports"]

_ALL: Final = select(released_reports).order_by(
    released_reports.c.month.desc(), released_reports.c.site
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedReport:
    """A month's report of a site, once and for all."""

    body: bytes
    """What was signed."""
    collector: str
    """The address to which it was released."""
    released_utc_ns: int
    taken_utc_ns: int | None
    """When the collector said that it holds it; None until then."""

    @property
    def report(self) -> Report:
        """What it says."""
        return decode(self.body)


class ReleasedReports(SqlStore):
    """A month leaves once: what is released is never made another time from later data."""

    def all(self) -> list[ReleasedReport]:
        """All of them, the latest month first."""
        return [
            ReleasedReport(
                body=row.body.encode("ascii"), collector=row.collector,
                released_utc_ns=row.released_utc_ns, taken_utc_ns=row.taken_utc_ns,
            )
            for row in self._read(_ALL)
        ]  # fmt: skip

    def release(self, report: Report, collector: str, by: Actor) -> ReleasedReport:
        """Record it before it leaves, with its audit entry; the earlier one where there is one.

        Raises PayloadError if its figures can't be of one month.
        """
        require_together(report)
        key = {"site": report.site, "month": report.month}
        found = _ALL.where(*(released_reports.c[name] == value for name, value in key.items()))
        with self._database.writing() as connection:
            row = connection.execute(found).first()
            if row is None:
                values = {
                    "body": encode(report).decode("ascii"), "collector": collector,
                    "released_utc_ns": by.utc_ns, "taken_utc_ns": None,
                }  # fmt: skip
                connection.execute(insert(released_reports), key | values)
                detail = {"teachers": report.teachers}
                name = f"{report.site}/{report.month}"
                by.record(connection, "released", "month_report", name, detail=detail)
                row = connection.execute(found).one()
        return ReleasedReport(
            body=row.body.encode("ascii"), collector=row.collector,
            released_utc_ns=row.released_utc_ns, taken_utc_ns=row.taken_utc_ns,
        )  # fmt: skip

    def taken(self, report: Report, utc_ns: int) -> None:
        """The collector holds it."""
        mine = released_reports.c.site == report.site, released_reports.c.month == report.month
        with self._database.writing() as connection:
            connection.execute(
                update(released_reports)
                .where(*mine, released_reports.c.taken_utc_ns.is_(None))
                .values(taken_utc_ns=utc_ns)
            )
