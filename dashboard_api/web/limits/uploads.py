"""Which requests bring a video: their bodies may be large, and may take as long as they progress."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["MIN_PROGRESS_BYTES", "is_upload"]

MIN_PROGRESS_BYTES: Final = 65_536
"""Within `body_timeout_s` an upload must bring at least this much: 2 kB/s, by default."""
_PATH: Final = re.compile(r"/api/lessons/[^/]+/video/uploads/[^/]+", re.ASCII)


def is_upload(method: str, path: str) -> bool:
    """Whether a request is a part of an upload, which the route itself limits."""
    return method == "PATCH" and _PATH.fullmatch(path) is not None
