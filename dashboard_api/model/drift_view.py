"""Drift over the weeks: the verdict in words, the small chart and the rows of its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contract.language import N_, _, ngettext
from dashboard_api.language.dates import number_text
from models.drift import (
    FIRST_WEEKS,
    LARGE_PSI,
    MIN_EPOCHS,
    MIN_LESSONS,
    SOME_PSI,
    Drift,
    DriftVerdict,
    PsiChange,
    WeekDrift,
)

__all__ = ["TOP_PSI", "DriftView", "WeekRow", "drift_view", "verdict_text"]

_VERDICTS: Final[Mapping[DriftVerdict, str]] = {
    "too_few": N_("too few to say"),
    "stable": N_("much the same"),
    "by_chance": N_("within normal variation"),
    "some": N_("some change"),
    "large": N_("large change"),
}
TOP_PSI: Final = 0.4
"""Where the chart ends. A longer bar is cut off there; its table row has the number."""
_SLOT: Final = 12.0
_BAR: Final = 4.0
_HEIGHT: Final = 160.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekRow:
    """One line of the table."""

    week: str
    model: str
    where: str
    lessons: int
    minutes: int
    abstained: str
    alerts: str
    answered: str
    trained: str
    own: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftView:
    """What the model page shows about the weeks."""

    sentences: tuple[str, ...]
    svg: str
    first: str
    last: str
    rows: tuple[WeekRow, ...]
    """The school's weeks, the newest first."""
    rooms: tuple[WeekRow, ...]
    """The rooms in the newest week with enough lessons, or else in the newest week."""
    rooms_in: str
    some: str
    """From which index on there is some change, and a large one."""
    large: str
    min_lessons: int = MIN_LESSONS
    min_minutes: int = MIN_EPOCHS


def drift_view(drift: Drift, model: str) -> DriftView:
    """The weeks of a school, described for the model in use."""
    enough = drift.newest(model)
    newest = max((row.week for row in drift.rooms), default="") if enough is None else enough.week
    return DriftView(
        sentences=_sentences(drift, model),
        svg=_svg(drift),
        first=_week_text(drift.weeks[0]) if drift.weeks else "",
        last=_week_text(drift.weeks[-1]) if drift.weeks else "",
        rows=tuple(_row(week, _("all rooms")) for week in reversed(drift.school)),
        rooms=tuple(_row(week, week.room or "") for week in drift.rooms if week.week == newest),
        rooms_in=_week_text(newest) if newest else "",
        some=number_text(SOME_PSI, 1),
        large=number_text(LARGE_PSI, 2),
    )


def _sentences(drift: Drift, model: str) -> tuple[str, ...]:
    mine = [week for week in drift.school if week.model == model]
    if not mine:
        return (_("No lesson has estimates from model {model} yet.", model=model),)
    week = drift.newest(model)
    if week is None:
        last = mine[-1]
        return (
            _(
                "Not enough data yet: {week} has {lessons} and {minutes}. At least {min_lessons} "
                "lessons and {min_minutes} minutes are needed.",
                week=_week_text(last.week),
                lessons=_lessons(last.lessons),
                minutes=ngettext("{n} minute", "{n} minutes", last.epochs),
                min_lessons=MIN_LESSONS,
                min_minutes=MIN_EPOCHS,
            ),
        )
    found = []
    about, lessons = _week_text(week.week), _lessons(week.lessons)
    if week.trained is None:
        found.append(
            _(
                "{week}, {lessons}: it is not known what was usual in this model’s training.",
                week=about,
                lessons=lessons,
            )
        )
    else:
        words, numbers = _TRAINED[week.trained.verdict], _numbers(week.trained)
        found.append(_(words, week=about, lessons=lessons, numbers=numbers))
    if week.own is not None:
        found.append(_(_OWN[week.own.verdict], numbers=_numbers(week.own)))
    elif week.is_first:
        found.append(
            _(
                "This is one of your school’s first {n} weeks. Later weeks will be compared with "
                "them.",
                n=FIRST_WEEKS,
            )
        )
    else:
        found.append(_("Your school’s own first weeks have too few lessons to compare with."))
    if week.abstained >= 0.05:
        found.append(
            _(
                "The model made no estimate in {share} % of the minutes.",
                share=number_text(week.abstained * 100),
            )
        )
    return tuple(found)


_TRAINED: Final[Mapping[DriftVerdict, str]] = {
    "stable": N_(
        "{week}, {lessons}: rooms move much as in the lessons that the model learned from "
        "({numbers})."
    ),
    "by_chance": N_(
        "{week}, {lessons}: rooms differ from the lessons that the model learned from ({numbers}), "
        "but no more than single lessons differ from each other."
    ),
    "some": N_(
        "{week}, {lessons}: rooms differ somewhat from the lessons that the model learned from "
        "({numbers}). Its figures may be off."
    ),
    "large": N_(
        "{week}, {lessons}: rooms differ a lot from the lessons that the model learned from "
        "({numbers}). Do not rely on its figures here."
    ),
}
_OWN: Final[Mapping[DriftVerdict, str]] = {
    "stable": N_("Little has changed since your school’s own first weeks ({numbers})."),
    "by_chance": N_(
        "The change since your school’s own first weeks ({numbers}) is no more than single lessons "
        "differ from each other."
    ),
    "some": N_("There is some change since your school’s own first weeks ({numbers})."),
    "large": N_(
        "There is a large change since your school’s own first weeks ({numbers}). Check whether "
        "seats, kits or timetables have changed."
    ),
}


def verdict_text(change: PsiChange | None) -> str:
    """In words, how large a change is; None is one with too few lessons."""
    return _(_VERDICTS["too_few" if change is None else change.verdict])


def _numbers(change: PsiChange) -> str:
    words = {"off_task": _("estimated share"), "movement_db": _("movement")}
    parts = (f"{words[name]} {number_text(value, 2)}" for name, value in change.psi.items())
    return f"PSI: {', '.join(parts)}"


def _row(week: WeekDrift, where: str) -> WeekRow:
    answered = week.confirmed + week.dismissed
    return WeekRow(
        week=_week_text(week.week),
        model=week.model,
        where=where,
        lessons=week.lessons,
        minutes=week.epochs,
        abstained=f"{week.abstained * 100:.0f} %",
        alerts=number_text(week.alerts_per_lesson, 1),
        answered=_("{k} of {n}", k=week.confirmed, n=answered) if answered else "–",
        trained=_cell(week, week.trained),
        own=_("first weeks") if week.is_first else _cell(week, week.own),
    )


def _cell(week: WeekDrift, change: PsiChange | None) -> str:
    if change is None:
        return _("not known") if week.is_enough else verdict_text(None)
    return f"{verdict_text(change)} ({number_text(change.largest, 2)})"


def _svg(drift: Drift) -> str:
    """Two bars a week: hollow for training, filled for the school's own first weeks.

    A week with two models has a slot for each; a week without lessons has an empty slot.
    """
    slots: list[WeekDrift | None] = []
    for name in drift.weeks:
        here = [week for week in drift.school if week.week == name]
        slots += here or [None]
    width = _SLOT * max(1, len(slots))
    parts = [_line(_y(SOME_PSI), width), _line(_y(LARGE_PSI), width)]
    model = ""
    for i, slot in enumerate(slots):
        if slot is None:
            continue
        x = i * _SLOT
        if model and slot.model != model:
            parts.append(f'<path class="other-model" d="M{x:.1f} 0V{_HEIGHT:.0f}"/>')
        model = slot.model
        parts += _bar("trained", x + 1.5, slot.trained)
        parts += _bar("own", x + 6.5, slot.own)
        if slot.trained is None and slot.own is None:
            parts.append(f'<path class="few" d="M{x + 3:.1f} {_HEIGHT - 2:.1f}h{_BAR + 2:.1f}"/>')
    return (
        f'<svg class="weeks" viewBox="0 0 {width:.0f} {_HEIGHT:.0f}" preserveAspectRatio="none" '
        f'aria-hidden="true">{"".join(parts)}</svg>'
    )


def _bar(kind: str, x: float, change: PsiChange | None) -> list[str]:
    if change is None:
        return []
    top = _y(min(TOP_PSI, change.largest))
    height = max(2.0, _HEIGHT - top)
    drawn = [
        (
            f'<rect class="{kind}" x="{x:.1f}" y="{_HEIGHT - height:.1f}" width="{_BAR:.1f}" '
            f'height="{height:.1f}"/>'
        )
    ]
    if change.largest > TOP_PSI:
        drawn.append(f'<path class="cut" d="M{x:.1f} 5h{_BAR:.1f}"/>')
    return drawn


def _line(y: float, width: float) -> str:
    return f'<path class="bound" d="M0 {y:.1f}H{width:.1f}"/>'


def _y(value: float) -> float:
    return _HEIGHT * (1.0 - value / TOP_PSI)


def _week_text(week: str) -> str:
    year, _mark, number = week.partition("-W")
    return _("Week {number} of {year}", number=int(number), year=year)


def _lessons(n: int) -> str:
    return ngettext("{n} lesson", "{n} lessons", n)
