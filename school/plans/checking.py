"""A plan that was read, held against its lesson and the school's standards."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from contract.errors import UsageError
from contract.language import _
from school.plans.plan_file import DraftPhase
from school.plans.records import Phase

__all__ = ["checked_phases"]


def checked_phases(
    draft: Sequence[DraftPhase], lesson_s: float, code_of: Callable[[str], str | None]
) -> tuple[Phase, ...]:
    """The phases; raises UsageError for more minutes than the lesson has, or an unknown standard.

    `code_of` has the code of a tag as its framework writes it, None if there is none.
    """
    phases, minutes = [], 0
    for each in draft:
        minutes += each.minutes
        if minutes * 60 > lesson_s:
            raise UsageError(
                _(
                    "Line {line}: with this phase the plan has {n} minutes, and the lesson has "
                    "{most}.",
                    line=each.line, n=minutes, most=int(lesson_s // 60),
                )
            )  # fmt: skip
        codes = dict.fromkeys(_code(line, tag, code_of) for line, tag in each.tags)
        phases.append(Phase(name=each.name, minutes=each.minutes, standards=tuple(codes)))
    return tuple(phases)


def _code(line: int, tag: str, code_of: Callable[[str], str | None]) -> str:
    code = code_of(tag)
    if code is None:
        raise UsageError(
            _(
                "Line {line}: the standards of this school have no {tag}. Search for it below the "
                "text, or leave it out.",
                line=line, tag=f"#{tag}",
            )
        )  # fmt: skip
    return code
