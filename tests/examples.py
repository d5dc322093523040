"""How many examples Hypothesis tries in a test that has its own number."""

from __future__ import annotations

from hypothesis import settings

__all__ = ["examples"]


def examples(number: int) -> int:
    """That number, or what the profile says if that is less (`few`, on an emulated machine)."""
    return min(number, settings().max_examples)
