"""Notices another node with this node's name, from the messages on its state topic. Pure.

Two kits with one name differ in their runs, so nothing is mixed up or lost. But they get each
other's commands, and the page of the room shows both, so a person has to rename one. If the broker
allows one connection for each certificate, two kits with one certificate disconnect each other and
never hear each other. Then each finds the other's last will in the place of its own birth.
"""

from __future__ import annotations

import logging
from typing import Final

from contract.wire.messages import Birth, Death

__all__ = ["NameWatch"]

log = logging.getLogger(__name__)

_MINUTE_NS: Final = 60_000_000_000
_MAX_REMEMBERED: Final = 256
_PROOF: Final = 2
"""After so many foreign wills in the place of our birth another kit must be alive."""


class NameWatch:
    """Checks each message on our own state topic. `known` are this node's earlier runs."""

    def __init__(self, *, name: str, run: int) -> None:
        self.known: frozenset[int] = frozenset()
        self._name = name
        self._run = run
        self._twins: dict[int, None] = {}
        self._answered_ns: int | None = None
        self._was_published = False
        self._foreign_wills = 0
        self._pushed_out_ns: int | None = None
        self.is_pushed_out = False
        """Another client has connected with this kit's certificate."""

    @property
    def twins(self) -> int:
        """How many other kits' runs were alive under this name during this run."""
        return len(self._twins)

    def hear(self, state: Birth | Death, *, is_retained: bool, now_ns: int) -> bool:
        """Take a message; returns whether to publish our own birth again."""
        if state.run == self._run and isinstance(state, Birth):
            self._was_published = True
        elif is_retained and self._was_published and state.run not in self.known | {self._run}:
            self._note_foreign_state(state)
        if isinstance(state, Death):
            # A last will has replaced our birth: that of an earlier run, or of a twin. Our birth
            # has already replaced what was there before we connected.
            return not is_retained
        if state.run == self._run or state.run in self.known:
            return False
        if is_retained and state.run not in self._twins:
            # Perhaps a kit that was replaced. If it is alive, it answers our birth.
            log.warning(
                "The broker knows another kit as %s (run %d): if that one still hangs somewhere, "
                "give one of the two another node name.", self._name, state.run,
            )  # fmt: skip
            return False
        self._note_twin(state.run, f"run {state.run}, software {state.software}")
        # At most once a minute, so that two kits do not answer each other for ever.
        if self._answered_ns is not None and now_ns - self._answered_ns < _MINUTE_NS:
            return False
        self._answered_ns = now_ns
        return True

    def pushed_out(self, now_ns: int) -> None:
        """The broker ended our connection because another client connected with this kit's id."""
        self.is_pushed_out = True
        if self._pushed_out_ns is not None and now_ns - self._pushed_out_ns < _MINUTE_NS:
            return
        self._pushed_out_ns = now_ns
        log.error(
            "Another client connects with the certificate of %s and pushes this kit out: another "
            "kit with a copy of this card, or somebody else who has the key. Give each kit a node "
            "name and a certificate of its own; both deliver in turns meanwhile.", self._name,
        )  # fmt: skip

    def _note_foreign_state(self, state: Birth | Death) -> None:
        """Another kit's message is where our birth was when we were last connected."""
        if isinstance(state, Death):
            # The will of a replaced kit may come late, but only once.
            self._foreign_wills += 1
            if self._foreign_wills < _PROOF:
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
