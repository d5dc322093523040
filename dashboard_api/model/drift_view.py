"""Drift over the weeks: the verdict in words, the small chart and the rows of its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

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

__all__ = ["TOP_PSI", "VERDICT_TEXT", "DriftView", "WeekRow", "drift_view"]

VERDICT_TEXT: Final[Mapping[DriftVerdict, str]] = {
    "too_few": "too few to say",
    "stable": "much the same",
    "by_chance": "within normal variation",
    "some": "some change",
    "large": "large change",
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
        rows=tuple(_row(week, "all rooms") for week in reversed(drift.school)),
        rooms=tuple(_row(week, week.room or "") for week in drift.rooms if week.week == newest),
        rooms_in=_week_text(newest) if newest else "",
    )


def _sentences(drift: Drift, model: str) -> tuple[str, ...]:
    mine = [week for week in drift.school if week.model == model]
    if not mine:
        return (f"No lesson has estimates from model {model} yet.",)
    week = drift.newest(model)
    if week is None:
        last = mine[-1]
        return (
            (
                f"Not enough data yet: {_week_text(last.week)} has {_many(last.lessons, 'lesson')} "
                f"and {_many(last.epochs, 'minute')}. At least {MIN_LESSONS} lessons and "
                f"{MIN_EPOCHS} minutes are needed."
            ),
        )
    found = []
    about = f"{_week_text(week.week)}, {_many(week.lessons, 'lesson')}:"
    if week.trained is None:
        found.append(f"{about} it is not known what was usual in this model’s training.")
    else:
        words = _TRAINED[week.trained.verdict].format(_numbers(week.trained))
        found.append(f"{about} {words}")
    if week.own is not None:
        found.append(_OWN[week.own.verdict].format(_numbers(week.own)))
    elif week.is_first:
        found.append(
            f"This is one of your school’s first {FIRST_WEEKS} weeks. Later weeks will be compared with "
            "them."
        )
    else:
        found.append("Your school’s own first weeks have too few lessons to compare with.")
    if week.abstained >= 0.05:
        found.append(f"The model made no estimate in {week.abstained * 100:.0f} % of the minutes.")
    return tuple(found)


_TRAINED: Final[Mapping[DriftVerdict, str]] = {
    "stable": "rooms move much as in the lessons that the model learned from ({}).",
    "by_chance": (
        "rooms differ from the lessons that the model learned from ({}), but no more than single "
        "lessons differ from each other."
    ),
    "some": (
        "rooms differ somewhat from the lessons that the model learned from ({}). Its figures may "
        "be off."
    ),
    "large": (
        "rooms differ a lot from the lessons that the model learned from ({}). Do not rely on its "
        "figures here."
    ),
}
_OWN: Final[Mapping[DriftVerdict, str]] = {
    "stable": "Little has changed since your school’s own first weeks ({}).",
    "by_chance": (
        "The change since your school’s own first weeks ({}) is no more than single lessons differ "
        "from each other."
    ),
    "some": "There is some change since your school’s own first weeks ({}).",
    "large": (
        "There is a large change since your school’s own first weeks ({}). Check whether seats, kits "
        "or timetables have changed."
    ),
}


def _numbers(change: PsiChange) -> str:
    words = {"off_task": "estimated share", "movement_db": "movement"}
    parts = (f"{words[name]} {value:.2f}" for name, value in change.psi.items())
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
        alerts=f"{week.alerts_per_lesson:.1f}",
        answered=f"{week.confirmed} of {answered}" if answered else "–",
        trained=_cell(week, week.trained),
        own="first weeks" if week.is_first else _cell(week, week.own),
    )


def _cell(week: WeekDrift, change: PsiChange | None) -> str:
    if change is None:
        return "not known" if week.is_enough else VERDICT_TEXT["too_few"]
    return f"{VERDICT_TEXT[change.verdict]} ({change.largest:.2f})"


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
    year, _, number = week.partition("-W")
    return f"Week {int(number)} of {year}"


def _many(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"
