"""Closes the seconds: whether a period is sampled, when it is whole, and what stands for it.

Runs on the agent's thread; all of its time comes from the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import Clock
from contract.messages import Config
from contract.parts import lack_run, late_run
from contract.payload import Batch, Gap, GapReason
from edge_agent.identity import Identity
from edge_agent.publishing.delivery import Delivery
from edge_agent.sensing.periods import Lack, Late, Period, PeriodAssembler
from edge_agent.sensing.sampling import Sampling, Switch, WhyNot
from edge_agent.settings import PERIOD_NS, EdgeSettings
from firmware_bridge.events import HubEvent, Levels, Samples

__all__ = ["Sensing"]

_FILLING: Final = 0.5
"""How full the buffers may become before periods are closed in between."""
_CROWDED: Final = 0.75
"""How full they may become while a period waits for a hub that is late."""
_MAX_AT_ONCE: Final = 500
"""Readings that are taken in one go: what a hub has held for long comes as one event."""
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
            max_buffered_s=settings.limits.max_buffered_s,
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
        for part in _in_parts(event):
            self._assembler.take(part)
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
                break
            self.tell_passed()
            self._why_not = None
            self._keep(assembler.close(), now_ns)
        assembler.catch_up()
        self._tell_late(now_ns)

    def end(self) -> None:
        """Nothing more will come: settle what waits for a hub that is late."""
        self._assembler.catch_up(is_last=True)
        self._tell_late(self._clock.elapsed_ns())
        self.tell_passed()

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
        # Before the period: whoever has that knows then that a hub is missing in it.
        self._tell_lacks(period.lacks, now_ns)
        message: Batch | Gap
        if period.is_empty:
            message = self._gap(period.seq, 1, "serial")
            if period.lacks:
                message = replace(message, seats=())  # the gaps of its hubs name them
        else:
            message = self._batch(period.seq, period.values[None])
        self._delivery.add(
            message,
            seats_sampled=period.seats_sampled, seats_missing=period.seats_missing, now_ns=now_ns,
        )  # fmt: skip

    def _tell_late(self, now_ns: int) -> None:
        self._tell_lacks(self._assembler.lacks(), now_ns)
        for late in self._assembler.late():
            self._keep_late(late, now_ns)

    def _keep_late(self, late: Late, now_ns: int) -> None:
        """What a hub brought after its period was closed travels as a part of the run."""
        sampled = sum(late.counts)
        message = self._batch(late.first_seq, late.values)
        self._delivery.add(
            replace(message, run=late_run(message.run, late.line)),
            seats_sampled=sampled, seats_missing=-sampled, now_ns=now_ns, counts=late.counts,
        )  # fmt: skip

    def _tell_lacks(self, lacks: Iterable[Lack], now_ns: int) -> None:
        for lack in lacks:
            gap = self._gap(lack.first_seq, lack.n, lack.reason)
            # Readings that came and could not be used are settled; else they may still come.
            part = late_run if lack.reason == "unused" else lack_run
            self._delivery.add(
                replace(gap, run=part(gap.run, lack.line), seats=lack.seats),
                seats_sampled=0, seats_missing=0, now_ns=now_ns,
            )  # fmt: skip

    def _batch(self, first_seq: int, values: NDArray[np.uint16]) -> Batch:
        return Batch(
            node=self._identity.node, run=self._identity.run, first_seq=first_seq,
            boot_ns=self._identity.run_boot_ns + first_seq * PERIOD_NS, period_ns=PERIOD_NS,
            synchronised=self.synchronised, waited_ms=None, layout=self._assembler.layout,
            values=values,
        )  # fmt: skip

    def _gap(self, first_seq: int, n: int, reason: GapReason) -> Gap:
        return Gap(
            node=self._identity.node, run=self._identity.run, first_seq=first_seq, n=n,
            boot_ns=self._identity.run_boot_ns + first_seq * PERIOD_NS, period_ns=PERIOD_NS,
            synchronised=self.synchronised, seats=self._assembler.layout.seats, reason=reason,
        )  # fmt: skip


def _in_parts(event: HubEvent) -> Iterator[HubEvent]:
    """An event with many readings as several: their seconds are settled in between."""
    if not isinstance(event, Samples | Levels) or len(event.boot_ns) <= _MAX_AT_ONCE:
        yield event
        return
    for at in range(0, len(event.boot_ns), _MAX_AT_ONCE):
        some = slice(at, at + _MAX_AT_ONCE)
        if isinstance(event, Samples):
            yield replace(event, boot_ns=event.boot_ns[some], acceleration=event.acceleration[some])
        else:
            yield replace(event, boot_ns=event.boot_ns[some], laeq=event.laeq[some])
