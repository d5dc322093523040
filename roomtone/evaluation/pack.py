"""The pack: plans, figures with their codebook, and interview notes, as files by their names."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from pathlib import Path
from typing import Final

from contract.files.csv_rows import csv_text
from dashboard_api.programme.wave_view import criterion_csv, wave_csv
from dashboard_api.pulse.asking import has_enough_coaches
from dashboard_api.views.days import day_of, monday_of
from roomtone.evaluation import figures
from roomtone.evaluation.interviews import Interview, Sealed, require_no_names
from roomtone.evaluation.readme import readme
from school import School
from school.evaluation.names import Names
from school.evaluation.plan_store import EvaluationPlan
from school.pulse.records import Question

__all__ = ["Evaluation", "codebook_rows", "names_in", "pack_files", "plans_of", "questions_of"]

_CODEBOOK: Final = Path(__file__).with_name("codebook.csv")
"""What each column of each table is."""
_ALL_WEEKS: Final = timedelta(days=20 * 366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a pack is made from, besides the school's database."""

    zone: tzinfo | None
    questions: tuple[Question, ...]
    utc_ns: int
    version: str
    plans: Sequence[EvaluationPlan]
    interviews: Sequence[Interview] = ()
    sealed: Sealed | None = None
    """None without interviews."""


def names_in(school: School, allowed: Iterable[str], others: Iterable[str] = ()) -> Names:
    """The names of everybody who is known to the school, also of teachers in timetables alone.

    Who left has no name here any more: `others` are names that somebody else keeps.
    """
    people = school.people.people()
    names = [person.name for person in people if not person.has_left]
    for person in people:
        names += school.sharing.names_of(person.id)
    return Names(
        [*names, *school.sharing.untied_names(), *others],
        [person.sign_in_name for person in people if not person.has_left],
        allowed,
    )


def codebook_rows() -> list[list[str]]:
    """A row for each column of each table, after a row for the columns of this one."""
    with _CODEBOOK.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def plans_of(school: School, names: Names) -> list[EvaluationPlan]:
    """All plans; raises UsageError if one has a name in it, or a wave's criterion has."""
    words = {
        f"a criterion of the wave {wave.title}": "\n".join(each.words for each in wave.criteria)
        for wave in school.waves.waves()
    }
    require_no_names(words, names)
    plans = school.evaluation_plans.plans()
    require_no_names({f"plan {plan.number}": plan.text for plan in plans}, names)
    require_no_names({f"the reason of plan {plan.number}": plan.because for plan in plans}, names)
    return plans


def questions_of(school: School, questions: Iterable[Question]) -> tuple[Question, ...]:
    """Those whose answers are about no single coach, as on the pages."""
    is_enough = has_enough_coaches(school.people.people())
    return tuple(each for each in questions if is_enough or each.kind != "debrief")


def pack_files(school: School, of: Evaluation) -> Iterator[tuple[str, bytes]]:
    """Each file by its name in the pack."""
    months, waves = school.coverage.months(), school.waves.waves()
    sheets = school.worth_sheets.sheets()
    schools = {site.name: site.title or site.name for site in school.rooms.sites()}
    this = monday_of(day_of(of.utc_ns, of.zone))
    tallies = school.pulse.tallies(this - _ALL_WEEKS, this)
    satisfaction = list(figures.satisfaction_rows(of.questions, tallies, schools))
    at = satisfaction[0].index("week")
    weeks = {date.fromisoformat(str(row[at])) for row in satisfaction[1:]}
    tables = {
        "plans.csv": list(figures.plan_rows(of.plans, months, sheets, weeks, of.zone)),
        "time.csv": list(figures.time_rows(sheets, school.ledger.costs())),
        "outcomes.csv": list(figures.outcome_rows(sheets)),
        "questions.csv": list(figures.question_rows(of.questions)),
        "satisfaction.csv": satisfaction,
        "coverage.csv": list(figures.coverage_rows(months)),
        "waves.csv": list(wave_csv(waves, months)),
        "criteria.csv": list(criterion_csv(waves, months)),
    }
    made_on = day_of(of.utc_ns, of.zone)
    starts_on = school.ledger.costs().starts_on
    text = readme(of.plans, tables, made_on, starts_on, of.version, len(of.interviews), of.sealed)
    yield "README.md", text.encode()
    yield "codebook.csv", csv_text(codebook_rows()).encode()
    for name, rows in tables.items():
        yield name, csv_text(rows).encode()
    for plan in of.plans:
        yield f"plans/plan-{plan.number}.txt", plan.text.encode()
    if of.sealed is not None:
        numbers = of.sealed.numbers
        for each in sorted(of.interviews, key=lambda each: numbers[each.file]):
            number = numbers[each.file]
            yield f"interviews/interview-{number:03}{each.suffix}", each.text.encode()
