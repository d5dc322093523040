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

__all__ = ["TOP_PSI", "VERDICT_WORDS", "DriftView", "Row", "drift_view"]

VERDICT_WORDS: Final[Mapping[DriftVerdict, str]] = {
    "too_few": "too few to say",
    "stable": "much the same",
    "by_chance": "no more than lessons differ",
    "some": "some change",
    "large": "large change",
}
TOP_PSI: Final = 0.4
"""Where the chart ends; a longer bar is cut off there and its table row says how long it is."""
_SLOT: Final = 12.0
_BAR: Final = 4.0
_HEIGHT: Final = 160.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
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
    """What the card page shows of the weeks."""

    sentences: tuple[str, ...]
    svg: str
    first: str
    last: str
    rows: tuple[Row, ...]
    """The school's weeks, the newest first."""
    rooms: tuple[Row, ...]
    """The rooms in the newest week that has lessons enough, or else in the newest."""
    rooms_in: str
    least_lessons: int = MIN_LESSONS
    least_minutes: int = MIN_EPOCHS


def drift_view(drift: Drift, model: str) -> DriftView:
    """The weeks of a school, told for the model in use."""
    enough = drift.newest(model)
    newest = max((row.week for row in drift.rooms), default="") if enough is None else enough.week
    return DriftView(
        sentences=_sentences(drift, model),
        svg=_svg(drift),
        first=_week_words(drift.weeks[0]) if drift.weeks else "",
        last=_week_words(drift.weeks[-1]) if drift.weeks else "",
        rows=tuple(_row(week, "all rooms") for week in reversed(drift.school)),
        rooms=tuple(_row(week, week.room or "") for week in drift.rooms if week.week == newest),
        rooms_in=_week_words(newest) if newest else "",
    )


def _sentences(drift: Drift, model: str) -> tuple[str, ...]:
    mine = [week for week in drift.school if week.model == model]
    if not mine:
        return (f"No lesson has estimates of model {model} yet.",)
    week = drift.newest(model)
    if week is None:
        last = mine[-1]
        return (
            (
                f"Too little to say: {_week_words(last.week)} has {_many(last.lessons, 'lesson')} with "
                f"{_many(last.epochs, 'minute')} looked at; {MIN_LESSONS} lessons and {MIN_EPOCHS} "
                "minutes are the least."
            ),
        )
    told = []
    about = f"{_week_words(week.week)}, {_many(week.lessons, 'lesson')}:"
    if week.trained is None:
        told.append(f"{about} what was usual in training is not known for this model.")
    else:
        words = _TRAINED[week.trained.verdict].format(_numbers(week.trained))
        told.append(f"{about} {words}")
    if week.own is not None:
        told.append(_OWN[week.own.verdict].format(_numbers(week.own)))
    elif week.is_first:
        told.append(
            f"Your school's own first {FIRST_WEEKS} weeks are still what later ones will be held "
            "against."
        )
    else:
        told.append("Your school's own first weeks hold too few lessons to compare with.")
    if week.abstained >= 0.05:
        told.append(f"In {week.abstained * 100:.0f} % of the minutes it judged nothing.")
    return tuple(told)


_TRAINED: Final[Mapping[DriftVerdict, str]] = {
    "stable": "rooms move and are judged much as in the lessons that the model learned from ({}).",
    "by_chance": (
        "rooms differ from the lessons that the model learned from ({}), but no more than single "
        "lessons differ from each other."
    ),
    "some": (
        "rooms differ somewhat from the lessons that the model learned from ({}); its figures may "
        "be off."
    ),
    "large": (
        "rooms differ much from the lessons that the model learned from ({}): don't lean on its "
        "figures here."
    ),
}
_OWN: Final[Mapping[DriftVerdict, str]] = {
    "stable": "Against your school's own first weeks little has changed ({}).",
    "by_chance": (
        "Against your school's own first weeks the change ({}) is no more than single lessons "
        "differ from each other."
    ),
    "some": "Against your school's own first weeks there is some change ({}).",
    "large": (
        "Against your school's own first weeks there is a large change ({}): look whether seats, "
        "kits or timetables have changed."
    ),
}


def _numbers(change: PsiChange) -> str:
    words = {"off_task": "estimated share", "movement_db": "movement"}
    parts = (f"{words[name]} {value:.2f}" for name, value in change.psi.items())
    return f"PSI: {', '.join(parts)}"


def _row(week: WeekDrift, where: str) -> Row:
    answered = week.confirmed + week.dismissed
    return Row(
        week=_week_words(week.week),
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
        return "not known" if week.is_enough else VERDICT_WORDS["too_few"]
    return f"{VERDICT_WORDS[change.verdict]} ({change.largest:.2f})"


def _svg(drift: Drift) -> str:
    """Two bars a week: against training hollow, against the own first weeks filled.

    A week that two models share has a place for each; a week without lessons has an empty one.
    """
    places: list[WeekDrift | None] = []
    for name in drift.weeks:
        here = [week for week in drift.school if week.week == name]
        places += here or [None]
    width = _SLOT * max(1, len(places))
    parts = [_line(_y(SOME_PSI), width), _line(_y(LARGE_PSI), width)]
    model = ""
    for i, place in enumerate(places):
        if place is None:
            continue
        x = i * _SLOT
        if model and place.model != model:
            parts.append(f'<path class="other-model" d="M{x:.1f} 0V{_HEIGHT:.0f}"/>')
        model = place.model
        parts += _bar("trained", x + 1.5, place.trained)
        parts += _bar("own", x + 6.5, place.own)
        if place.trained is None and place.own is None:
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


def _week_words(week: str) -> str:
    year, _, number = week.partition("-W")
    return f"Week {int(number)} of {year}"


def _many(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"
