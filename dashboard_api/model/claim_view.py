"""How often suggestions were right, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contract.language import N_, _, ngettext
from dashboard_api.language.dates import number_text
from dashboard_api.model.outcome import Outcome
from dashboard_api.model.source import source_text
from models.serving.claims import CALMER, CLEARLY, STRONG, MomentClaim

__all__ = ["NOT_TESTED", "SuggestionLine", "claim_sentence", "right_means", "suggestion_lines"]

NOT_TESTED: Final = N_(
    "How often this is right is not known for the model behind this lesson’s estimates."
)
_FEWEST: Final = 10
"""With fewer such stretches in the test, nothing is said of how often they are right."""
_TITLES: Final = {
    ("room", True): N_("A clear lively stretch of the room"),
    ("room", False): N_("A less clear lively stretch of the room"),
    ("zone", True): N_("A clear lively stretch of a zone"),
    ("zone", False): N_("A less clear lively stretch of a zone"),
    ("calm", None): N_("A calm stretch"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionLine:
    """One group of suggestions on the model page."""

    title: str
    outcome: Outcome
    words: str
    rise: str


def right_means() -> str:
    """What the figures of suggestions count as right, and as clear."""
    return _(
        "A lively stretch was right if the share of pupils off task was on average at least "
        "{clearly} percentage points above its mean in that activity, a calm one if it was at "
        "least {calmer} below the lesson’s mean. A stretch is clear if the model’s own estimate "
        "reaches {strong} %.",
        clearly=number_text(CLEARLY * 100),
        calmer=number_text(CALMER * 100),
        strong=number_text(STRONG * 100),
    )


def claim_sentence(claim: MomentClaim, source: str) -> str:
    """What a suggestion says of itself; `source` says whose lessons it was tested on."""
    words = source_text(source)
    if not claim.n:
        return _(
            "How often this is right is not known: the test had no such stretch ({source}).",
            source=words,
        )
    if claim.n < _FEWEST:
        return ngettext(
            "How often this is right is not known: the test had {n} such stretch ({source}).",
            "How often this is right is not known: the test had {n} such stretches ({source}).",
            claim.n,
            source=words,
        )
    often = _of_ten(claim)
    if claim.group == "calm":
        return _(
            "{often} such stretches of {source} lessons, fewer pupils than usual were off task.",
            often=often,
            source=words,
        )
    return _(
        "{often} such stretches of {source} lessons, clearly more pupils than usual were off task.",
        often=often,
        source=words,
    )


def suggestion_lines(claims: Sequence[MomentClaim], source: str) -> tuple[SuggestionLine, ...]:
    """Each group of suggestions with its figures."""
    return tuple(
        SuggestionLine(
            title=_(_TITLES[claim.group, claim.is_strong]),
            outcome=Outcome.count(claim.right, claim.n),
            words=claim_sentence(claim, source),
            rise=_rise(claim.rise),
        )
        for claim in claims
    )


def _of_ten(claim: MomentClaim) -> str:
    outcome = Outcome.count(claim.right, claim.n)
    low, high = round(outcome.low * 10), round(outcome.high * 10)
    if low == high:
        return _("In about {n} of 10", n=high)
    return _("In {low} to {high} of 10", low=low, high=high)


def _rise(rise: float) -> str:
    points = number_text(abs(rise) * 100)
    if rise >= 0:
        return _("{points} percentage points above the usual on average", points=points)
    return _("{points} percentage points below the usual on average", points=points)
