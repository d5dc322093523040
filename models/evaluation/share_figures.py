"""How well an area's share matches the true one: the coverage of its interval, and its bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.learning.rows import LessonRows
from models.learning.seat_learning import Probability, residuals
from models.serving.manifest import IntervalWidth, ShareBias

__all__ = ["AreaShare", "area_shares", "share_figures"]

_MIN_AREAS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaShare:
    """A room or zone over one lesson: the epochs whose true share lies inside the interval, and the
    lesson's mean share: estimated, estimated before the level was corrected, and true.
    """

    inside: NDArray[np.bool_]
    mean: float
    before: float
    true: float


def area_shares(
    rows: LessonRows, p: Probability, interval: IntervalWidth, bias: ShareBias
) -> list[AreaShare]:
    """The room, then the zones; a zone that is never judged is left out, but not the room."""
    areas: list[AreaShare] = []
    for columns in (np.arange(p.shape[1]), *rows.zones):
        error, own = residuals(rows, p, columns, bias)
        before, _ = residuals(rows, p, columns, ShareBias())
        reach = interval.reach * np.sqrt(interval.own * own + interval.shared**2)
        true = rows.truth[:, columns]
        share = float(np.nanmean(true)) if (~np.isnan(true)).any() else 0.0
        if error.size or not areas:
            areas.append(
                AreaShare(
                    inside=np.abs(error) <= reach,
                    mean=share - float(error.mean()) if error.size else share,
                    before=share - float(before.mean()) if error.size else share,
                    true=share,
                )
            )
    return areas


def share_figures(lessons: Sequence[Sequence[AreaShare]]) -> dict[str, Any]:
    """Figures of the room and of zones, from the areas of each lesson."""
    rooms = [areas[0] for areas in lessons]
    zones = [area for areas in lessons for area in areas[1:]]
    figures: dict[str, Any] = {
        "interval_coverage": _share_of([room.inside for room in rooms]),
        "interval_coverage_zones": _share_of([zone.inside for zone in zones]),
    }
    for name, areas in (("share", rooms), ("zone", zones)):
        low, high = _error_by_third([(area.mean, area.true) for area in areas])
        low_before, high_before = _error_by_third([(area.before, area.true) for area in areas])
        figures |= {
            f"{name}_error_low": low,
            f"{name}_error_high": high,
            f"{name}_error_low_before": low_before,
            f"{name}_error_high_before": high_before,
        }
    return figures


def _error_by_third(means: Sequence[tuple[float, float]]) -> tuple[float | None, float | None]:
    """The mean error of (estimated, true) pairs, in the third with the lowest and in the third with
    the highest true value.
    """
    if len(means) < _MIN_AREAS:
        return None, None
    pairs = np.array(sorted(means, key=lambda pair: pair[1]))
    error, third = pairs[:, 0] - pairs[:, 1], len(pairs) // 3
    return float(error[:third].mean()), float(error[-third:].mean())


def _share_of(flags: Sequence[NDArray[np.bool_]]) -> float | None:
    """The share of these flags that are set; None if there are none."""
    total = sum(one.size for one in flags)
    return sum(int(one.sum()) for one in flags) / total if total else None
