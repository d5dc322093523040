"""Drafts for the school to complete, in both languages, with this server's figures in them.

They are short files of their own for each language, as letters are, in a small part of Markdown:
headings, paragraphs, lists and tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

import yaml

from ingest.settings import ServerSettings
from roomtone.oversight.blocks import Block, Bullets, Document, Grid, Heading, Paragraph
from roomtone.oversight.situation import Situation

__all__ = ["DRAFTS", "LANGUAGES", "draft", "drafts", "figures"]

_FOLDER: Final = Path(__file__).parent / "drafts"
LANGUAGES: Final = ("en", "es")
DRAFTS: Final = {
    "dpia": "A draft of the data protection impact assessment, to be completed by the school.",
    "notice": "A draft of a notice to parents.",
    "door-sign": "A sign for the room's door, A4.",
}
"""Name → what it is, for the table of contents."""


def drafts(now: Situation) -> Iterator[Document]:
    """Each of them in each language."""
    for name in DRAFTS:
        for language in LANGUAGES:
            yield draft(name, language, now)


def draft(name: str, language: str, now: Situation) -> Document:
    """One of them, completed as far as a program can."""
    text = (_FOLDER / f"{name}.{language}.md").read_text(encoding="utf-8")
    values = {"school": now.school, **figures(now.settings, language)}
    lines = text.splitlines()
    return Document(
        name=f"{name}.{language}", title=_filled(lines[0].removeprefix("# "), values),
        about=DRAFTS[name], language=language, is_sign=name == "door-sign",
        blocks=tuple(_blocks(lines[1:], values)), markdown=_filled(text, values),
    )  # fmt: skip


def figures(settings: ServerSettings, language: str) -> dict[str, str]:
    """What stands in the drafts in braces."""
    days = {name: str(n) for name, n in settings.retention.model_dump().items()}
    words: dict[str, str] = yaml.safe_load((_FOLDER / "words.yaml").read_text())[language]
    state = "on" if settings.video.is_on else "off"
    has_backups = settings.backup.repository is not None
    return {
        **days,
        "backup_days": str(settings.backup.keep_days) if has_backups else words["backup_off"],
        "video": _filled(words[f"video_{state}"], days),
        "video_sign": words[f"sign_{state}"],
    }


def _blocks(lines: list[str], values: dict[str, str]) -> Iterator[Block]:
    for kind, some in groupby((line for line in lines if line.strip("|-")), _kind):
        texts = [_filled(line.removeprefix(kind), values) for line in some]
        if kind == "- ":
            yield Bullets(tuple(texts))
        elif kind == "| ":
            head, *rows = [tuple(cell.strip() for cell in text.strip(" |").split(" | "))
                           for text in texts]  # fmt: skip
            yield Grid("", head, tuple(rows))
        elif kind == "## ":
            yield from map(Heading, texts)
        else:
            yield from map(Paragraph, texts)


def _kind(line: str) -> str:
    return next((mark for mark in ("## ", "- ", "| ") if line.startswith(mark)), "")


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Replaces what the drafts name, once: a school's own name may have braces."""
    return text.format_map(values)
