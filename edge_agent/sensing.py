"""Closes the seconds: whether a period is sampled, when it is whole, and what stands for it.

Runs on the agent's thread; all of its time comes from the clock.
"""

from __future__ import annotations

from typing import Final

from contract.clock import Clock
from contract.messages import Config
from contract.payload import Batch, Gap, GapReason
from edge_agent.delivery import Delivery
from edge_agent.identity import Identity
from edge_agent.periods import Period, PeriodAssembler
from edge_agent.sampling import Sampling, Switch, WhyNot
from edge_agent.settings import PERIOD_NS, EdgeSettings
from firmware_bridge.events import HubEvent

__all__ = ["Sensing"]

_FILLING: Final = 0.5
"""How full the buffers may become before periods are closed in between."""
_CROWDED: Final = 0.75
"""How full they may become while a period waits for a hub that is late."""
_STALL_NS: Final = 300_000_000
"""A longer pause between two looks means that this program did not run."""


class Sensing:
    """Takes readings, and hands closed periods and gaps to the delivery."""

    def __init__(
        self, *, settings: EdgeSettings, identity: Identity, clock: Clock, delivery: Delivery
    ) -> None:
        self.synchronised = False
        self._identity = identity
        self._clock = clock
        self._delivery = delivery
        self._grace_ns = round(settings.delivery.grace_s * 1e9)
        self._sampling = Sampling()
        self._assembler = PeriodAssembler(
            run_boot_ns=identity.run_boot_ns,
            period_ns=PERIOD_NS,
            hubs=[(hub.name, hub.seats) for hub in settings.hub],
            sound=settings.sound.source,
            most_buffered_s=settings.limits.most_buffered_s,
        )
        self._why_not: WhyNot | None = "off"
        self._passed_from: int | None = None
        """The first of the seqs that pass unsampled and are not told of yet."""
        self._looked_ns: int | None = None
        self._awake_ns = 0

    @property
    def is_sampling(self) -> bool:
        """Whether the last period that ended was to be sampled."""
        return self._why_not is None

    @property
    def seq(self) -> int:
        """The open period's."""
        return self._assembler.seq

    @property
    def open_end_ns(self) -> int:
        """Boot clock at the end of the period that is open."""
        return self._assembler.end_ns

    def take(self, event: HubEvent) -> None:
        self._assembler.take(event)
        if self._assembler.filled > _FILLING:
            # After a pause much comes at once: what follows must find room.
            self.close_due()

    def configure(self, config: Config) -> None:
        self._sampling.configure(config)
        self._assembler.excluded = frozenset(config.excluded_seats)

    def switch(self, command: Switch) -> None:
        """Obey start, stop, pause or resume from now on."""
        self._sampling.switch(command, boot_ns=self._clock.boot_ns(), utc_ns=self._clock.utc_ns())

    def counters(self) -> dict[str, dict[str, int]]:
        return self._assembler.counters()

    def close_due(self) -> None:
        """Close each period that has ended, once all of it has come or its grace is over."""
        now_ns = self._clock.elapsed_ns()
        if self._looked_ns is None or now_ns - self._looked_ns > _STALL_NS:
            # What came meanwhile still lies with the readers: grace begins now.
            self._awake_ns = now_ns
        self._looked_ns = now_ns
        utc_at_boot_ns = self._clock.boot_zero_utc_ns()
        assembler = self._assembler
        while (over_ns := -self._clock.elapsed_until(assembler.end_ns) * 1e9) >= 0:
            why = self._sampling.why_not(
                start_boot_ns=assembler.start_ns,
                end_boot_ns=assembler.end_ns,
                start_utc_ns=utc_at_boot_ns + assembler.start_ns,
                is_utc_known=self.synchronised,
            )
            if why is not None:
                self._pass_over(why)
                continue
            waited_ns = min(over_ns, now_ns - self._awake_ns)
            is_waiting = waited_ns < self._grace_ns and assembler.filled < _CROWDED
            if is_waiting and not assembler.has_all():
                return
            self.tell_passed()
            self._why_not = None
            self._keep(assembler.close(), now_ns)

    def tell_passed(self) -> None:
        """One gap for all seqs that passed unsampled, so that acknowledgements never stick."""
        first, reason = self._passed_from, self._why_not
        if first is None or reason is None:
            return
        n = self._assembler.seq - first
        self._passed_from = None
        self._delivery.add(
            self._gap(first, n, reason),
            seats_sampled=0, seats_missing=0, now_ns=self._clock.elapsed_ns(),
        )  # fmt: skip

    def _pass_over(self, why: WhyNot) -> None:
        if why != self._why_not:
            self.tell_passed()
            self._why_not = why
        if self._passed_from is None:
            self._passed_from = self._assembler.seq
        self._assembler.skip()

    def _keep(self, period: Period, now_ns: int) -> None:
        message: Batch | Gap
        if period.is_empty:
            message = self._gap(period.seq, 1, "serial")
        else:
            message = Batch(
                node=self._identity.node, run=self._identity.run, first_seq=period.seq,
                boot_ns=period.boot_ns, period_ns=PERIOD_NS, synchronised=self.synchronised,
                waited_ms=None, layout=self._assembler.layout, values=period.values[None],
            )  # fmt: skip
        self._delivery.add(
            message,
            seats_sampled=period.seats_sampled, seats_missing=period.seats_missing, now_ns=now_ns,
        )  # fmt: skip

    def _gap(self, first_seq: int, n: int, reason: GapReason) -> Gap:
        return Gap(
            node=self._identity.node, run=self._identity.run, first_seq=first_seq, n=n,
            boot_ns=self._identity.run_boot_ns + first_seq * PERIOD_NS, period_ns=PERIOD_NS,
            synchronised=self.synchronised, seats=self._assembler.layout.seats, reason=reason,
        )  # fmt: skip
