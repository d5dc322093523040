"""Plans of an evaluation in the school's database: a plan is fixed, and only followed by another."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, insert, select

from contract.errors import UsageError
from school.audit.actor import Actor
from school.evaluation.tables import evaluation_plans
from school.ledger.tables import class_outcomes
from school.sql_store import SqlStore

__all__ = ["MAX_PLAN", "EvaluationPlan", "EvaluationPlanStore", "hash_of"]

MAX_PLAN: Final = 200_000
"""Letters."""
_MAX_BECAUSE: Final = 500
_PLANS: Final = select(evaluation_plans).order_by(evaluation_plans.c.number)
_OUTCOMES: Final = select(func.count()).select_from(class_outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationPlan:
    """A plan as it was fixed."""

    number: int
    """1 is the first one."""
    text: str
    sha256: str
    """Of the text in UTF-8, as it was fixed."""
    because: str
    """Why it follows the plan before it; empty for the first one."""
    outcomes: int
    """Of how many classes outcomes were kept already: with 0 it was fixed before the data."""
    fixed_utc_ns: int

    @property
    def is_whole(self) -> bool:
        """Whether its text is still the one that was fixed."""
        return hash_of(self.text) == self.sha256


class EvaluationPlanStore(SqlStore):
    """Has no way to change or remove a plan. The audit log has the hash of each, in its chain."""

    def plans(self) -> list[EvaluationPlan]:
        """All of them, the first one first."""
        return [_plan(row) for row in self._read(_PLANS)]

    def fix(self, text: str, because: str, by: Actor) -> EvaluationPlan:
        """Fix a plan. Raises UsageError for an empty one, the same text again, or a missing reason."""
        because = " ".join(because.split())
        if not text.strip():
            raise UsageError("the plan is empty")
        if len(text) > MAX_PLAN:
            raise UsageError(f"the plan has more than {MAX_PLAN} letters")
        if "\0" in text:
            raise UsageError("the plan has a NUL in it: it is no text")
        if len(because) > _MAX_BECAUSE:
            raise UsageError(f"the reason has more than {_MAX_BECAUSE} letters")
        with self._database.writing() as connection:
            earlier = [_plan(row) for row in connection.execute(_PLANS).all()]
            if earlier and earlier[-1].text == text:
                raise UsageError(f"this is plan {earlier[-1].number} already")
            if earlier and not because:
                raise UsageError(
                    f"plan {earlier[-1].number} is fixed; say with --because why another follows it"
                )
            plan = EvaluationPlan(
                number=len(earlier) + 1, text=text, sha256=hash_of(text),
                because=because if earlier else "",
                outcomes=int(connection.scalar(_OUTCOMES) or 0), fixed_utc_ns=by.utc_ns,
            )  # fmt: skip
            values = {
                "number": plan.number, "body": plan.text, "sha256": plan.sha256,
                "because": plan.because, "outcomes": plan.outcomes,
                "fixed_utc_ns": plan.fixed_utc_ns,
            }  # fmt: skip
            connection.execute(insert(evaluation_plans), values)
            by.record(connection, "fixed", "evaluation_plan", plan.sha256)
        return plan


def hash_of(text: str) -> str:
    """SHA-256 of a text in UTF-8, as `sha256sum` prints it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plan(row: Any) -> EvaluationPlan:
    return EvaluationPlan(
        number=row.number, text=row.body, sha256=row.sha256, because=row.because,
        outcomes=row.outcomes, fixed_utc_ns=row.fixed_utc_ns,
    )  # fmt: skip
