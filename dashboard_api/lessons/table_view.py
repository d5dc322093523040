"""The timeline as a table, page by page: the same numbers for readers who can't use a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dashboard_api.views.schemas import TimelineJson
from dashboard_api.views.text import amount_text, position_text, times_text

__all__ = ["ROWS_A_PAGE", "TablePage", "TableRow", "table_page"]

ROWS_A_PAGE: Final = 20
ROW_S: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """Half a minute."""

    start_s: int
    place: str
    planned: tuple[str, ...]
    """The phases of the plan that reach into it."""
    movement: str
    movement_times: str
    noise: str
    noise_range: str
    zones: tuple[str, ...]
    missing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePage:
    """Twenty rows; pages are counted from 1."""

    page: int
    pages: int
    zones: tuple[str, ...]
    has_plan: bool
    rows: tuple[TableRow, ...]


def table_page(timeline: TimelineJson, page: int) -> TablePage:
    """A page of a whole lesson's timeline at 30 s; a page beyond the last is the last."""
    first = int(timeline.from_s) // ROW_S
    rows = max(0, -(-int(timeline.length_s) // ROW_S) - first)
    pages = max(1, -(-rows // ROWS_A_PAGE))
    page = min(max(1, page), pages)
    wanted = range(first + (page - 1) * ROWS_A_PAGE, first + min(page * ROWS_A_PAGE, rows))
    return TablePage(
        page=page,
        pages=pages,
        zones=tuple(zone.name for zone in timeline.zones),
        has_plan=bool(timeline.plan),
        rows=tuple(_row(timeline, i) for i in wanted),
    )


def _row(timeline: TimelineJson, i: int) -> TableRow:
    start, end = i * ROW_S, (i + 1) * ROW_S
    at = i - int(timeline.from_s) // ROW_S
    movement, noise = timeline.movement.mean[at], timeline.noise.mean[at]
    cells = ROW_S // timeline.zone_step_s
    return TableRow(
        start_s=start,
        place=f"{position_text(start)}–{position_text(min(end, timeline.length_s))}",
        planned=tuple(
            phase.name for phase in timeline.plan if phase.start_s < end and phase.end_s > start
        ),
        movement=amount_text(float("nan") if movement is None else movement),
        movement_times="–" if movement is None else times_text(movement),
        noise="–" if noise is None else f"{noise:.0f}",
        noise_range=_range(timeline.noise.least[at], timeline.noise.most[at]),
        zones=tuple(_max_text(zone.cells[i * cells : (i + 1) * cells]) for zone in timeline.zones),
        missing="; ".join(
            gap.words for gap in timeline.gaps if gap.start_s < end and gap.end_s > start
        ),
    )


def _range(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:.0f}–{high:.0f}"


def _max_text(cells: list[float | None]) -> str:
    values = [cell for cell in cells if cell is not None]
    return times_text(max(values)) if values else "–"
