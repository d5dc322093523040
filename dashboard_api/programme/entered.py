"""A number as a field of a form has it. Pure."""

from __future__ import annotations

__all__ = ["entered"]


def entered(value: float | None) -> str:
    """With a point where it has a part, and without one where it is whole; empty for None."""
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else repr(value)
