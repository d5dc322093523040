"""A framework: groups of tags for notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

__all__ = ["Framework", "Tag", "TagGroup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One word to mark a note with."""

    id: str
    """Stays the same when the words change."""
    label: str
    description: str
    """One short sentence: when to use it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagGroup:
    """Tags that belong together."""

    id: str
    label: str
    tags: tuple[Tag, ...]


@dataclass(frozen=True, kw_only=True)
class Framework:
    """All of a framework."""

    id: str
    name: str
    version: str
    source: str
    """Whose it is, and under which licence."""
    groups: tuple[TagGroup, ...]

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Id → label of each tag."""
        return {tag.id: tag.label for group in self.groups for tag in group.tags}
