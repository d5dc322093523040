"""What the agent knows about its connection, in a small file for the doctor.

A broker may allow one connection for each certificate, so a doctor's own connection would end the
agent's. The file is written when something changes, and not synced: it matters only while the agent
runs.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

__all__ = ["LinkNote", "LinkState", "read_link_state"]

_NAME: Final = "link.json"
_EACH_NS: Final = 5_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """The state of the connection to the broker."""

    is_linked: bool
    ingest_is_up: bool
    twins: int
    """Other kits that used this name."""
    is_pushed_out: bool
    """Another client connected with this kit's certificate."""
    reason: str = ""
    """Why there is no connection: the first reason."""


class LinkNote:
    """Writes the state to the file, at most once in five seconds."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._written: LinkState | None = None
        self._next_ns = 0

    def look(self, state: LinkState, now_ns: int) -> None:
        """Write `state` if it differs from what was written; disk errors are ignored."""
        written = self._written and replace(self._written, reason=state.reason)
        if state == written or now_ns < self._next_ns:
            return
        self._next_ns = now_ns + _EACH_NS
        fresh = self._directory / f"{_NAME}.new"
        with suppress(OSError):  # the outbox is on the same disk, and reports the error
            fresh.write_text(json.dumps(asdict(state)), encoding="utf-8")
            fresh.replace(self._directory / _NAME)
            self._written = state


def read_link_state(directory: Path) -> LinkState | None:
    """The state that an agent wrote last; None if it can't be read."""
    try:
        fields = json.loads((directory / _NAME).read_text(encoding="utf-8"))
        return LinkState(**fields)
    except (OSError, ValueError, TypeError):
        return None
