"""A lesson's movement as a small picture for the list: forty bars, a gap where nothing was sensed."""

from __future__ import annotations

from typing import Final

from dashboard_api.views.levels import bucketed
from dashboard_api.views.movement import Ribbon

__all__ = ["strip_svg"]

BARS: Final = 40
WIDTH: Final = 240
HEIGHT: Final = 38
LOWEST_DB: Final = -6.0
HIGHEST_DB: Final = 9.0
# Medium tones that can be seen on a light and on a dark page; the height shows the same.
COLOURS: Final = ("#c98a6b", "#c9735f", "#c05a62", "#ad4a6e", "#96478a")


def strip_svg(movement: Ribbon) -> str:
    """An SVG picture without styles, which the pages' security policy would block."""
    width = max(1, -(-len(movement.mean) // BARS))
    bars = bucketed(movement.mean, width).mean.tolist()
    step = WIDTH / max(1, len(bars))
    parts: list[str] = []
    for i, level in enumerate(bars):
        if level != level:  # noqa: PLR0124 (NaN: nothing was sensed)
            parts.append(_bar(i * step, step, 2.0, "#8d8496"))
            continue
        share = min(1.0, max(0.0, (level - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB)))
        colour = COLOURS[min(len(COLOURS) - 1, int(share * len(COLOURS)))]
        parts.append(_bar(i * step, step, 4.0 + share * (HEIGHT - 4.0), colour))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'preserveAspectRatio="none">{"".join(parts)}</svg>'
    )


def _bar(x: float, step: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x + 0.5:.1f}" y="{HEIGHT - height:.1f}" width="{max(1.0, step - 1.5):.1f}" '
        f'height="{height:.1f}" rx="1.5" fill="{colour}"/>'
    )
