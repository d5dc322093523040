"""A node as ingest sees it: payloads with values that tell which period they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from contract.topics import Topic, TopicKind
from contract.wire.messages import Birth, ConfigReported, Death, Health, Hub, Timebase
from contract.wire.payload import Batch, Gap, GapReason, Layout, encode

SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Sent:
    """What the keeper takes."""

    topic: str
    payload: bytes
    is_retained: bool = False


@dataclass(frozen=True, kw_only=True)
class Node:
    site: str = "school"
    room: str = "r1"
    node: str = "kit-1"
    run: int = 7
    part: int = 0
    boot: str = "boot-1"
    run_boot_ns: int = 5 * SECOND_NS
    seats: tuple[int, ...] = (1, 2, 3)
    hub: str = "hub-a"

    @property
    def layout(self) -> Layout:
        return Layout(self.seats)

    def again(self, run: int) -> Node:
        return replace(self, run=run)

    def of_part(self, part: int) -> Node:
        """The same run, of which it sends one part."""
        return replace(self, part=part)

    def topic(self, kind: TopicKind) -> str:
        return str(Topic(self.site, self.room, self.node, kind))

    def values(self, first: int, n: int) -> np.ndarray:
        """Rows that differ from one period, run and column to the next."""
        seqs = np.arange(first, first + n)[:, None]
        columns = np.arange(self.layout.width)[None, :]
        return ((seqs * 31 + columns * 7 + self.run) % 241).astype(np.uint16)

    def batch(
        self, first: int, n: int = 1, *, waited_ms: int | None = 5, values: np.ndarray | None = None
    ) -> Sent:
        message = Batch(
            node=self.node,
            run=self.run,
            part=self.part,
            first_seq=first,
            boot_ns=self.run_boot_ns + first * SECOND_NS,
            period_ns=SECOND_NS,
            synchronised=True,
            waited_ms=waited_ms,
            layout=self.layout,
            values=self.values(first, n) if values is None else values,
        )
        return Sent(self.topic("data"), encode(message))

    def gap(self, first: int, n: int, reason: GapReason = "off") -> Sent:
        message = Gap(
            node=self.node,
            run=self.run,
            part=self.part,
            first_seq=first,
            n=n,
            boot_ns=self.run_boot_ns + first * SECOND_NS,
            period_ns=SECOND_NS,
            synchronised=True,
            seats=self.seats,
            reason=reason,
        )
        return Sent(self.topic("data"), encode(message))

    def birth(self) -> Sent:
        hub = Hub(hub=self.hub, firmware="1", seats=self.seats, sample_rate_hz=50.0, has_sound=True)
        birth = Birth(
            node=self.node,
            run=self.run,
            boot=self.boot,
            software="1",
            period_ns=SECOND_NS,
            run_boot_ns=self.run_boot_ns,
            hubs=(hub,),
            seat_codes=tuple(q.code for q in SEAT_QUANTITIES),
            room_codes=tuple(q.code for q in ROOM_QUANTITIES),
            units={},
            synchronised=True,
        )
        return Sent(self.topic("state"), birth.encode(), is_retained=True)

    def death(self, reason: str = "stopped") -> Sent:
        death = Death(node=self.node, run=self.run, boot=self.boot, reason=reason)
        return Sent(self.topic("state"), death.encode(), is_retained=True)

    def health(
        self,
        *,
        sampled: int = 0,
        waiting: int = 0,
        gap: int = 0,
        reported: ConfigReported | None = None,
    ) -> Sent:
        health = Health(
            node=self.node, run=self.run, sampled=sampled, published=sampled,
            acked=sampled - waiting - gap, waiting=waiting, gap=gap, unsampled=0,
            is_sampling=True, is_finished=False, outbox_bytes=7, ack_age_ms=1, hubs={},
            reported=reported,
        )  # fmt: skip
        return Sent(self.topic("health"), health.encode())

    def button(self, since_utc_ns: int | None) -> Sent:
        """A report that its button pauses the room since then, or does not."""
        return self.health(
            reported=ConfigReported(
                revision=1, is_sampling=since_utc_ns is None, button_since_utc_ns=since_utc_ns,
                paused_by=() if since_utc_ns is None else ("button",),
            )
        )  # fmt: skip

    def timebase(self, utc_at_boot_ns: int, *, at_ns: int = 0) -> Sent:
        timebase = Timebase(
            node=self.node,
            run=self.run,
            boot=self.boot,
            boot_ns=at_ns,
            utc_ns=utc_at_boot_ns + at_ns,
            error_ns=1_000_000,
            synchronised=True,
        )
        return Sent(self.topic("timebase"), timebase.encode())
