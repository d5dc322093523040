"""Logs from when to when a hub's frames are missing.

The hub's own count of ticks shows this, whatever the reason: an unplugged hub, a full hub, a closed
line. The fault matrix reads these log lines too.
"""

from __future__ import annotations

import logging
from typing import Final

from firmware_bridge.events import FramesMissing

__all__ = ["log_missing_frames"]

log = logging.getLogger(__name__)

_MIN_LOGGED_NS: Final = 400_000_000
"""A hole of this length can leave a second without values."""


def log_missing_frames(hole: FramesMissing) -> None:
    """Log frames that never came or had no date, if a whole second may be missing."""
    after_ns = hole.after_ns
    if not hole.samples or after_ns is None or hole.before_ns - after_ns < _MIN_LOGGED_NS:
        return
    log.warning(
        "%s: %d samples between %d and %d ms of the boot clock %s.",
        hole.hub, hole.samples, after_ns // 1_000_000, hole.before_ns // 1_000_000,
        "never came" if not hole.undated else f"are missing, {hole.undated} came and had no date",
    )  # fmt: skip
