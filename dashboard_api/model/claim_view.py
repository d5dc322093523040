"""How often suggested moments were right, in words and as a reliability diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard_api.model.outcome import Outcome
from models.serving.claims import CALMER, CLEARLY, STRONG, MomentClaim

__all__ = ["Reliability", "SuggestionLine", "claim_sentence", "reliability_of", "suggestion_lines"]

FEWEST: Final = 10
"""With fewer such stretches in the test, nothing is said of how often they are right."""
_TITLES: Final = {
    ("room", True): "A clear lively stretch of the room",
    ("room", False): "A less clear one",
    ("zone", True): "A clear lively stretch of a zone",
    ("zone", False): "A less clear one of a zone",
    ("calm", None): "A calm stretch",
}
_LIVELY: Final = "clearly more pupils than usual were off task"
_CALM: Final = "fewer pupils than usual were off task"
_SIZE: Final = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionLine:
    """One group of suggestions on the page of trust."""

    title: str
    outcome: Outcome
    words: str
    rise: str


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


def claim_sentence(claim: MomentClaim | None, source: str) -> str:
    """What a suggestion says of itself; empty if its model says nothing."""
    if claim is None:
        return ""
    if claim.n < FEWEST:
        stretches = "stretch" if claim.n == 1 else "stretches"
        return f"How often this is right is not known: the test had {claim.n} such {stretches}."
    return f"{_of_ten(claim)} such stretches of {source} lessons, {_what(claim)}."


def suggestion_lines(claims: Sequence[MomentClaim], source: str) -> tuple[SuggestionLine, ...]:
    """Each group of suggestions with its figures."""
    return tuple(
        SuggestionLine(
            title=_TITLES[claim.group, claim.is_strong],
            outcome=Outcome.count(claim.right, claim.n),
            words=claim_sentence(claim, source),
            rise=f"{abs(claim.rise) * 100:.0f} percentage points "
            f"{'above' if claim.rise >= 0 else 'below'} the usual on average",
        )
        for claim in claims
    )


def reliability_of(figures: Mapping[str, Any]) -> Reliability | None:
    """The diagram of a manifest's figures; None if they have none."""
    bins = figures.get("moment_reliability")
    if not bins:
        return None
    rows = tuple(
        ReliabilityRow(
            estimate=f"{one['from'] * 100:.0f} to {one['to'] * 100:.0f} %",
            outcome=Outcome.count(one["right"], one["n"]),
        )
        for one in bins
    )
    return Reliability(rows=rows, svg=_svg(bins, rows))


def _of_ten(claim: MomentClaim) -> str:
    outcome = Outcome.count(claim.right, claim.n)
    low, high = round(outcome.low * 10), round(outcome.high * 10)
    return f"In about {high} of 10" if low == high else f"In {low} to {high} of 10"


def _what(claim: MomentClaim) -> str:
    return _CALM if claim.group == "calm" else _LIVELY


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


CLEAR_TEXT: Final = (
    f"A lively stretch was right if the share of pupils off task was on average at least "
    f"{CLEARLY * 100:.0f} percentage points above its mean in that activity, a calm one if it was at "
    f"least {CALMER * 100:.0f} below the lesson’s mean. A stretch is clear if the model’s own estimate "
    f"reaches {STRONG * 100:.0f} %."
)
