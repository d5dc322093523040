"""Text as it is compared where neither case nor accents make a difference. Pure."""

from __future__ import annotations

import unicodedata

__all__ = ["plain_text"]


def plain_text(text: str) -> str:
    """In small letters without accents: "Jose" finds José."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in apart if not unicodedata.combining(each))
