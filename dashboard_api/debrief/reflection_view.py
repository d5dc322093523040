"""A teacher's reflection on a lesson of theirs: what they saw, on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from dashboard_api.debrief.guess_view import GuessResult, awaits_guess, guess_result
from dashboard_api.debrief.step_view import StepLine, open_step_line, step_page
from dashboard_api.lessons.timeline_view import lesson_span
from dashboard_api.moments.judged_moments import JudgedMoment, moments_of
from dashboard_api.seat_rows.chart import Strip, axis_svg, strip_svg
from dashboard_api.views.movement import ribbon
from dashboard_api.views.text import position_text
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores

__all__ = ["ReflectionPage", "SeenLine", "reflection_page"]

MAX_SEEN: Final = 8
"""So many lines fit one page beside the rest."""
_CELL_S: Final = 30
_LONGEST: Final = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenLine:
    """Something that the teacher marked, or a suggestion that they confirmed."""

    place: str
    title: str
    rest: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectionPage:
    """All of it but the answers."""

    seen: Sequence[SeenLine]
    more: int
    """How many there are beyond these."""
    step: StepLine | None
    guess: GuessResult | None
    strip: str
    axis: str
    has_movement: bool
    """False also before a guess that comes first."""
    is_to_guess: bool


def reflection_page(
    stores: Stores, seen: SeenLesson, now_utc_ns: int, zone: tzinfo | None
) -> ReflectionPage:
    lines = [_line(one) for one in moments_of(stores, seen) if _is_theirs(one)]
    start, end, _ = lesson_span(seen.lesson, now_utc_ns)
    length = seen.length_s(start, end)
    movement = ribbon(seen.epochs(stores), start, length, _CELL_S)
    gaps = [(gap.start_s, gap.end_s) for gap in seen.readings(stores, start, end).gaps]
    is_to_guess = awaits_guess(stores, seen, now_utc_ns)
    here = [each for each in step_page(stores, seen, zone).here if each.state != "proposed"]
    return ReflectionPage(
        seen=lines[:MAX_SEEN],
        more=max(0, len(lines) - MAX_SEEN),
        step=here[0] if here else open_step_line(stores, seen.viewer, zone),
        guess=guess_result(stores, seen),
        strip=strip_svg(Strip(cells=movement.mean, step_s=_CELL_S, gaps=gaps), length),
        axis=axis_svg(length),
        has_movement=not is_to_guess and bool((movement.mean == movement.mean).any()),
        is_to_guess=is_to_guess,
    )


def _is_theirs(moment: JudgedMoment) -> bool:
    if moment.kind == "own":
        return moment.is_yours
    return moment.kind == "suggested" and moment.your_answer == "confirmed"


def _line(moment: JudgedMoment) -> SeenLine:
    rest = " ".join(moment.rest.split())
    return SeenLine(
        place=f"{position_text(moment.start_s)}–{position_text(moment.end_s)}",
        title=_short(moment.title),
        rest=_short(rest),
        is_confirmed=moment.kind == "suggested",
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"
