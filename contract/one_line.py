"""Prints text that others wrote: one line each, without control characters.

A title may contain a line break, a topic an escape sequence. Commands print their lines with
`say`.
"""

from __future__ import annotations

import logging
import sys
from typing import Final

__all__ = ["OneLineFormatter", "one_line", "say"]

_JOINERS: Final = "\u200c\u200d"
"""They are not printable, but Persian, Indic scripts and emoji need them."""


def one_line(text: str) -> str:
    """The text with a space for each line break or blank, and ? for anything not printable."""
    if text.isprintable():
        return text
    return "".join(_shown(each) for each in text)


def _shown(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    return " " if character.isspace() else "?"


def say(line: str) -> None:
    """Write one line to standard output at once."""
    sys.stdout.write(one_line(line) + "\n")
    sys.stdout.flush()


class OneLineFormatter(logging.Formatter):
    """Formats each log message as one line; a traceback below it keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # it overrides
        return one_line(super().formatMessage(record))
