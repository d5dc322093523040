"""Notices when another node speaks under this node's name, from what stands on its state topic.

Two kits with one name are told apart by their runs, so nothing is mixed up or lost; but they hear
each other's commands, and the page of the room shows both. A person has to rename one. Pure.
"""

from __future__ import annotations

import logging
from typing import Final

from contract.messages import Birth, Death

__all__ = ["NameWatch"]

log = logging.getLogger(__name__)

_MINUTE_NS: Final = 60_000_000_000
_MOST_REMEMBERED: Final = 256


class NameWatch:
    """Judges each message on the own state topic. `known` are earlier runs of this very node."""

    def __init__(self, *, name: str, run: int) -> None:
        self.known: frozenset[int] = frozenset()
        self._name = name
        self._run = run
        self._twins: dict[int, None] = {}
        self._answered_ns: int | None = None

    @property
    def twins(self) -> int:
        """How many runs of others were alive under this name during this run."""
        return len(self._twins)

    def hear(self, state: Birth | Death, *, is_retained: bool, now_ns: int) -> bool:
        """Take what was said; whether our own birth should be said again."""
        if isinstance(state, Death):
            # A last will stands over our birth now: of a run before, or of a twin. What stood
            # there before we connected, our birth has replaced already.
            return not is_retained
        if state.run == self._run or state.run in self.known:
            return False
        if is_retained and state.run not in self._twins:
            # Perhaps a kit that was replaced; if it is alive, it answers to our birth.
            log.warning(
                "The broker knows another kit as %s (run %d): if that one still hangs somewhere, "
                "give one of the two another node name.", self._name, state.run,
            )  # fmt: skip
            return False
        if state.run not in self._twins:
            log.error(
                "Two kits are called %s: another one is alive (run %d, software %s). Give one of "
                "them another node name in its edge.toml, and a certificate for it.",
                self._name, state.run, state.software,
            )  # fmt: skip
            self._twins[state.run] = None
            if len(self._twins) > _MOST_REMEMBERED:
                del self._twins[next(iter(self._twins))]
        # Once a minute at most, so that two that answer each other come to an end.
        if self._answered_ns is not None and now_ns - self._answered_ns < _MINUTE_NS:
            return False
        self._answered_ns = now_ns
        return True
