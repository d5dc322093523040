"""The ledger in the school's database: weeks are their owner's, costs and outcomes the district's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, tzinfo
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.audit.records import Action
from school.ledger.measured import Measured, measured_of
from school.ledger.records import COLUMNS, Costs, Outcome, Week
from school.ledger.tables import class_outcomes, ledger_costs, ledger_weeks, worth_sheets
from school.programme.taught import TAUGHT
from school.rooms.tables import kits
from school.schema import lesson_owners, lessons, roles
from school.sql_store import SqlStore, put_row

__all__ = ["LedgerStore"]

_WEEKS: Final = select(ledger_weeks).order_by(ledger_weeks.c.person, ledger_weeks.c.monday)
_COACHES: Final = select(roles.c.person).where(roles.c.role == "coach")
_COSTS: Final = select(ledger_costs)
_OUTCOMES: Final = select(class_outcomes).order_by(class_outcomes.c.number)


class LedgerStore(SqlStore):
    """Any number of programs may use it, each change in a transaction of its own."""

    def weeks_of(self, person: str) -> dict[date, Week]:
        """Monday → the week as its owner says it was."""
        rows = self._read(_WEEKS.where(ledger_weeks.c.person == person))
        return {week.monday: week for week in map(_week, rows)}

    def measured_of(
        self, person: str, zone: tzinfo | None, longest_ns: int
    ) -> Mapping[date, Measured]:
        """Monday → what the system saw itself."""
        with self._database.reading() as connection:
            return measured_of(connection, person, zone, longest_ns)

    def put_weeks(self, person: str, weeks: Sequence[Week], utc_ns: int) -> None:
        """Keep weeks of one's own, in the place of earlier ones of the same days."""
        with self._database.writing() as connection:
            for week in weeks:
                put_row(
                    connection, ledger_weeks,
                    {"person": person, "monday": week.monday.isoformat(), "written_utc_ns": utc_ns}
                    | {kind: week.minutes(kind) for kind in COLUMNS},
                )  # fmt: skip

    def remove_week(self, person: str, monday: date) -> bool:
        """Forget one week of one's own; whether there was one."""
        with self._database.writing() as connection:
            gone = connection.execute(
                delete(ledger_weeks).where(
                    ledger_weeks.c.person == person, ledger_weeks.c.monday == monday.isoformat()
                )
            )
            return bool(gone.rowcount)

    def all_weeks(self) -> dict[str, list[Week]]:
        """Person → their weeks in order: to make sums of, and for nobody to read."""
        found: dict[str, list[Week]] = {}
        for row in self._read(_WEEKS):
            found.setdefault(row.person, []).append(_week(row))
        return found

    def coaches(self) -> frozenset[str]:
        """Who has the role."""
        return frozenset(row.person for row in self._read(_COACHES))

    def teachers_between(self, low_utc_ns: int, high_utc_ns: int) -> int:
        """How many people own a lesson that began in [low, high) and is not hidden, as in coverage."""
        return self._count(
            select(func.count(lesson_owners.c.person.distinct()))
            .join(lessons, lessons.c.id == lesson_owners.c.lesson)
            .where(*TAUGHT)
            .params(low=low_utc_ns, high=high_utc_ns)
        )

    def kits(self) -> int:
        """How many kits are described."""
        return self._count(select(func.count()).select_from(kits))

    def costs(self) -> Costs:
        rows = self._read(_COSTS)
        if not rows:
            return Costs()
        row = rows[0]
        return Costs(
            starts_on=None if row.starts_on is None else date.fromisoformat(row.starts_on),
            hour_cost=row.hour_cost, kit_cost=row.kit_cost, kit_years=row.kit_years,
            school_weeks=row.school_weeks, comparison=row.comparison,
        )  # fmt: skip

    def put_costs(self, costs: Costs, by: Actor) -> None:
        """Raises UsageError for another start once a sheet is counted: it would move the baseline."""
        starts = None if costs.starts_on is None else costs.starts_on.isoformat()
        with self._database.writing() as connection:
            counted = connection.execute(select(worth_sheets.c.starts_on).limit(1)).scalar()
            if counted is not None and starts != counted:
                raise UsageError(
                    _("The start stays {day}: a sheet is counted with it.", day=counted)
                )
            put_row(connection, ledger_costs, {"id": 0} | asdict(costs) | {"starts_on": starts})
            by.record(connection, "changed_description", "programme")

    @staticmethod
    def start_in(connection: Connection) -> date | None:
        """The programme's start, within a transaction."""
        starts = connection.execute(select(ledger_costs.c.starts_on)).scalar()
        return None if starts is None else date.fromisoformat(starts)

    def outcomes_read_utc_ns(self) -> int | None:
        """When the outcomes that are kept were read in; None without any."""
        rows = self._read(select(class_outcomes.c.imported_utc_ns).limit(1))
        return int(rows[0].imported_utc_ns) if rows else None

    def outcomes(self) -> list[Outcome]:
        return [
            Outcome(
                site=row.site, teacher=row.teacher, is_coached=bool(row.is_coached),
                pupils=row.class_size, before=row.before_score, after=row.after_score,
            )
            for row in self._read(_OUTCOMES)
        ]  # fmt: skip

    def put_outcomes(self, outcomes: Sequence[Outcome], by: Actor) -> None:
        """Keep these in the place of all earlier ones; none removes them."""
        with self._database.writing() as connection:
            connection.execute(delete(class_outcomes))
            if outcomes:
                connection.execute(
                    insert(class_outcomes),
                    [
                        {
                            "number": number, "site": each.site, "teacher": each.teacher,
                            "is_coached": each.is_coached, "class_size": each.pupils,
                            "before_score": each.before, "after_score": each.after,
                            "imported_utc_ns": by.utc_ns,
                        }
                        for number, each in enumerate(outcomes)
                    ],
                )  # fmt: skip
            action: Action = "imported" if outcomes else "removed_imported"
            by.record(connection, action, "outcomes")


def _week(row: Any) -> Week:
    minutes = {kind: getattr(row, kind) for kind in COLUMNS}
    return Week(monday=date.fromisoformat(row.monday), **minutes)
