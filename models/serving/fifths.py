"""Shares of a group in fifths: a percent of seven pupils would name two of them."""

from __future__ import annotations

from typing import Final

__all__ = ["fifth_of", "share_text"]

_FIFTHS: Final = (
    "hardly any", "about a fifth", "about two fifths", "about three fifths", "about four fifths",
    "nearly all",
)  # fmt: skip


def fifth_of(share: float) -> float:
    """A share rounded to fifths: the smallest group that is shown has five seats."""
    return round(min(1.0, max(0.0, share)) * 5) / 5


def share_text(share: float) -> str:
    """A share in words, such as "about two fifths"."""
    return _FIFTHS[round(fifth_of(share) * 5)]
