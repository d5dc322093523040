"""Remembers when a number last grew, to say what has stopped.

The newest second of a kit grows as long as its readings arrive, whatever the kit's clock shows, and
however fast a simulation runs: waiting is measured on the clock that is never scaled.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from contract.clock import SECOND_NS
from dashboard_api.live.program_state import Moment

__all__ = ["Advances"]

MAX_AGE_NS: Final = 10 * SECOND_NS
"""What is seen for the first time, and is no older, counts as new."""
_MAX_PAUSE_NS: Final = 5 * SECOND_NS
"""After a longer time without a look, what has grown is as good as seen for the first time."""
_MAX_HELD: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Mark:
    value: int
    grew: Moment
    looked_ns: int


class Advances:
    """The numbers by key, each with when it grew."""

    def __init__(self) -> None:
        self._held: dict[Hashable, _Mark] = {}

    def stopped_since(
        self, key: Hashable, value: int, *, true_utc_ns: int, now: Moment, after_s: float
    ) -> int | None:
        """The UTC since when it has not grown; None while it has in the last `after_s`.

        `true_utc_ns` is the time that the number stands for.
        """
        before = self._held.pop(key, None)
        if before is not None and before.value == value:
            grew = before.grew
        elif before is not None and now.elapsed_ns - before.looked_ns <= _MAX_PAUSE_NS:
            grew = now
        else:
            age_ns = now.utc_ns - true_utc_ns
            grew = now
            if age_ns > MAX_AGE_NS:
                grew = Moment(elapsed_ns=now.elapsed_ns - age_ns, utc_ns=true_utc_ns)
        self._held[key] = _Mark(value, grew, now.elapsed_ns)
        if len(self._held) > _MAX_HELD:
            del self._held[next(iter(self._held))]
        is_late = now.elapsed_ns - grew.elapsed_ns > after_s * SECOND_NS
        return grew.utc_ns if is_late else None
