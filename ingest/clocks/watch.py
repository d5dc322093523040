"""Watches the kits' clocks: collects evidence for the store, and logs which are not believed."""

from __future__ import annotations

import logging
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.wire.payload import Batch
from ingest.clocks.seen import SeenClocks
from ingest.clocks.words import claim_words
from ingest.stores.clock_records import ClockClaim, SeenClock
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Tick

__all__ = ["ClockWatch"]

_LOG = logging.getLogger("ingest")
_MAX_NODES: Final = 4_096
_OTHERWISE_NS: Final = 300 * SECOND_NS
_LOOK_EACH_NS: Final = 10 * SECOND_NS


class ClockWatch:
    """Reads the clocks off each tick's live batches, and names nodes that are not believed."""

    def __init__(self, *, clock: Clock) -> None:
        self.refuted: dict[tuple[str, str], ClockClaim] = {}
        """(room, node) → its claim about its clock."""
        self._logged_ns: dict[tuple[str, str], int] = {}
        """How wrong each clock was when it was logged."""
        self._clock = clock
        self._seen = SeenClocks()
        self._look_ns = clock.elapsed_ns()

    def forget(self) -> None:
        """Drop the evidence: it was not stored, or is no longer valid."""
        self._seen.forget()

    def see(self, tick: Tick) -> list[SeenClock]:
        """Where a tick's live batches show that their boot clocks stand."""
        now_ns = self._clock.elapsed_ns()
        live: dict[tuple[str, int], list[Batch]] = {}
        for arrival in tick.arrivals:
            batch = arrival.message
            if arrival.is_live and isinstance(batch, Batch):
                key = batch.node, batch.run
                its = live.get(key)
                if its is None:
                    live[key] = [batch]
                else:
                    its.append(batch)
        found: list[SeenClock] = []
        for (node, run), batches in live.items():
            offset_ns = self._seen.see(
                batches, received_utc_ns=tick.received_utc_ns, elapsed_ns=now_ns
            )
            if offset_ns is not None:
                found.append(SeenClock(node=node, run=run, offset_ns=offset_ns))
        return found

    def look(self, store: PeriodStore) -> None:
        """Log once when a node is not believed, and when it is again; looks every ten seconds.

        Raises StoreError.
        """
        now_ns = self._clock.elapsed_ns()
        if now_ns < self._look_ns:
            return
        self._look_ns = now_ns + _LOOK_EACH_NS
        found = {
            (stream.room, stream.node): claim
            for stream, claim in store.clock_claims(limit=_MAX_NODES)
        }
        for (room, node), claim in found.items():
            logged_ns = self._logged_ns.get((room, node))
            if logged_ns is None or abs(claim.off_ns - logged_ns) > _OTHERWISE_NS:
                self._logged_ns[room, node] = claim.off_ns
                _LOG.warning("%s in %s %s.", node, room, claim_words(claim))
        for room, node in self.refuted:
            if (room, node) not in found:
                self._logged_ns.pop((room, node), None)
                _LOG.info("%s in %s is believed again about the time.", node, room)
        self.refuted = found
