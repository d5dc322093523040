"""Makes ids of the labels that people write."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["id_of"]

_MAX_ID: Final = 60


def id_of(label: str) -> str:
    """A label in lower case, with hyphens; empty if nothing of it can stand in an id."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_MAX_ID].strip("-")
