"""How long computations report what they are doing."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "silent"]

Progress = Callable[[str, float], None]
"""Receives what is being done and the finished share, 0 to 1; called any number of times."""


def silent(_: str, __: float) -> None:
    """A Progress that prints nothing."""
