"""`roomtone evaluation`: fix the plan of an evaluation before its data, list plans and write one out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.files.text_file import read_text
from school.audit.actor import Actor
from school.evaluation.plan_store import EvaluationPlan, EvaluationPlanStore

__all__ = ["add_actions"]

Say = Callable[[str], None]


def add_actions(
    parser: argparse.ArgumentParser,
    # argparse has no public name for it.
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Define the actions; `do` is called with a store, the arguments, an actor and `say`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    fix = actions.add_parser(
        "fix", help="fix a plan: it can't be changed, only followed by another"
    )
    fix.add_argument("file", type=Path, metavar="FILE", help="text, such as Markdown")
    fix.add_argument("--because", default="", metavar="WHY", help="why it follows an earlier plan")
    fix.set_defaults(do=_fix)
    plans = actions.add_parser(
        "plans", help="list the plans, and say whether each is as it was fixed"
    )
    plans.set_defaults(do=_list)
    show = actions.add_parser("show", help="print a plan exactly as it was fixed")
    show.add_argument("number", type=int, metavar="NUMBER")
    show.set_defaults(do=_show)
    return actions


def _fix(store: EvaluationPlanStore, args: argparse.Namespace, by: Actor, say: Say) -> int:
    say(_line(store.fix(read_text(args.file), args.because, by)))
    return 0


def _list(store: EvaluationPlanStore, _args: argparse.Namespace, _by: Actor, say: Say) -> int:
    """Returns 1 if a plan is not as it was fixed."""
    plans = store.plans()
    if not plans:
        say("No plan is fixed.")
    for plan in plans:
        say(_line(plan))
    return 0 if all(plan.is_whole for plan in plans) else 1


def _show(store: EvaluationPlanStore, args: argparse.Namespace, _by: Actor, _say: Say) -> int:
    found = next((plan for plan in store.plans() if plan.number == args.number), None)
    if found is None:
        raise UsageError(f"there is no plan {args.number}; `roomtone evaluation plans` shows all.")
    # With its own ends of lines: `sha256sum` has to print the hash of it.
    sys.stdout.buffer.write(found.text.encode())
    sys.stdout.buffer.flush()
    return 0 if found.is_whole else 1


def _line(plan: EvaluationPlan) -> str:
    at = datetime.fromtimestamp(plan.fixed_utc_ns // SECOND_NS, tz=UTC)
    data = "before any outcome" if not plan.outcomes else f"when outcomes of {plan.outcomes} classes were kept"  # fmt: skip
    why = f", because {plan.because}" if plan.because else ""
    wrong = "" if plan.is_whole else " ITS TEXT IS NOT THE ONE THAT WAS FIXED."
    return f"Plan {plan.number}: fixed {at:%Y-%m-%d %H:%M} UTC, {data}{why}. SHA-256 {plan.sha256}.{wrong}"
