"""Goes through all that is kept aside, a few messages at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Aside

__all__ = ["every_aside"]

_AT_ONCE: Final = 32
"""Of the largest that a broker accepts these are 8 MB."""


def every_aside(reader: PeriodReader) -> Iterator[Aside]:
    """All messages that are kept aside, the oldest first; what comes or goes meanwhile may show."""
    after = 0
    while found := reader.aside(_AT_ONCE, after=after):
        yield from found
        after = found[-1].id
