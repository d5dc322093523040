"""How far coaching reached in a month, as rows of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from babel.dates import format_date

from contract.language import N_, _, language, pgettext
from dashboard_api.language.dates import number_text
from models.school_model.labels import wilson
from school.programme.coverage import KINDS, CoverageRow, Kind

__all__ = ["CoverageLine", "coverage_line", "coverage_lines", "month_text"]

_TOO_FEW: Final = N_("not shown: fewer than ten teachers, or too few to hide a small group")
_FEW_ROOMS: Final = N_(
    "not shown: fewer than five rooms or ten teachers, or too few to hide a small group"
)
_KIND_WORDS: Final[dict[Kind, str]] = {
    "district": N_("The whole district"),
    "group": N_("Groups of schools"),
    "wave": N_("Waves"),
    "school": N_("Schools"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageLine:
    """A school or a group of schools."""

    title: str
    teachers: str
    """How many, or why that is not shown."""
    is_shown: bool
    cycles: str = ""
    rooms: str = ""


def coverage_lines(rows: Sequence[CoverageRow]) -> list[tuple[str, list[CoverageLine]]]:
    """What each part of the table is called, and its lines in their order; no part is empty."""
    parts = [
        (_(_KIND_WORDS[kind]), [coverage_line(row) for row in rows if row.kind == kind])
        for kind in KINDS
    ]
    return [(words, lines) for words, lines in parts if lines]


def month_text(name: str) -> str:
    """Such as "October 2026"."""
    day = date.fromisoformat(f"{name}-01")
    return format_date(day, pgettext("pattern of a date", "LLLL y"), locale=language().tag)


def coverage_line(row: CoverageRow) -> CoverageLine:
    """A row of a table."""
    title = row.title or _("The whole district")
    if row.teachers is None:
        return CoverageLine(title=title, teachers=_(_TOO_FEW), is_shown=False)
    return CoverageLine(
        title=title, teachers=number_text(row.teachers), is_shown=True,
        cycles=_share(row.with_cycle, row.teachers, none=_("no teacher had a lesson")),
        rooms=_(_FEW_ROOMS) if row.rooms is None
        else _share(row.running, row.rooms, none=_("no room with a kit had a lesson")),
    )  # fmt: skip


def _share(k: int | None, n: int | None, *, none: str) -> str:
    if not n:
        return none
    if k is None:
        return _("not shown: the share would give a group of fewer than ten away")
    low, high = wilson(k, n)
    return _(
        "{share} % ({low} to {high} %): {k} of {n}", k=k, n=n,
        share=number_text(100 * k / n), low=number_text(100 * low), high=number_text(100 * high),
    )  # fmt: skip
