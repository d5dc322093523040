"""A group of schools, as the district names it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SchoolGroup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolGroup:
    """Such as "north" or "Title I"; a school may be in several, and in none."""

    name: str
    title: str
    """What people call it."""
    sites: frozenset[str] = frozenset()
    """The names of its schools."""
