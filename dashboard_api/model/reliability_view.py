"""The reliability diagram: how often suggestions were right, next to the model's own estimates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contract.language import _
from dashboard_api.language.dates import number_text
from dashboard_api.model.outcome import Outcome

__all__ = ["Reliability", "reliability_of"]

_SIZE: Final = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityRow:
    """Suggestions with similar estimates."""

    estimate: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """The estimates next to how often they were right."""

    rows: tuple[ReliabilityRow, ...]
    svg: str


def reliability_of(figures: Mapping[str, Any]) -> Reliability | None:
    """The diagram of a manifest's figures; None if they have none."""
    bins = figures.get("moment_reliability")
    if not bins:
        return None
    rows = tuple(
        ReliabilityRow(
            estimate=_(
                "{low} to {high} %",
                low=number_text(one["from"] * 100),
                high=number_text(one["to"] * 100),
            ),
            outcome=Outcome.count(one["right"], one["n"]),
        )
        for one in bins
    )
    return Reliability(rows=rows, svg=_svg(bins, rows))


def _svg(bins: Sequence[Mapping[str, Any]], rows: Sequence[ReliabilityRow]) -> str:
    """Right by estimate, with 95 % intervals; on the line, the estimate would be exact."""
    parts = [f'<path class="exact" d="M0 {_SIZE:g}L{_SIZE:g} 0"/>']
    for one, row in zip(bins, rows, strict=True):
        x = one["likely"] * _SIZE
        low, at, high = (
            _SIZE * (1.0 - share)
            for share in (row.outcome.low, row.outcome.right / row.outcome.n, row.outcome.high)
        )
        parts.append(f'<path class="reach" d="M{x:.1f} {low:.1f}V{high:.1f}"/>')
        parts.append(f'<circle class="right" cx="{x:.1f}" cy="{at:.1f}" r="4.5"/>')
    return (
        f'<svg class="reliability" viewBox="-8 -8 {_SIZE + 16:g} {_SIZE + 16:g}" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )
