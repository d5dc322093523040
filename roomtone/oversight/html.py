"""A document as one HTML file that loads nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from roomtone.oversight.blocks import Block, Document

__all__ = ["html_of"]

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)


def html_of(document: Document, footer: str) -> str:
    """The whole file."""
    page = _TEMPLATES.get_template("page.html")
    return page.render(document=document, footer=footer, kind_of=_kind_of) + "\n"


def _kind_of(block: Block) -> str:
    return type(block).__name__
