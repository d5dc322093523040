"""The lesson page's timeline, made from the stores' records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.language import _
from contract.lesson import Activity, Zone
from dashboard_api.lessons.summary import summary
from dashboard_api.views.levels import LEVELS_S, bucketed, finest_level
from dashboard_api.views.missing import missing_sentences
from dashboard_api.views.movement import CELL_S, EPOCH_S, ZoneCells, ribbon, zone_cells
from dashboard_api.views.planned import Beside, summary_sentences
from dashboard_api.views.readings import GapSpan, RoomReadings
from dashboard_api.views.schemas import (
    ActivityJson,
    GapJson,
    MovementJson,
    NoiseJson,
    PlannedJson,
    TimelineJson,
    ZoneJson,
)
from dashboard_api.views.text import ACTIVITY_TEXT, GAP_TEXT, joined_text, position_text
from ingest.stores.records import EpochRecord
from school.lessons.records import Lesson

__all__ = [
    "clock_seconds",
    "decided",
    "gaps_json",
    "lesson_span",
    "movement_json",
    "noise_json",
    "settled",
    "timeline",
    "zones_json",
]

STILL_ARRIVING_S: Final = 10
"""Seconds at the end of a running lesson that may still arrive, so they are not a gap yet."""

Floats = NDArray[np.float64]


def lesson_span(lesson: Lesson, now_utc_ns: int) -> tuple[int, int, bool]:
    """Start, end so far, and whether the lesson is running; a future lesson has no length."""
    starts, ends = lesson.starts_utc_ns, lesson.ends_utc_ns
    is_running = starts <= now_utc_ns and (ends is None or now_utc_ns < ends)
    until = now_utc_ns if ends is None else min(ends, now_utc_ns)
    return starts, max(starts, until), is_running


def settled(readings: RoomReadings, *, is_running: bool) -> tuple[int, list[GapSpan]]:
    """The length and the gaps without the last seconds, which may still arrive."""
    length, gaps = readings.length_s, list(readings.gaps)
    if is_running and gaps and gaps[-1].end_s == length and gaps[-1].reason == "not_received":
        last = gaps[-1]
        if last.end_s - last.start_s <= STILL_ARRIVING_S:
            return last.start_s, gaps[:-1]
    return length, gaps


def timeline(
    lesson: Lesson,
    readings: RoomReadings,
    epochs: Sequence[EpochRecord],
    *,
    is_running: bool,
    zone: tzinfo | None,
    first_s: float = 0.0,
    activities: Sequence[Activity] | None = None,
    planned: Sequence[Beside] = (),
    level_s: int | None = None,
    from_s: float = 0.0,
    to_s: float | None = None,
) -> TimelineJson:
    """The timeline of [from_s, to_s) at `level_s`, or at the finest step that fits a screen.

    `readings` and `epochs` hold what the reader sees, from `first_s` on.
    """
    length, gaps = settled(readings, is_running=is_running)
    end = length if to_s is None else min(length, max(0, int(np.ceil(to_s))))
    level = level_s if level_s in LEVELS_S else finest_level(max(1.0, end - from_s))
    # Buckets count from the lesson's start, so that a part matches the whole.
    grid = max(level, EPOCH_S)
    begin = int(min(max(first_s, from_s), end) // grid) * grid
    if from_s >= end or end <= first_s:
        begin = end  # nothing of what was asked for is there
    start_ns = lesson.starts_utc_ns + begin * SECOND_NS
    cells = zone_cells(epochs, lesson.starts_utc_ns, length)
    whole = ribbon(epochs, lesson.starts_utc_ns, length, 30)
    return TimelineJson(
        lesson=lesson.id,
        from_s=begin,
        length_s=length,
        clock_s=clock_seconds(lesson.starts_utc_ns, zone),
        is_running=is_running,
        level_s=level,
        movement=movement_json(epochs, start_ns, end - begin, level),
        noise=noise_json(readings, begin, end, level),
        zone_step_s=CELL_S,
        zones=zones_json(cells),
        gaps=gaps_json(gaps),
        plan=[
            PlannedJson(
                start_s=line.start_s,
                end_s=line.end_s,
                name=line.phase.name,
                began_s=line.began_s,
                ended_s=line.ended_s,
                over_s=line.over_s,
                is_absent=line.phase.is_absent,
                words=" ".join(line.sentences),
            )
            for line in planned
        ],
        activities=[
            ActivityJson(
                start_s=activity.start_s,
                end_s=activity.end_s,
                name=activity.name,
                words=_(ACTIVITY_TEXT[activity.name]),
            )
            for activity in (lesson.activities if activities is None else activities)
        ],
        summary=[
            *summary(
                length,
                whole,
                readings,
                [gap for gap in gaps if not gap.words],
                [cell.zone for cell in cells],
            ),
            *decided(gaps),
            *missing_sentences(readings.missing, _named(lesson, cells)),
            *(summary_sentences(planned) if planned else []),
        ],
    )


def movement_json(
    epochs: Sequence[EpochRecord], start_utc_ns: int, length_s: int, level_s: int
) -> MovementJson:
    drawn = ribbon(epochs, start_utc_ns, length_s, level_s)
    return MovementJson(
        step_s=drawn.step_s,
        least=_trace(drawn.least),
        mean=_trace(drawn.mean),
        most=_trace(drawn.most),
        low=_trace(drawn.low),
        high=_trace(drawn.high),
    )


def noise_json(readings: RoomReadings, begin: int, end: int, level_s: int) -> NoiseJson:
    laeq, la10, la90 = (
        bucketed(readings.levels[name][begin:end], level_s) for name in ("laeq_1s", "la10", "la90")
    )
    return NoiseJson(
        step_s=level_s,
        least=_trace(laeq.least),
        mean=_trace(laeq.mean),
        most=_trace(laeq.most),
        quiet=_trace(la90.mean),
        loud=_trace(la10.mean),
    )


def zones_json(cells: Sequence[ZoneCells]) -> list[ZoneJson]:
    return [ZoneJson(name=cell.zone, seats=cell.seats, cells=_trace(cell.cells)) for cell in cells]


def gaps_json(gaps: Sequence[GapSpan]) -> list[GapJson]:
    return [
        GapJson(
            start_s=gap.start_s, end_s=gap.end_s, reason=gap.reason,
            words=gap.words or _(GAP_TEXT[gap.reason]),
        )
        for gap in gaps
    ]  # fmt: skip


def decided(gaps: Sequence[GapSpan]) -> list[str]:
    """A sentence about what a person left out or did not share."""
    parts = [
        _("{start} to {end} ({why})", start=position_text(gap.start_s),
          end=position_text(gap.end_s), why=gap.words)
        for gap in gaps
        if gap.words
    ]  # fmt: skip
    return [_("Not here: {parts}.", parts=joined_text(parts))] if parts else []


def _named(lesson: Lesson, cells: Sequence[ZoneCells]) -> list[Zone]:
    """The zones that are shown: the others are not named either."""
    shown = {cell.zone for cell in cells}
    return [zone for zone in lesson.zones if zone.name in shown]


def clock_seconds(utc_ns: int, zone: tzinfo | None) -> int:
    """Seconds since local midnight; `zone` None means the computer's own."""
    local = datetime.fromtimestamp(utc_ns / SECOND_NS, tz=UTC).astimezone(zone)
    return local.hour * 3600 + local.minute * 60 + local.second


def _trace(values: Floats) -> list[float | None]:
    # A tenth of a decibel is finer than anything that is drawn.
    return [None if value != value else value for value in values.round(1).tolist()]  # noqa: PLR0124
