"""The messages between the child and its parent: a kind, a length, that many bytes.

Only the child begins; the parent answers `READ` with a length and the bytes, and nothing else.
"""

from __future__ import annotations

import struct
from typing import Final

__all__ = [
    "ANSWER",
    "HEADER",
    "LEVELS",
    "MAX_READ",
    "MAX_WRITE",
    "OFFSET",
    "PATCH",
    "PATCHED",
    "PROGRESS",
    "READ",
    "REFUSED",
    "RESULT",
    "SHARE",
    "SPAN",
    "STEPS_PER_S",
    "WRITE",
]

HEADER: Final = struct.Struct("!BI")
ANSWER: Final = struct.Struct("!I")
SPAN: Final = struct.Struct("!QI")
OFFSET: Final = struct.Struct("!Q")
SHARE: Final = struct.Struct("!d")

READ: Final = 1
"""An offset and a count of the source (`SPAN`)."""
WRITE: Final = 2
"""Bytes for the end of the sink."""
PATCH: Final = 3
"""An offset (`OFFSET`) and bytes to write over what the sink has there; the last messages."""
PROGRESS: Final = 4
"""The share that is done (`SHARE`)."""
RESULT: Final = 5
"""JSON; nothing follows."""
LEVELS: Final = 6
"""Levels as float32, this machine's byte order."""
REFUSED: Final = 7
"""JSON with a reason that the parent has a sentence for; nothing follows."""

MAX_READ: Final = 1 << 20
MAX_WRITE: Final = 1 << 20
PATCHED: Final = 1 << 16
"""Only this many of the sink's first bytes may be written over."""
STEPS_PER_S: Final = 10
"""Levels a second."""
