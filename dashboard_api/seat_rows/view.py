"""What the page of seat rows shows of a lesson: strips, sentences and the same as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.language import N_, _
from contract.lesson import Zone
from dashboard_api.lessons.timeline_view import gaps_json, settled
from dashboard_api.seat_rows.chart import Strip, axis_svg, strip_svg
from dashboard_api.seat_rows.rows import (
    SeatRow,
    epoch_levels,
    seat_groups,
    seat_rows,
    used_seats,
)
from dashboard_api.seat_rows.sentences import rows_sentences, why_no_rows
from dashboard_api.views.levels import bucketed
from dashboard_api.views.missing import missing_sentences
from dashboard_api.views.movement import EPOCH_S, ribbon
from dashboard_api.views.readings import RoomReadings
from dashboard_api.views.schemas import GapJson
from dashboard_api.views.seat_readings import SeatReadings
from dashboard_api.views.text import position_text, scale_text
from ingest.stores.records import EpochRecord
from models.features.seat_movement import seat_movement

__all__ = ["Lane", "RowsPage", "RowsTable", "rows_page", "rows_table"]

_STEP_S: Final = 30
_MAX_CELLS: Final = 240
_MIN_GAP_S: Final = 5
_ROWS_A_PAGE: Final = 20
_CELL_WORDS: Final = (
    N_("much less"), N_("less"), N_("as usual"), N_("more"), N_("much more"),
)  # fmt: skip
"""Of a table about "more than usual"."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lane:
    """The room, or one row of seats: never a single seat."""

    group: str
    numbers: str
    is_first: bool
    """The first row of its group: only there the strips show the group's name."""
    strip: Strip
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowsPage:
    """All that was sensed; without lanes the sentences say why."""

    length_s: int
    step_s: int
    lanes: tuple[Lane, ...]
    axis: str
    sentences: tuple[str, ...]
    gaps: tuple[str, ...]
    """What is missing, when and why."""
    gap_spans: tuple[GapJson, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsTable:
    """Twenty steps of time in words; pages are counted from 1."""

    page: int
    pages: int
    names: tuple[tuple[str, str], ...]
    """Each lane's group, and its seats."""
    rows: tuple[tuple[str, tuple[str, ...], str], ...]
    """When, each lane's movement, and what is missing."""


def rows_page(
    readings: RoomReadings,
    seats: SeatReadings,
    epochs: Sequence[EpochRecord],
    zones: Sequence[Zone],
    *,
    is_running: bool,
) -> RowsPage:
    """A lesson's rows; `epochs` have the room's movement, as the timeline shows it."""
    length, spans = settled(readings, is_running=is_running)
    groups = seat_groups(zones, seats.hubs, seats.seats)
    movement = seat_movement(seats.motion_db[:length], seats.wiggles[:length])
    rows = seat_rows(groups, used_seats(seats.seats, movement))
    step = _STEP_S * max(1, -(-length // (_STEP_S * _MAX_CELLS)))
    room = ribbon(epochs, readings.start_utc_ns, length, step).mean
    is_there = ~np.isnan(seats.motion_db[:length])
    gaps = gaps_json(spans)
    return RowsPage(
        length_s=length,
        step_s=step,
        lanes=_lanes(rows, seats.seats, movement, is_there, room, step, length) if rows else (),
        axis=axis_svg(length),
        sentences=tuple(
            rows_sentences(rows, length, is_running=is_running)
            if rows
            else [why_no_rows(length, readings, seats, gaps, room)]
        ),
        gaps=(
            *(f"{_span_text(gap.start_s, gap.end_s)}: {gap.words}" for gap in gaps),
            *missing_sentences(readings.missing, groups),
        ),
        gap_spans=tuple(gaps),
    )


def rows_table(shown: RowsPage, page: int) -> RowsTable:
    """A page of the same in words; a page beyond the last is the last."""
    step, steps = shown.step_s, -(-shown.length_s // shown.step_s)
    pages = max(1, -(-steps // _ROWS_A_PAGE))
    page = min(max(1, page), pages)
    wanted = range((page - 1) * _ROWS_A_PAGE, min(page * _ROWS_A_PAGE, steps))
    return RowsTable(
        page=page,
        pages=pages,
        names=tuple((lane.group, lane.numbers) for lane in shown.lanes),
        rows=tuple(
            (
                _span_text(at * step, min((at + 1) * step, shown.length_s)),
                tuple(_word(lane.strip, at) for lane in shown.lanes),
                "; ".join(
                    gap.words
                    for gap in shown.gap_spans
                    if gap.start_s < (at + 1) * step and gap.end_s > at * step
                ),
            )
            for at in wanted
        ),
    )


def _lanes(
    rows: Sequence[SeatRow],
    seats: Sequence[int],
    movement: NDArray[np.float32],
    is_there: NDArray[np.bool_],
    room: Floats,
    step_s: int,
    length_s: int,
) -> tuple[Lane, ...]:
    column = {seat: at for at, seat in enumerate(seats)}
    strip = Strip(cells=room, step_s=step_s, gaps=_gaps(is_there))
    lanes = [
        Lane(
            group=_("The room"),
            numbers="",
            is_first=True,
            strip=strip,
            svg=strip_svg(strip, length_s),
        )
    ]
    levels = epoch_levels(rows, seats, movement)
    for row, level in zip(rows, levels, strict=True):
        cells = bucketed(level, step_s // EPOCH_S).mean
        own = is_there[:, [column[seat] for seat in row.seats if seat in column]]
        strip = Strip(cells=cells, step_s=step_s, gaps=_gaps(own))
        lanes.append(
            Lane(
                group=row.group, numbers=row.numbers, is_first=row.group != lanes[-1].group,
                strip=strip, svg=strip_svg(strip, length_s),
            )
        )  # fmt: skip
    return tuple(lanes)


def _gaps(is_there: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The stretches of an epoch or more in which none of some seats (n, seats) had a value."""
    spans, at = [], 0
    sensed: list[bool] = is_there.any(axis=1).astype(np.bool_).tolist()
    for is_sensed, run in groupby(sensed):
        end = at + sum(1 for _ in run)
        if not is_sensed and end - at >= _MIN_GAP_S:
            spans.append((at, end))
        at = end
    return spans


def _word(strip: Strip, at: int) -> str:
    """A cell in few words."""
    level = float(strip.cells[at]) if at < len(strip.cells) else float("nan")
    start, end = at * strip.step_s, (at + 1) * strip.step_s
    if np.isnan(level) and any(gap[0] < end and gap[1] > start for gap in strip.gaps):
        return _("not sensed")
    return scale_text(level, _CELL_WORDS)


def _span_text(start_s: float, end_s: float) -> str:
    return f"{position_text(start_s)}–{position_text(end_s)}"
