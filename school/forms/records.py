"""A form: sections of items, each with what one can choose there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal, get_args

from contract.language import N_

__all__ = ["CHOICES_OF_KIND", "KINDS", "Form", "Item", "Kind", "Level", "Section"]

Kind = Literal["levels", "seen", "strength", "words"]
"""`levels` describes some, of which one fits; `seen` was seen or not; `strength` was seen, and nothing
says that it was not; `words` has only words. Each has words as well."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One of the descriptions that an item's answer can be."""

    id: str
    label: str
    description: str
    """What one sees or hears; empty where the label says it."""


CHOICES_OF_KIND: Final[Mapping[Kind, tuple[Level, ...]]] = MappingProxyType({
    "seen": (
        Level(id="seen", label=N_("Seen"), description=""),
        Level(id="not-seen", label=N_("Not seen"), description=""),
    ),
    "strength": (Level(id="seen", label=N_("Seen"), description=""),),
    "words": (),
    "levels": (),
})  # fmt: skip
"""What can be chosen for an item of a kind without levels of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What one looks at."""

    id: str
    """Stays the same when the words change."""
    label: str
    description: str
    """One or two sentences: what to look for."""
    kind: Kind
    levels: tuple[Level, ...] = ()
    """Of an item of the kind `levels`, in the form's own order. Nothing adds them up."""

    @property
    def choices(self) -> tuple[Level, ...]:
        """What can be chosen."""
        return self.levels or CHOICES_OF_KIND[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Items that belong together."""

    id: str
    label: str
    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class Form:
    """All of a form."""

    id: str
    name: str
    version: str
    source: str
    """Whose it is, and under which licence."""
    about: str
    """What it is for, and how to fill it."""
    sections: tuple[Section, ...]

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """Id → item, in order."""
        return {item.id: item for section in self.sections for item in section.items}
