"""What a suggested moment says of itself: how often such stretches were what they are called.

The numbers are those of the model's manifest, from lessons that it did not learn from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from models.serving.manifest import ModelManifest
from models.serving.scores import ROOM

__all__ = ["CALMER", "CLEARLY", "STRONG", "MomentClaim", "MomentGroup", "claim_for", "claims_of"]

MomentGroup = Literal["room", "zone", "calm"]

CLEARLY: Final = 0.1
"""Lively: on average at least this much more of the pupils were off task than usual."""
CALMER: Final = 0.05
"""Calm: on average at least this much less."""
STRONG: Final = 0.9
"""From this estimate on, a lively suggestion is a strong one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentClaim:
    """How many of `n` suggestions of one group and strength were right.

    `rise` is the mean rise of the true share off task, 0 to 1. A calm stretch has no strength.
    """

    group: MomentGroup
    is_strong: bool | None
    n: int
    right: int
    rise: float

    @property
    def name(self) -> str:
        """The group and the strength, such as `zone, less clear`."""
        if self.is_strong is None:
            return self.group
        return f"{self.group}, {'clear' if self.is_strong else 'less clear'}"


def claims_of(manifest: ModelManifest) -> list[MomentClaim]:
    """The claims in a manifest; none if it has no figures of suggestions."""
    figures: Mapping[str, Any] = next(iter(manifest.figures.values()), {})
    return [MomentClaim(**one) for one in figures.get("moment_claims", ())]


def claim_for(claims: Sequence[MomentClaim], zone: str, likely: float | None) -> MomentClaim:
    """The claim about a suggestion; `likely` is None for a calm stretch.

    It is about no stretch (`n` is 0) if there was none of this group and strength.
    """
    group: MomentGroup = "calm" if likely is None else "room" if zone == ROOM else "zone"
    is_strong = None if likely is None else likely >= STRONG
    none = MomentClaim(group=group, is_strong=is_strong, n=0, right=0, rise=0.0)
    return next((one for one in claims if (one.group, one.is_strong) == (group, is_strong)), none)
