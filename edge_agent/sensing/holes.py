"""Tells, in the log, from when to when a hub's frames are missing.

A hub's own count of ticks shows it, whatever the reason: a pulled plug, a hub that was full, a line
that was closed. The fault matrix reads these lines as well.
"""

from __future__ import annotations

import logging
from typing import Final

from firmware_bridge.events import FramesMissing

__all__ = ["tell_hole"]

log = logging.getLogger(__name__)

_WORTH_TELLING_NS: Final = 400_000_000
"""A hole of this length may take all values of a second."""


def tell_hole(hole: FramesMissing) -> None:
    """Say which seconds of a hub never came, or came in vain, if that may be a whole one."""
    after_ns = hole.after_ns
    if not hole.samples or after_ns is None or hole.before_ns - after_ns < _WORTH_TELLING_NS:
        return
    log.warning(
        "%s: %d samples between %d and %d ms of the boot clock %s.",
        hole.hub, hole.samples, after_ns // 1_000_000, hole.before_ns // 1_000_000,
        "never came" if not hole.undated else f"are missing, {hole.undated} came and had no date",
    )  # fmt: skip
