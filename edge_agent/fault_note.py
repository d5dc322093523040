"""What is wrong with the sensors: in the log when it changes, and in a file for the doctor."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from contract.errors import DecodeError
from contract.wire.messages import SensorFault

__all__ = ["FaultNote", "merged", "read_faults"]

log = logging.getLogger(__name__)

MAX_FAULTS: Final = 64
_NAME: Final = "sensors.json"
_EACH_NS: Final = 1_000_000_000


def merged(
    specific: tuple[SensorFault, ...], general: tuple[SensorFault, ...]
) -> tuple[SensorFault, ...]:
    """All faults, one for a seat: a source knows more about its sensors than their samples show."""
    known = {(fault.hub, fault.seat) for fault in specific}
    # A source that can't be read at all says so once, not for each of its seats.
    gone = {fault.hub for fault in specific if fault.seat is None and fault.kind == "absent"}
    rest = (
        fault for fault in general if (fault.hub, fault.seat) not in known and fault.hub not in gone
    )
    return (*specific, *rest)[:MAX_FAULTS]


class FaultNote:
    """Keeps the log and the file up to date, and says when something has changed."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / _NAME
        self._known: dict[tuple[str, int | None, str], SensorFault] | None = None
        self._next_ns = 0

    def look(self, ask: Callable[[], tuple[SensorFault, ...]], now_ns: int) -> bool:
        """Whether the faults differ from those of the last look; it asks once a second."""
        if now_ns < self._next_ns:
            return False
        self._next_ns = now_ns + _EACH_NS
        faults = ask()
        fresh = {(fault.hub, fault.seat, fault.kind): fault for fault in faults}
        known = self._known or {}
        if self._known is not None and fresh.keys() == known.keys():
            return False
        for key in fresh.keys() - known.keys():
            if (key[1], key[2]) != (None, "absent"):  # why a hub is down is in the log already
                log.warning("%s", fresh[key].said)
        for hub, seat, kind in known.keys() - fresh.keys():
            about = hub if seat is None else f"Seat {seat} of {hub}"
            log.info("%s: no longer so (%s).", about, kind)
        is_news = bool(fresh.keys() ^ known.keys())
        self._known = fresh
        self._write(faults)
        return is_news

    def _write(self, faults: tuple[SensorFault, ...]) -> None:
        new = self._path.with_suffix(".new")
        with suppress(OSError):  # the outbox is on the same disk, and reports the error
            new.write_text(json.dumps([fault.model_dump() for fault in faults]), encoding="utf-8")
            new.replace(self._path)


def read_faults(directory: Path) -> tuple[SensorFault, ...] | None:
    """The faults that an agent noted last; None if it noted none yet or they can't be read."""
    try:
        noted = json.loads((directory / _NAME).read_text(encoding="utf-8"))
        return tuple(SensorFault.from_map(each) for each in noted)
    except (OSError, ValueError, TypeError, AttributeError, DecodeError):
        return None
