"""The strips of the page of seat rows as SVG: they need no script, and print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dashboard_api.views.text import position_text

__all__ = ["STRIP_PX", "Strip", "axis_svg", "strip_svg", "swatch_svg"]

STRIP_PX: Final = 22
_AXIS_PX: Final = 20
_LOWEST_DB: Final = -6.0
_HIGHEST_DB: Final = 9.0
_SHADES: Final = 9
_TICKS_S: Final = (60, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400)
_MAX_TICKS: Final = 6

Floats = NDArray[np.float64]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strip:
    """Cells over a lesson, and the whole seconds in which nothing was sensed."""

    cells: Floats
    step_s: int
    gaps: Sequence[Span]


def strip_svg(strip: Strip, length_s: int) -> str:
    """Bars whose height and shade show the same level, as in the timeline's zones."""
    step = strip.step_s
    parts = [_line("grid", at, at, length_s) for at in _ticks(length_s)]
    for at, level in enumerate(strip.cells.tolist()):
        if level == level:  # noqa: PLR0124 (NaN: not known)
            start, end = at * step, min((at + 1) * step, length_s)
            parts.append(_bar(level, start, end, length_s))
    parts += [
        _line("unknown", start * step, min(end * step, length_s), length_s)
        for start, end in _empty(strip.cells)
    ]
    # On top: a gap may begin within a cell.
    parts += [_gap(*gap, length_s) for gap in strip.gaps]
    return _svg(STRIP_PX, "strip", parts)


def axis_svg(length_s: int) -> str:
    """The time in the lesson below the strips."""
    ticks, parts = _ticks(length_s), []
    for at in ticks:
        anchor = "start" if at == 0 else "end" if at > 0.97 * length_s else "middle"
        x = _percent(at, length_s)
        parts.append(f'<text x="{x}" y="15" text-anchor="{anchor}">{position_text(at)}</text>')
    return _svg(_AXIS_PX, "axis", parts)


def swatch_svg(level_db: float | None, kind: str = "") -> str:
    """A piece of a strip for the legend."""
    part = _bar(level_db, 0, 1, 1) if level_db is not None else ""
    if kind == "gap":
        part = _gap(0, 1, 1)
    elif kind == "unknown":
        part = _line("unknown", 0, 1, 1)
    return _svg(STRIP_PX, "swatch", [part])


def _bar(level_db: float, start: float, end: float, length_s: int) -> str:
    share = min(1.0, max(0.0, (level_db - _LOWEST_DB) / (_HIGHEST_DB - _LOWEST_DB)))
    height = max(3, round(STRIP_PX * (0.18 + 0.82 * share)))
    shade = min(_SHADES - 1, int(share * _SHADES))
    return _rect(f"h{shade}", start, end, length_s, STRIP_PX - height, height)


def _gap(start: int, end: int, length_s: int) -> str:
    """Hatched by a pattern of the page; the plain shade below it is for old browsers."""
    x, width = _percent(start, length_s), _percent(end - start, length_s)
    return "".join(
        f'<rect {look} x="{x}" y="0" width="{width}" height="{STRIP_PX}"/>'
        for look in ('class="gap"', 'fill="url(#hatch)"')
    )


def _rect(name: str, start: float, end: float, length_s: int, y: int, height: int) -> str:
    x, width = _percent(start, length_s), _percent(end - start, length_s)
    return f'<rect class="{name}" x="{x}" y="{y}" width="{width}" height="{height}"/>'


def _line(name: str, start: float, end: float, length_s: int) -> str:
    x1, x2 = _percent(start, length_s), _percent(end, length_s)
    y1, y2 = (0, STRIP_PX) if start == end else (STRIP_PX // 2, STRIP_PX // 2)
    return f'<line class="{name}" x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"/>'


def _svg(height: int, name: str, parts: Sequence[str]) -> str:
    return (
        f'<svg class="{name}" width="100%" height="{height}" aria-hidden="true" focusable="false">'
        f"{''.join(parts)}</svg>"
    )


def _percent(second: float, length_s: int) -> str:
    return f"{100 * second / max(1, length_s):.2f}%"


def _ticks(length_s: int) -> list[int]:
    step = next((s for s in _TICKS_S if length_s / s <= _MAX_TICKS), _TICKS_S[-1])
    return list(range(0, length_s + 1, step))


def _empty(cells: Floats) -> list[Span]:
    """The runs of cells without a value."""
    spans, at = [], 0
    for is_empty, run in groupby(np.isnan(cells).tolist()):
        end = at + sum(1 for _ in run)
        if is_empty:
            spans.append((at, end))
        at = end
    return spans
