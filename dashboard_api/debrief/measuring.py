"""The measure of a next step in one lesson, of what the reader sees of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from contract.lesson import Activity
from dashboard_api.lessons.timeline_view import lesson_span
from dashboard_api.views.movement import area_movement
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from models.measures.calm import Change, beginning_of, changes_of, seconds_until_calm
from models.measures.movement import minutes_of_more_movement
from models.measures.noise import noise_of
from models.measures.records import Measured, MeasureKind
from models.serving.scores import ROOM
from school.debrief.records import Shows, StepText

__all__ = ["kind_of", "measured", "spans_of"]

_KINDS: Final[Mapping[Shows, MeasureKind]] = MappingProxyType({
    "settles": "calm", "zone": "movement", "quieter": "noise",
})  # fmt: skip
_ENDS_S: Final = 300.0
"""Of a step about noise: so long are a lesson's beginning and its end."""

Spans = list[tuple[float, float]]


def kind_of(text: StepText) -> MeasureKind | None:
    """By what a step is measured; None for what the timeline can't show."""
    return _KINDS.get(text.shows)


def measured(stores: Stores, seen: SeenLesson, text: StepText, now_utc_ns: int) -> Measured | None:
    """The step's measure; None if it has none, or too little of what it needs is known."""
    kind = kind_of(text)
    start, end, is_running = lesson_span(seen.lesson, now_utc_ns)
    length_s = seen.length_s(start, end)
    if kind is None or is_running or not length_s:
        return None
    activities = seen.activities()
    if kind == "noise":
        levels = seen.readings(stores, start, end).levels["laeq_1s"]
        return noise_of(levels, spans_of(text, activities, length_s))
    area = text.shows_zone if kind == "movement" else ROOM
    movement = area_movement(seen.epochs(stores), start, length_s, area)
    if kind == "movement":
        return minutes_of_more_movement(movement, spans_of(text, activities, length_s))
    return seconds_until_calm(
        movement, _changes(text, activities, length_s), seen_from_s=seen.cut.bounds.start_s
    )


def spans_of(text: StepText, activities: Sequence[Activity], length_s: float) -> Spans:
    """The parts of a lesson that a step about movement or noise is about.

    Of movement the first minutes that the step names, or the last ones of the lesson's end.
    """
    most = 60.0 * (text.shows_minutes or 0) if text.shows == "zone" else float("inf")
    if text.part in {"", "start", "end"}:
        most = most if text.shows == "zone" else _ENDS_S
        end = min(most, length_s)
        return [(length_s - end, length_s)] if text.part == "end" else [(0.0, end)]
    return [
        (one.start_s, min(one.start_s + most, one.end_s))
        for one in activities
        if one.name == text.part
    ]


def _changes(text: StepText, activities: Sequence[Activity], length_s: float) -> list[Change]:
    """A step about the transition is about each change of activity, any other about the beginning."""
    if text.part == "transition":
        return changes_of(activities)
    return [beginning_of(activities, length_s)]
