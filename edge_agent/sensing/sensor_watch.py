"""Looks at what sensors say: one that says nothing, always the same, or something impossible.

What a stuck sensor says, or one that shows the wrong gravity, is left out: it is missing, like the
readings of one that does not answer. A seat that has opted out has no fault. Pure: events in,
events and faults out; the time is that of the samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.wire.messages import SensorFault
from firmware_bridge.events import HubDown, HubEvent, HubSamples, HubStatus, HubUp

__all__ = ["LOWEST_GOOD_RATE_HZ", "SensorWatch"]

LOWEST_GOOD_RATE_HZ: Final = 25.0
"""With fewer samples a second some quantities are missing, and under 20 all of them."""
_ABSENT_NS: Final = 3_000_000_000
_STUCK_NS: Final = 30_000_000_000
"""A sensor that works never says the same three numbers for so long: it has noise."""
_COARSE_STUCK_NS: Final = 600_000_000_000
_FINE_COUNTS: Final = 200
"""With fewer counts in 1 g the noise is less than a count, and an empty seat may well not change."""
_RANGE_NS: Final = 10_000_000_000
_GRAVITY_G: Final = (0.5, 1.5)
"""A body that moves about a seat shows 1 g on average; outside this nothing is plausible."""
_NO_GRAVITY_G: Final = 0.1
_STEADY: Final = 0.15
"""A sensor that filters gravity out shows less than 1 g too, but not steadily: only gravity is."""
_KEPT_NS: Final = 10_000_000_000
"""A hole as long as this, such as a break between lessons, says nothing about a sensor."""


class _Hub:
    """What one hub's sensors have said lately. Arrays are by seat."""

    def __init__(self, seats: tuple[int, ...]) -> None:
        self.seats = seats
        self.down: SensorFault | None = None
        self.settings: SensorFault | None = None
        self.rate: SensorFault | None = None
        self.stuck_ns = _STUCK_NS
        self.forget()

    def forget(self) -> None:
        n = len(self.seats)
        self.last = np.full((n, 3), np.nan, np.float32)
        self.mean = np.full((n, 3), np.nan, np.float32)
        self.last_ns = 0
        self.answered_ns = np.zeros(n, np.int64)
        self.changed_ns = np.zeros(n, np.int64)
        self.plausible_ns = np.zeros(n, np.int64)
        self.silent = self.silent_before = 0
        """Sensors that the hub's last two statuses name, as bit masks: a hub at rest has no samples."""

    def look(self, times: NDArray[np.int64], rows: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Take samples (n, seats, 3); which seats' samples can be believed."""
        first_ns, now_ns = int(times[0]), int(times[-1])
        if not 0 <= first_ns - self.last_ns < _KEPT_NS:
            self.forget()
            for since in (self.answered_ns, self.changed_ns, self.plausible_ns):
                since[:] = first_ns
        self.last_ns = now_ns
        there = np.asarray(np.isfinite(rows).all(axis=2))
        answers = there.any(axis=0)
        self.answered_ns[answers] = now_ns
        before = np.concatenate([self.last[None], rows[:-1]])
        # A first answer is a change too: NaN equals nothing.
        changes = ((rows != before).any(axis=2) & there).any(axis=0)
        self.changed_ns[changes | ~answers] = now_ns
        self.last = np.where(there[-1][:, None], rows[-1], self.last)
        share = np.maximum(there.sum(axis=0), 1)[:, None]
        mean = np.where(there[:, :, None], rows, 0.0).sum(axis=0) / share
        size = np.sqrt((mean * mean).sum(axis=1))
        away = np.where(there[:, :, None], rows - mean, 0.0)
        is_steady = np.sqrt((away * away).sum(axis=(0, 2)) / share[:, 0]) < _STEADY * size
        is_too_small = (size >= _NO_GRAVITY_G) & (size < _GRAVITY_G[0]) & is_steady
        is_plausible = ~is_too_small & (size <= _GRAVITY_G[1])
        self.plausible_ns[is_plausible | ~answers] = now_ns
        self.mean[answers] = mean[answers]
        return ~(self.is_stuck | self.is_out_of_range)

    @property
    def is_absent(self) -> NDArray[np.bool_]:
        named = self.silent & self.silent_before
        at = np.arange(len(self.seats))
        return np.asarray((self.last_ns - self.answered_ns >= _ABSENT_NS) | (named >> at & 1 > 0))

    @property
    def is_stuck(self) -> NDArray[np.bool_]:
        return np.asarray(self.last_ns - self.changed_ns >= self.stuck_ns)

    @property
    def is_out_of_range(self) -> NDArray[np.bool_]:
        return np.asarray(self.last_ns - self.plausible_ns >= _RANGE_NS)


class SensorWatch:
    """Follows the events of all sources with seats."""

    def __init__(
        self, seats: dict[str, tuple[int, ...]], *, excluded: Callable[[], frozenset[int]]
    ) -> None:
        self._hubs = {name: _Hub(numbers) for name, numbers in seats.items()}
        self._excluded = excluded

    def look(self, event: HubEvent) -> HubEvent:
        """The event, without the samples of sensors that can't be believed."""
        hub = self._hubs.get(event.hub)
        if hub is None:
            return event
        match event:
            case HubUp():
                hub.forget()
                self._greet(hub, event)
            case HubDown(reason=reason):
                hub.forget()
                hub.down = SensorFault(hub=event.hub, kind="absent", said=reason[:300])
            case HubStatus(status=status):
                hub.silent_before, hub.silent = hub.silent, status.seats_missing
            case HubSamples(acceleration=rows) if len(event.boot_ns):
                wide = min(rows.shape[1], len(hub.seats))
                if wide < len(hub.seats):
                    rows = np.full((len(rows), len(hub.seats), 3), np.nan, np.float32)
                    rows[:, :wide] = event.acceleration[:, :wide]
                believed = hub.look(event.boot_ns, rows[:, : len(hub.seats)])
                if not believed.all():
                    shown = rows[:, : len(hub.seats)].copy()
                    shown[:, ~believed] = np.nan
                    return replace(event, acceleration=shown)
        return event

    def faults(self) -> tuple[SensorFault, ...]:
        """What is wrong now, seat by seat; a seat that has opted out is not looked at."""
        found: list[SensorFault] = []
        excluded = self._excluded()
        for name, hub in self._hubs.items():
            found += [each for each in (hub.down, hub.settings, hub.rate) if each is not None]
            absent, stuck, out = hub.is_absent, hub.is_stuck, hub.is_out_of_range
            for place, seat in enumerate(hub.seats):
                if seat in excluded:
                    continue
                about = f"Seat {seat} of {name}"
                if absent[place]:
                    kind, said = (
                        "absent",
                        f"{about}: its sensor does not answer; check its plug and cable.",
                    )
                elif stuck[place]:
                    kind, said = "stuck", (
                        f"{about}: its sensor has said the same value for {hub.stuck_ns // 10**9} s; "
                        "unplug it and plug it in again, or replace it. Its readings are left out."
                    )  # fmt: skip
                elif out[place]:
                    size = float(np.sqrt((hub.mean[place] ** 2).sum()))
                    kind, said = "range", (
                        f"{about}: its sensor shows {size:.2f} g where a seat has 1 g; check which "
                        "sensor it is, or replace it. Its readings are left out."
                    )  # fmt: skip
                else:
                    continue
                found.append(SensorFault(hub=name, seat=seat, kind=kind, said=said))
        return tuple(found)

    def _greet(self, hub: _Hub, event: HubUp) -> None:
        hello = event.hello
        hub.stuck_ns = _STUCK_NS if hello.counts_per_g >= _FINE_COUNTS else _COARSE_STUCK_NS
        hub.down = hub.settings = hub.rate = None
        if hello.seats != len(hub.seats):
            hub.settings = SensorFault(
                hub=event.hub, kind="settings",
                said=f"{event.hub} has {hello.seats} seats, the settings name {len(hub.seats)}: "
                f"correct the seats of {event.hub} in edge.toml.",
            )  # fmt: skip
        if hello.sample_rate_hz < LOWEST_GOOD_RATE_HZ:
            hub.rate = SensorFault(
                hub=event.hub, kind="rate",
                said=f"{event.hub} takes {hello.sample_rate_hz:g} samples a second, and at least "
                f"{LOWEST_GOOD_RATE_HZ:g} are needed: set its rate, or its firmware, right.",
            )  # fmt: skip
