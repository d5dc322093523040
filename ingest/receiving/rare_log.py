"""A log that says each thing once a minute: a flood of messages is no flood of lines."""

from __future__ import annotations

import logging
from typing import Final

from contract.clock import SECOND_NS, Clock

__all__ = ["RareLog"]

_EACH_NS: Final = 60 * SECOND_NS
_MAX_MATTERS: Final = 4_096


class RareLog:
    """Counts what it holds back, and says how much it was with the next line of that matter."""

    def __init__(self, log: logging.Logger, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._said: dict[str, tuple[int, int]] = {}
        """matter → when it was said, and how many lines were held back since"""

    def say(self, about: str, words: str, *values: object, level: int = logging.WARNING) -> None:
        """Log this, unless a line about the same matter was logged within a minute."""
        now_ns = self._clock.elapsed_ns()
        last_ns, held_back = self._said.get(about, (None, 0))
        if last_ns is not None and now_ns - last_ns < _EACH_NS:
            self._said[about] = last_ns, held_back + 1
            return
        if len(self._said) > _MAX_MATTERS:
            self._said.clear()
        self._said[about] = now_ns, 0
        more = f" ({held_back} more like it since)" if held_back else ""
        self._log.log(level, words + more, *values)

    def forget(self) -> None:
        """Say everything again from now on: things have changed."""
        self._said.clear()
