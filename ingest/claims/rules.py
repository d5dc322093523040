"""Who keeps a site: the rules, without a broker and without a clock of their own.

Each ingest asks once a connection, and hears its own question back. The broker passes all questions
on in one order, so of any two ingests exactly one sees the other's question after its own, and that
one came first. It answers, and the other gives up. Who was there before both answers too.
"""

from __future__ import annotations

from typing import Final, Literal

from contract.clock import SECOND_NS
from contract.wire.messages import IngestClaim, IngestState

__all__ = ["ClaimRules", "Phase"]

Phase = Literal["asking", "waiting", "held", "refused"]

_SETTLE_NS: Final = SECOND_NS * 3 // 10
"""How long an answer may take where no other ingest is known: it may have started just now."""
_ANSWER_NS: Final = 5 * SECOND_NS
"""The same where the broker still has another's word, which may have died with an earlier broker."""


class ClaimRules:
    """What one ingest knows about a site over one connection after the other."""

    def __init__(self, me: str) -> None:
        self.me = me
        self.phase: Phase = "asking"
        self.holder = ""
        """Where the ingest runs that came first, if this one was refused."""
        self.has_asked = False
        self._later: set[str] = set()
        self._is_own = False
        self._other = self._stands = ""
        self._due_ns: int | None = None

    def linked(self) -> None:
        """A new connection: another ingest may have taken the site meanwhile, so it asks again."""
        if self.phase != "refused":
            self.phase = "asking"
        self.has_asked = self._is_own = False
        self._later.clear()
        self._other = self._stands = ""
        self._due_ns = None

    def asked(self) -> None:
        """Its question was handed to the broker."""
        self.has_asked = True

    def hear(self, claim: IngestClaim, now_ns: int) -> bool:
        """A question or an answer; true if this ingest answers that it was here before."""
        who = claim.instance
        if who == self.me:
            if claim.says == "asks" and self.phase == "asking":
                self.phase = "waiting"
                wait_ns = _ANSWER_NS if self._other else 0 if self._is_own else _SETTLE_NS
                self._due_ns = now_ns + wait_ns
            return False
        if claim.says == "holds":
            return self._contested(who, claim.where)
        if self.phase == "asking":
            self._other = who  # it asked before this one, and may be gone
            return False
        if who == self._stands:
            # The one whose word the broker has is alive, and only had to connect again.
            self._refuse(claim.where)
            return False
        self._later.add(who)
        return self.phase in {"waiting", "held"}

    def hear_state(self, state: IngestState, *, is_retained: bool) -> bool:
        """A word on the site's state; true if this ingest answers that it was here before."""
        who = state.instance
        if who == self.me:
            self._is_own = self._is_own or is_retained
            return False
        if self.phase == "asking":
            # Without a name: an ingest of an earlier version, which answers no question.
            self._other = self._stands = who or ("?" if state.is_up else "")
            return False
        if not who or is_retained:
            return False
        return self._contested(who, "")

    def pass_time(self, now_ns: int) -> None:
        """The time for answers passes; without one the site is this ingest's."""
        if self.phase == "waiting" and self._due_ns is not None and now_ns >= self._due_ns:
            self.phase, self._due_ns = "held", None

    def due_in_ns(self, now_ns: int) -> int | None:
        """How long until `pass_time` has something to do."""
        return None if self._due_ns is None else max(0, self._due_ns - now_ns)

    def _contested(self, who: str, where: str) -> bool:
        if who in self._later:
            return self.phase in {"waiting", "held"}
        self._refuse(where)
        return False

    def _refuse(self, where: str) -> None:
        self.phase = "refused"
        self.holder = where or self.holder
        self._due_ns = None
