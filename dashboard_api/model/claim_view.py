"""How often suggestions were right, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dashboard_api.model.outcome import Outcome
from models.serving.claims import CALMER, CLEARLY, STRONG, MomentClaim

__all__ = ["NOT_TESTED", "RIGHT_MEANS", "SuggestionLine", "claim_sentence", "suggestion_lines"]

NOT_TESTED: Final = (
    "How often this is right is not known for the model behind this lesson’s estimates."
)
_FEWEST: Final = 10
"""With fewer such stretches in the test, nothing is said of how often they are right."""
_TITLES: Final = {
    ("room", True): "A clear lively stretch of the room",
    ("room", False): "A less clear lively stretch of the room",
    ("zone", True): "A clear lively stretch of a zone",
    ("zone", False): "A less clear lively stretch of a zone",
    ("calm", None): "A calm stretch",
}
_LIVELY: Final = "clearly more pupils than usual were off task"
_CALM: Final = "fewer pupils than usual were off task"
RIGHT_MEANS: Final = (
    f"A lively stretch was right if the share of pupils off task was on average at least "
    f"{CLEARLY * 100:.0f} percentage points above its mean in that activity, a calm one if it was at "
    f"least {CALMER * 100:.0f} below the lesson’s mean. A stretch is clear if the model’s own estimate "
    f"reaches {STRONG * 100:.0f} %."
)
"""What the figures of suggestions count as right, and as clear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionLine:
    """One group of suggestions on the model page."""

    title: str
    outcome: Outcome
    words: str
    rise: str


def claim_sentence(claim: MomentClaim, source: str) -> str:
    """What a suggestion says of itself; `source` says whose lessons it was tested on."""
    if claim.n < _FEWEST:
        stretches = f"{claim.n or 'no'} such {'stretch' if claim.n < 2 else 'stretches'}"
        return f"How often this is right is not known: the test had {stretches} ({source})."
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


def _of_ten(claim: MomentClaim) -> str:
    outcome = Outcome.count(claim.right, claim.n)
    low, high = round(outcome.low * 10), round(outcome.high * 10)
    return f"In about {high} of 10" if low == high else f"In {low} to {high} of 10"


def _what(claim: MomentClaim) -> str:
    return _CALM if claim.group == "calm" else _LIVELY
