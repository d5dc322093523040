"""The first file of the pack to read: what is in it, what is not, and whether the plan came first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from contract.clock import SECOND_NS
from roomtone.evaluation.figures import Cell, Row
from roomtone.evaluation.interviews import Sealed
from school.evaluation.plan_store import EvaluationPlan

__all__ = ["readme"]


def readme(
    plans: Sequence[EvaluationPlan],
    tables: Mapping[str, Sequence[Row]],
    made_on: date,
    starts_on: date | None,
    version: str,
    interviews: int,
    sealed: Sealed | None,
) -> str:
    """In Markdown; `tables` have their first row for the columns."""
    parts = [
        "# Evaluation pack",
        f"Made on {made_on} by Roomtone {version}. {_start(starts_on)}",
        (
            "All of it is **correlation, not cause**. No figure is of fewer than ten people, and none can "
            "be computed by adding or subtracting what is shown here. Nothing ranks a teacher, a coach or "
            "a school. Time, outcomes and coverage are of spans that were counted once: a later pack has the "
            "same figures of them, but for money, which is computed with the costs of its day."
        ),
        "## Was the plan fixed before the data?",
        *_plans(plans, tables["plans.csv"]),
        "## Files",
        _files(tables, interviews),
        (
            "`codebook.csv` has every column: its unit, how it is counted, and what is left out. An empty "
            "cell is not shown, or not known; it is never a zero. `sha256sum --check SHA256SUMS` in this "
            "folder shows whether a file was changed since."
        ),
    ]
    if sealed is not None:
        parts += ["## Interviews", _interviews(interviews, sealed)]
    return "\n\n".join(parts) + "\n"


def _start(starts_on: date | None) -> str:
    if starts_on is None:
        return "No start of the programme is set, so there are no figures of time."
    return f"The programme began on {starts_on}; weeks before are the baseline."


def _plans(plans: Sequence[EvaluationPlan], rows: Sequence[Row]) -> list[str]:
    if not plans:
        return [
            "**No plan was fixed.** What is looked at was chosen with the data at hand, or elsewhere."
        ]
    lines = []
    for plan, row in zip(plans, rows[1:], strict=True):
        of = dict(zip(rows[0], row, strict=True))
        at = datetime.fromtimestamp(plan.fixed_utc_ns // SECOND_NS, tz=UTC)
        when = "before the data" if of["is_before_the_data"] == "yes" else _known(of)
        why = (
            f" It follows the one before because {plan.because.rstrip('.')}."
            if plan.because
            else ""
        )
        wrong = "" if plan.is_whole else " **Its text is not the one that was fixed.**"
        lines.append(
            f"- Plan {plan.number} was fixed on {at:%Y-%m-%d %H:%M} UTC, {when}.{why}{wrong} "
            f"SHA-256 `{plan.sha256}`."
        )
    return [
        "\n".join(lines),
        (
            "The hash of each plan stands in the server's audit log, whose entries are chained. What "
            "somebody knew beside this server is not known to it."
        ),
    ]


def _known(of: Mapping[Cell, Cell]) -> str:
    return (
        f"**not before the data**: outcomes of {of['outcome_classes']} classes were kept, and "
        f"coverage of {of['coverage_months']} months and {of['worth_sheets']} sheets of what it was worth were counted, "
        f"and answers of {of['satisfaction_weeks']} weeks were shown"
    )


def _files(tables: Mapping[str, Sequence[Row]], interviews: int) -> str:
    about = {
        "plans.csv": "plans with their dates and hashes; their texts are in `plans/`",
        "time.csv": "hours saved against a baseline and what they cost, a sheet of weeks at a time",
        "outcomes.csv": "gains of classes, by teacher, as they were in each sheet",
        "questions.csv": "what teachers were asked about the coaching itself",
        "satisfaction.csv": "what they answered, by week",
        "coverage.csv": "how far coaching reached and where kits ran, by month",
        "waves.csv": "the same of waves of the roll-out, by the month of each",
        "criteria.csv": "what each wave is to reach before the next one begins, and whether it did",
    }
    lines = ["| file | rows | what it has |", "|---|---|---|"]
    lines += [f"| `{name}` | {len(tables[name]) - 1} | {what} |" for name, what in about.items()]
    if interviews:
        lines.append(f"| `interviews/` | {interviews} | notes of interviews, by number |")
    return "\n".join(lines)


def _interviews(interviews: int, sealed: Sealed) -> str:
    taken = len(sealed.numbers) - interviews
    gone = f" Numbers of notes that are no longer given: {taken}." if taken else ""
    return (
        f"Notes: {interviews}, each under a number that was drawn.{gone} No line has a name, sign-in "
        "name or e-mail address of anybody whom the school's server knows; people whom it does not "
        "know, such as parents and who left the school, were for the researcher to leave out. Whose number is whose stands in "
        f"a file that is not here. Its SHA-256 is `{sealed.sha256}`: so it can be shown later that it "
        "was not changed."
    )
