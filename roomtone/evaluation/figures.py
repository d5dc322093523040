"""The figures of the pack, as rows of CSV files: each with how many it is of, and an interval."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Final

from contract.clock import SECOND_NS
from dashboard_api.programme.coverage_files import coverage_csv
from dashboard_api.programme.worth_files import CAUTION
from dashboard_api.views.days import day_of, monday_of
from models.school_model.labels import wilson
from school.evaluation.plan_store import EvaluationPlan
from school.ledger.interval import Estimate
from school.ledger.records import Costs
from school.ledger.sheets import Sheet, bill_of
from school.programme.coverage_store import CoverageMonth
from school.pulse.records import WHOLE, Question, Tally
from school.pulse.showing import ShownWeek, of_every_school, of_school

__all__ = [
    "Cell",
    "Row",
    "coverage_rows",
    "outcome_rows",
    "plan_rows",
    "question_rows",
    "satisfaction_rows",
    "time_rows",
]

Cell = str | int | float | None
Row = list[Cell]
_ESTIMATE: Final = ("n", "value", "low_95", "high_95")
_DISTRICT: Final = "the whole district"
_TOO_FEW: Final = "not known, or too few people to show"


def plan_rows(
    plans: Sequence[EvaluationPlan],
    months: Sequence[CoverageMonth],
    sheets: Sequence[Sheet],
    weeks: Collection[date],
    zone: tzinfo | None,
) -> Iterator[Row]:
    """Each plan, and what was known when it was fixed; `weeks` are the Mondays of shown answers."""
    yield [
        "number", "fixed_at", "sha256", "is_as_fixed", "outcome_classes", "coverage_months",
        "worth_sheets", "satisfaction_weeks", "is_before_the_data", "because",
    ]  # fmt: skip
    for plan in plans:
        at = datetime.fromtimestamp(plan.fixed_utc_ns // SECOND_NS, tz=UTC)
        counted = sum(month.counted_utc_ns < plan.fixed_utc_ns for month in months)
        known = sum(sheet.counted_utc_ns < plan.fixed_utc_ns for sheet in sheets)
        this = monday_of(day_of(plan.fixed_utc_ns, zone))
        over = sum(monday < this for monday in weeks)
        yield [
            plan.number, f"{at:%Y-%m-%dT%H:%M:%SZ}", plan.sha256, _yes(plan.is_whole),
            plan.outcomes, counted, known, over,
            _yes(not any((plan.outcomes, counted, known, over))), plan.because,
        ]  # fmt: skip


def time_rows(sheets: Sequence[Sheet], costs: Costs) -> Iterator[Row]:
    """Hours and money of each sheet, the first one first: of everybody, by role, by group of schools."""
    yield ["first_day", "last_day", "figure", "kind", "name", *_ESTIMATE, "unit", "note"]
    week = "hours a week and person"
    for sheet in reversed(sheets):
        worth, bill = sheet.worth, bill_of(sheet, costs)
        for row in (
            _known("hours_before", "district", _DISTRICT, worth.before, week),
            _estimate("hours_saved", "district", _DISTRICT, worth.saved.get("all"), week),
            _estimate("hours_saved", "role", "coaches", worth.saved.get("coach"), week),
            _estimate("hours_saved", "role", "teachers", worth.saved.get("teacher"), week),
            *(
                _estimate("hours_saved", "group", group.title, group.saved, week)
                for group in worth.groups
                if group.name
            ),
            _estimate("travel_saved", "district", _DISTRICT, worth.travel_saved, week),
            _estimate("hours_saved_in_all", "district", _DISTRICT, bill.hours, "hours"),
            _estimate("cost_of_hours_saved", "district", _DISTRICT, bill.hours_cost, "money"),
            _estimate(
                "cost_of_a_teacher", "district", _DISTRICT, bill.teacher_year, "money a year"
            ),
        ):
            yield [*_days(sheet), *row]


def outcome_rows(sheets: Sequence[Sheet]) -> Iterator[Row]:
    """Gains of classes in each sheet, of teachers with and without coaching and by group of schools."""
    yield ["first_day", "last_day", "figure", "kind", "name", *_ESTIMATE, "classes", "unit", "note"]
    for sheet in reversed(sheets):
        worth = sheet.worth
        rows = [("classes", name, worth.gains.get(name), worth.classes.get(name))
                for name in ("coached", "others", "difference")]  # fmt: skip
        rows += [("group", group.title, group.gain, None) for group in worth.groups if group.name]
        for kind, name, found, classes in rows:
            row = _estimate("gain", kind, name, found, "points, by teacher")
            yield [*_days(sheet), *row[:7], classes if found else None, *row[7:]]


def _days(sheet: Sheet) -> tuple[str, str]:
    return sheet.span.first.isoformat(), sheet.span.last_day.isoformat()


def question_rows(questions: Sequence[Question]) -> Iterator[Row]:
    """What was asked, and which answers are counted together."""
    yield ["question", "asked", "text", "steps", "counted_steps"]
    for each in questions:
        asked = "once a week" if each.kind == "week" else "after a debrief"
        counted = each.steps[len(each.steps) - each.good :]
        yield [each.id, asked, each.text, " | ".join(each.steps), " | ".join(counted)]


def satisfaction_rows(
    questions: Sequence[Question], tallies: Sequence[Tally], titles: Mapping[str, str]
) -> Iterator[Row]:
    """Each week of ten answers or more, of each school and of all together where that may be shown."""
    yield ["question", "kind", "name", "week", "n", "low", "high", "low_95", "high_95"]
    for question in questions:
        schools = sorted({each.site for each in tallies if each.question == question.id} - {WHOLE})
        shown = [
            *((_DISTRICT, week) for week in of_every_school(tallies, question)),
            *((titles.get(site, site), week) for site in schools
              for week in of_school(tallies, question, site, is_own=False)),
        ]  # fmt: skip
        for name, week in sorted(shown, key=_by_school_and_week):
            kind = "district" if name == _DISTRICT else "school"
            yield [question.id, kind, name, week.monday.isoformat(), *_share(week)]


def coverage_rows(months: Sequence[CoverageMonth]) -> Iterator[Row]:
    """All months that were counted, the first one first."""
    yield next(coverage_csv("", ()))
    for month in reversed(months):
        rows = coverage_csv(month.month, month.rows)
        next(rows)
        yield from rows


def _estimate(figure: str, kind: str, name: str, found: Estimate | None, unit: str) -> Row:
    if found is None:
        return [figure, kind, name, None, None, None, None, unit, f"{_TOO_FEW}; {CAUTION}"]
    cells = [round(each, 3) for each in (found.value, found.low, found.high)]
    return [figure, kind, name, found.n, *cells, unit, CAUTION]


def _known(figure: str, kind: str, name: str, found: float | None, unit: str) -> Row:
    note = f"{_TOO_FEW}; {CAUTION}" if found is None else CAUTION
    return [figure, kind, name, None, found, None, None, unit, note]


def _by_school_and_week(of: tuple[str, ShownWeek]) -> tuple[bool, str, date]:
    """The whole district first."""
    return of[0] != _DISTRICT, of[0], of[1].monday


def _share(week: ShownWeek) -> list[int | float]:
    low, high = wilson(week.low, week.n)[0], wilson(week.high, week.n)[1]
    return [week.n, week.low, week.high, round(low, 4), round(high, 4)]


def _yes(is_so: bool) -> str:  # noqa: FBT001  # one word of a row
    return "yes" if is_so else "no"
