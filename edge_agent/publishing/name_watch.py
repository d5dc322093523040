"""Notices when another node speaks under this node's name, from what stands on its state topic.

Two kits with one name are told apart by their runs, so nothing is mixed up or lost; but they hear
each other's commands, and the page of the room shows both. A person has to rename one. Where the
broker gives each certificate one connection, two kits with one certificate push each other out and
never hear each other: then each finds the other's last will where its own birth has stood. Pure.
"""

from __future__ import annotations

import logging
from typing import Final

from contract.messages import Birth, Death

__all__ = ["NameWatch"]

log = logging.getLogger(__name__)

_MINUTE_NS: Final = 60_000_000_000
_MAX_REMEMBERED: Final = 256
_PROOF: Final = 2
"""Wills of strangers over our birth that prove that one of them is alive."""


class NameWatch:
    """Judges each message on the own state topic. `known` are earlier runs of this very node."""

    def __init__(self, *, name: str, run: int) -> None:
        self.known: frozenset[int] = frozenset()
        self._name = name
        self._run = run
        self._twins: dict[int, None] = {}
        self._answered_ns: int | None = None
        self._has_stood = False
        self._wills_over_us = 0
        self._pushed_out_ns: int | None = None
        self.is_pushed_out = False
        """Another client has connected with this kit's certificate."""

    @property
    def twins(self) -> int:
        """How many runs of others were alive under this name during this run."""
        return len(self._twins)

    def hear(self, state: Birth | Death, *, is_retained: bool, now_ns: int) -> bool:
        """Take what was said; whether our own birth should be said again."""
        if state.run == self._run and isinstance(state, Birth):
            self._has_stood = True
        elif is_retained and self._has_stood and state.run not in self.known | {self._run}:
            self._find_over_us(state)
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
        self._note_twin(state.run, f"run {state.run}, software {state.software}")
        # Once a minute at most, so that two that answer each other come to an end.
        if self._answered_ns is not None and now_ns - self._answered_ns < _MINUTE_NS:
            return False
        self._answered_ns = now_ns
        return True

    def pushed_out(self, now_ns: int) -> None:
        """The broker ended the connection because another client has this kit's id."""
        self.is_pushed_out = True
        if self._pushed_out_ns is not None and now_ns - self._pushed_out_ns < _MINUTE_NS:
            return
        self._pushed_out_ns = now_ns
        log.error(
            "Another client connects with the certificate of %s and pushes this kit out: another "
            "kit with a copy of this card, or somebody else who has the key. Give each kit a node "
            "name and a certificate of its own; both deliver in turns meanwhile.", self._name,
        )  # fmt: skip

    def _find_over_us(self, state: Birth | Death) -> None:
        """A stranger's word stands where our birth stood when we were connected last."""
        if isinstance(state, Death):
            # The will of a kit that was replaced may come late, but only once.
            self._wills_over_us += 1
            if self._wills_over_us < _PROOF:
                return
        self._note_twin(state.run, f"run {state.run}")

    def _note_twin(self, run: int, what: str) -> None:
        if run in self._twins:
            return
        log.error(
            "Two kits are called %s: another one is alive (%s). Give one of them another node "
            "name in its edge.toml, and a certificate for it.", self._name, what,
        )  # fmt: skip
        self._twins[run] = None
        if len(self._twins) > _MAX_REMEMBERED:
            del self._twins[next(iter(self._twins))]
