"""Decides for each second whether it is sampled, when to close it, and what to send for it.

Runs on the agent's thread; all of its time comes from the clock.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import Clock
from contract.wire.messages import Config, PausedBy
from contract.wire.parts import IN_TIME, gap_part, late_part
from contract.wire.payload import Batch, Gap, GapReason
from edge_agent.identity import Identity
from edge_agent.publishing.delivery import Delivery
from edge_agent.sensing.gate import SensingGate
from edge_agent.sensing.periods import LineGap, Period, PeriodAssembler
from edge_agent.sensing.sampling import Sampling, SkipReason, Switch
from edge_agent.settings import PERIOD_NS, EdgeSettings
from firmware_bridge.events import FramesMissing, HubEvent, HubSamples, Levels

__all__ = ["Sensing", "log_missing_frames"]

log = logging.getLogger(__name__)

_FILLING: Final = 0.5
"""How full the buffers may become before periods are closed between readings."""
_CROWDED: Final = 0.75
"""How full they may become while a period waits for a late hub."""
_MAX_AT_ONCE: Final = 500
"""Readings taken at once: what a hub held for a long time comes as one event."""
_MIN_LOGGED_NS: Final = 400_000_000
"""A hole of this length can leave a second without values."""
_STALL_NS: Final = 300_000_000
"""A longer pause between two calls means that this program did not run."""


class Sensing:
    """Takes readings, and passes closed periods and gaps to the delivery."""

    def __init__(
        self, *, settings: EdgeSettings, identity: Identity, clock: Clock, delivery: Delivery
    ) -> None:
        self.synchronised = False
        self._identity = identity
        self._clock = clock
        self._delivery = delivery
        self._grace_ns = round(settings.delivery.grace_s * 1e9)
        self._sampling = Sampling()
        self.gate = SensingGate(
            sampling=self._sampling, clock=clock, is_utc_known=lambda: self.synchronised
        )
        self.assembler = PeriodAssembler(
            run_boot_ns=identity.run_boot_ns,
            period_ns=PERIOD_NS,
            hubs=[(source.name, source.seat_numbers) for source in settings.seat_sources],
            sound=settings.sound.source,
            sound_offset_db=settings.sound.offset_db,
            switches=frozenset(each.name for each in settings.seat_sources if each.has_switches),
            max_buffered_s=settings.limits.max_buffered_s,
        )
        self._skip_reason: SkipReason | None = "off"
        self._skipped_from: int | None = None
        """The first of the skipped seqs for which no gap has been added yet."""
        self._looked_ns: int | None = None
        self._awake_ns = 0

    @property
    def is_sampling(self) -> bool:
        """Whether the last period that ended was sampled."""
        return self._skip_reason is None

    def take(self, event: HubEvent) -> None:
        if isinstance(event, FramesMissing):
            log_missing_frames(event)
        for piece in _split(event):
            self.assembler.take(piece)
            if self.assembler.filled > _FILLING:
                # After a pause many readings come at once: make room for the next ones.
                self.close_due()

    def configure(self, config: Config) -> None:
        self._sampling.configure(config, boot_ns=self._clock.boot_ns())
        self.assembler.excluded = self.gate.excluded = frozenset(config.excluded_seats)

    def pause(self, by: frozenset[PausedBy], *, boot_ns: int) -> None:
        """Pause while there is a reason, from a time of the boot clock on; see `OWN_PAUSES`."""
        self._sampling.pause(by, boot_ns=boot_ns)

    def paused_by(self) -> frozenset[PausedBy]:
        """What pauses the kit at the moment."""
        return self._sampling.paused_by(self._clock.utc_ns())

    def switch(self, command: Switch) -> None:
        """Obey start or stop from now on."""
        self._sampling.switch(command, boot_ns=self._clock.boot_ns(), utc_ns=self._clock.utc_ns())

    def close_due(self) -> None:
        """Close each period that has ended and is complete, or whose grace is over."""
        now_ns = self._clock.elapsed_ns()
        if self._looked_ns is None or now_ns - self._looked_ns > _STALL_NS:
            # What came meanwhile is still with the readers, so grace begins now.
            self._awake_ns = now_ns
        self._looked_ns = now_ns
        utc_at_boot_ns = self._clock.boot_zero_utc_ns()
        assembler = self.assembler
        while (over_ns := -self._clock.elapsed_until(assembler.end_ns) * 1e9) >= 0:
            reason = self._sampling.skip_reason(
                start_boot_ns=assembler.start_ns,
                end_boot_ns=assembler.end_ns,
                start_utc_ns=utc_at_boot_ns + assembler.start_ns,
                is_utc_known=self.synchronised,
            )
            if reason is not None:
                self._skip(reason)
                continue
            waited_ns = min(over_ns, now_ns - self._awake_ns)
            is_waiting = waited_ns < self._grace_ns and assembler.filled < _CROWDED
            if is_waiting and not assembler.has_all():
                break
            self.add_skipped_gap()
            self._skip_reason = None
            self._add_period(assembler.close(), now_ns)
        assembler.catch_up()
        self._add_late(now_ns)

    def end(self) -> None:
        """No more readings will come: settle what waits for a late hub."""
        self.assembler.catch_up(is_last=True)
        self._add_late(self._clock.elapsed_ns())
        self.add_skipped_gap()

    def add_skipped_gap(self) -> None:
        """Add one gap for all skipped seqs, so that acknowledgements have no hole."""
        first, reason = self._skipped_from, self._skip_reason
        if first is None or reason is None:
            return
        n = self.assembler.seq - first
        self._skipped_from = None
        self._delivery.add(self._gap(first, n, reason), now_ns=self._clock.elapsed_ns())

    def _skip(self, reason: SkipReason) -> None:
        if reason != self._skip_reason:
            self.add_skipped_gap()
            self._skip_reason = reason
        if self._skipped_from is None:
            self._skipped_from = self.assembler.seq
        self.assembler.skip()

    def _add_period(self, period: Period, now_ns: int) -> None:
        # The agent sends a missing hub's gap before the period; late values replace the gap.
        self._add_line_gaps(period.line_gaps, now_ns)
        if period.is_empty:
            # The gaps of its hubs name their seats.
            seats = () if period.line_gaps else self.assembler.layout.seats
            gap = self._gap(period.seq, 1, "serial", seats=seats)
            self._delivery.add(gap, seats_missing=period.seats_missing, now_ns=now_ns)
            return
        self._delivery.add(
            self._batch(period.seq, period.values[None]), counts=bytes([period.seats_sampled]),
            seats_missing=period.seats_missing, now_ns=now_ns,
        )  # fmt: skip

    def _add_late(self, now_ns: int) -> None:
        """Late values of a hub travel as a part of the run."""
        self._add_line_gaps(self.assembler.line_gaps(), now_ns)
        for late in self.assembler.late():
            self._delivery.add(
                self._batch(late.first_seq, late.values, part=late_part(late.line)),
                counts=late.counts, seats_missing=-sum(late.counts), now_ns=now_ns,
            )  # fmt: skip

    def _add_line_gaps(self, line_gaps: Iterable[LineGap], now_ns: int) -> None:
        for each in line_gaps:
            # Values that came and could not be used will not come again; others may still come.
            part = late_part(each.line) if each.reason == "unused" else gap_part(each.line)
            gap = self._gap(each.first_seq, each.n, each.reason, part=part, seats=each.seats)
            self._delivery.add(gap, now_ns=now_ns)

    def _batch(self, first_seq: int, values: NDArray[np.uint16], *, part: int = IN_TIME) -> Batch:
        return Batch(
            node=self._identity.node, run=self._identity.run, part=part, first_seq=first_seq,
            boot_ns=self._identity.run_boot_ns + first_seq * PERIOD_NS, period_ns=PERIOD_NS,
            synchronised=self.synchronised, waited_ms=None, layout=self.assembler.layout,
            values=values,
        )  # fmt: skip

    def _gap(
        self,
        first_seq: int,
        n: int,
        reason: GapReason,
        *,
        part: int = IN_TIME,
        seats: tuple[int, ...] | None = None,
    ) -> Gap:
        """A gap of these seats, or of all of them."""
        return Gap(
            node=self._identity.node, run=self._identity.run, part=part, first_seq=first_seq, n=n,
            boot_ns=self._identity.run_boot_ns + first_seq * PERIOD_NS, period_ns=PERIOD_NS,
            synchronised=self.synchronised, reason=reason,
            seats=self.assembler.layout.seats if seats is None else seats,
        )  # fmt: skip


def log_missing_frames(hole: FramesMissing) -> None:
    """Log frames that never came or had no date, if a whole second may be missing.

    The hub's own count of ticks shows this, whatever the reason: an unplugged hub, a full hub, a
    closed line. The fault matrix reads these log lines too.
    """
    after_ns = hole.after_ns
    if not hole.samples or after_ns is None or hole.before_ns - after_ns < _MIN_LOGGED_NS:
        return
    log.warning(
        "%s: %d samples between %d and %d ms of the boot clock %s.",
        hole.hub, hole.samples, after_ns // 1_000_000, hole.before_ns // 1_000_000,
        "never came" if not hole.undated else f"are missing, {hole.undated} came and had no date",
    )  # fmt: skip


def _split(event: HubEvent) -> Iterator[HubEvent]:
    """Split an event with many readings, so that their seconds are settled in between."""
    if not isinstance(event, HubSamples | Levels) or len(event.boot_ns) <= _MAX_AT_ONCE:
        yield event
        return
    for at in range(0, len(event.boot_ns), _MAX_AT_ONCE):
        some = slice(at, at + _MAX_AT_ONCE)
        if isinstance(event, HubSamples):
            yield replace(event, boot_ns=event.boot_ns[some], acceleration=event.acceleration[some])
        else:
            fast = None if event.lafmax is None else event.lafmax[some]
            yield replace(event, boot_ns=event.boot_ns[some], laeq=event.laeq[some], lafmax=fast)
