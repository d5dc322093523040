"""Shares of a group in fifths: a percent of seven pupils would name two of them."""

from __future__ import annotations

__all__ = ["fifth_of", "fifths_of"]


def fifth_of(share: float) -> float:
    """A share rounded to fifths: the smallest group that is shown has five seats."""
    return fifths_of(share) / 5


def fifths_of(share: float) -> int:
    """How many fifths a share is about."""
    return round(min(1.0, max(0.0, share)) * 5)
