"""Which requests bring a file: their bodies may be large."""

from __future__ import annotations

import re
from typing import Final

from school.bundle.file_format import MAX_BYTES

__all__ = ["MAX_TABLE_BYTES", "MIN_PROGRESS_BYTES", "is_upload", "max_body_bytes"]

MIN_PROGRESS_BYTES: Final = 65_536
"""Within `body_timeout_s` an upload must bring at least this much: 2 kB/s, by default."""
MAX_TABLE_BYTES: Final = 2_000_000
"""Of a CSV file with a row for each class of a district."""
_TABLES: Final = frozenset({"/time/file", "/programme/outcomes"})
_PATH: Final = re.compile(r"/api/lessons/[^/]+/video/uploads/[^/]+", re.ASCII)
_FORM_BYTES: Final = 16_384
"""What a form adds to the file in it."""


def is_upload(method: str, path: str) -> bool:
    """Whether a request is a part of a video's upload, which the route itself limits.

    It may take as long as it progresses.
    """
    return method == "PATCH" and _PATH.fullmatch(path) is not None


def max_body_bytes(method: str, path: str, usual: int) -> int:
    """How large the body of any other request may be."""
    if (method, path) == ("POST", "/imported"):
        return max(usual, MAX_BYTES + _FORM_BYTES)
    if method == "POST" and path in _TABLES:
        return max(usual, MAX_TABLE_BYTES + _FORM_BYTES)
    return usual
