"""What a document of the pack is made of, whatever it is written as."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = [
    "Block",
    "Bullets",
    "Document",
    "Grid",
    "Heading",
    "Link",
    "Links",
    "Listing",
    "Paragraph",
]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a document; level 2 or 3, as the title has the first."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list without an order."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Text that keeps its lines."""

    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. With a name it is a CSV file as well."""

    name: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def lines(self) -> Iterator[Sequence[str]]:
        """The headings, and then each row."""
        yield self.headings
        yield from self.rows


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the table of contents: a document with its files, the HTML file first."""

    title: str
    about: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Links:
    """The table of contents, or a part of it."""

    links: tuple[Link, ...]


Block = Heading | Paragraph | Bullets | Listing | Grid | Links


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document of the pack; `name` is that of its files, without their ending."""

    name: str
    title: str
    about: str
    """One sentence for the table of contents."""
    blocks: tuple[Block, ...]
    language: str = "en"
    is_sign: bool = False
    """Whether it hangs on a door, in large letters."""
    markdown: str = ""
    """The same text for whoever edits it, where it is to be completed."""

    def grids(self) -> Iterator[Grid]:
        """The tables that are CSV files too."""
        yield from (block for block in self.blocks if isinstance(block, Grid) and block.name)
