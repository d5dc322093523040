"""The bytes that simulated kits send: those of `contract.wire`, made at the price of a copy.

All kits draw on one simulated lesson, each from another second on. A batch of one period is put
together from parts that were encoded before; only seq, clock and age are encoded for each message.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cbor2
import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from contract.quantities.table import encode as encode_values
from contract.topics import Topic, TopicKind
from contract.wire.messages import Birth, Death, Health, Hub, Timebase
from contract.wire.payload import FULL_LAYOUT_CODES, Batch, Layout, encode
from roomtone.load.plan import LoadPlan
from simulators.lessons import simulate_lesson
from simulators.scenario import Room, Scenario

__all__ = ["Kit", "Rows", "kits_of", "simulated_rows"]

_HUB_SEATS: Final = 8
_MAX_ROWS: Final = 900
_CLOCK_ERROR_NS: Final = 1_000_000
_SHUFFLE: Final = 997
"""Prime to the number of rows, so that neighbouring rooms are far apart in the lesson."""


class Rows:
    """A lesson's periods as the wire has them: (n, layout.width) u16, and each one's bytes."""

    def __init__(self, layout: Layout, values: NDArray[np.uint16]) -> None:
        self.layout = layout
        self.values = values
        self.tails = tuple(_tail(layout, values[i : i + 1]) for i in range(len(values)))
        """The end of a batch with one period: the keys 10 and 11."""

    def __len__(self) -> int:
        return len(self.values)


def simulated_rows(plan: LoadPlan) -> Rows:
    """Draw a lesson of the plan's seats; long loads begin again at its first period."""
    full, rest = divmod(plan.seats, _HUB_SEATS)
    hubs = (_HUB_SEATS,) * full + ((rest,) if rest else ())
    scenario = Scenario(room=Room(hubs=hubs)).lasting(min(plan.periods, _MAX_ROWS) / 60)
    lesson = simulate_lesson(scenario, plan.seed)
    layout = Layout(lesson.seats)
    seat, room = encode_values(lesson.seat, "seat"), encode_values(lesson.room, "room")
    return Rows(layout, layout.rows(seat, room))


@dataclass(frozen=True, kw_only=True, eq=False)
class Kit:
    """One simulated kit: its names, its run, and its messages."""

    number: int
    site: str
    room: str
    node: str
    run: int
    run_boot_ns: int
    """Boot clock at the start of seq 0."""
    starts_utc_ns: int
    """UTC at the same moment."""
    rows: Rows

    def topic(self, kind: TopicKind) -> str:
        return str(Topic(self.site, self.room, self.node, kind))

    @cached_property
    def data_topic(self) -> str:
        return self.topic("data")

    def row_of(self, seq: int) -> int:
        """Which of the rows a period has."""
        return (self.number * _SHUFFLE + seq) % len(self.rows)

    def batch(self, first_seq: int, n: int, *, waited_ms: int) -> bytes:
        """The payload for `n` periods."""
        if n == 1:
            return self._one(first_seq, waited_ms)
        at = [self.row_of(seq) for seq in range(first_seq, first_seq + n)]
        return encode(self._batch(first_seq, self.rows.values[at], waited_ms))

    def birth(self) -> bytes:
        seats = self.rows.layout.seats
        firsts = range(0, len(seats), _HUB_SEATS)
        return Birth(
            node=self.node, run=self.run, boot=self._boot, software="load",
            period_ns=SECOND_NS, run_boot_ns=self.run_boot_ns,
            hubs=tuple(
                Hub(
                    hub=f"hub-{i}", firmware="1", seats=seats[first : first + _HUB_SEATS],
                    sample_rate_hz=50.0, has_sound=i == 0,
                )
                for i, first in enumerate(firsts)
            ),
            seat_codes=FULL_LAYOUT_CODES[0], room_codes=FULL_LAYOUT_CODES[1],
            units={q.name: q.unit for q in SEAT_QUANTITIES + ROOM_QUANTITIES}, synchronised=True,
        ).encode()  # fmt: skip

    def death(self) -> bytes:
        return Death(node=self.node, run=self.run, boot=self._boot, reason="stopped").encode()

    def timebase(self, seq: int) -> bytes:
        """What UTC was at the start of a period."""
        since_ns = seq * SECOND_NS
        return Timebase(
            node=self.node, run=self.run, boot=self._boot, boot_ns=self.run_boot_ns + since_ns,
            utc_ns=self.starts_utc_ns + since_ns, error_ns=_CLOCK_ERROR_NS, synchronised=True,
        ).encode()  # fmt: skip

    def health(self, *, closed: int, sent: int, acked: int, is_finished: bool) -> bytes:
        """A kit's counts, from those of its periods."""
        seats = len(self.rows.layout.seats)
        return Health(
            node=self.node, run=self.run, sampled=closed * seats, published=sent * seats,
            acked=acked * seats, waiting=(closed - acked) * seats, gap=0, unsampled=0,
            is_sampling=not is_finished, is_finished=is_finished, outbox_bytes=0, ack_age_ms=None,
            hubs={},
        ).encode()  # fmt: skip

    @property
    def _boot(self) -> str:
        return f"boot-{self.run:x}"

    def _batch(self, first_seq: int, values: NDArray[np.uint16], waited_ms: int) -> Batch:
        return Batch(
            node=self.node, run=self.run, first_seq=first_seq,
            boot_ns=self.run_boot_ns + first_seq * SECOND_NS, period_ns=SECOND_NS,
            synchronised=True, waited_ms=waited_ms, layout=self.rows.layout, values=values,
        )  # fmt: skip

    @cached_property
    def _parts(self) -> tuple[bytes, bytes]:
        """What stands before the seq, and between clock and age, of a batch with one period."""
        head = cbor2.dumps({0: 1, 1: self.node, 2: self.run})
        seats = cbor2.CBORTag(64, bytes(self.rows.layout.seats))
        middle = cbor2.dumps({6: SECOND_NS, 7: 1, 8: seats})
        return b"\xac" + head[1:] + b"\x03", middle[1:] + b"\x09"

    def _one(self, seq: int, waited_ms: int) -> bytes:
        before, between = self._parts
        return b"".join(
            (
                before, cbor2.dumps(seq), b"\x04\x01\x05",
                cbor2.dumps(self.run_boot_ns + seq * SECOND_NS), between, cbor2.dumps(waited_ms),
                self.rows.tails[self.row_of(seq)],
            )
        )  # fmt: skip


def kits_of(plan: LoadPlan, rows: Rows, *, starts_utc_ns: int, runs_from: int) -> list[Kit]:
    """The kits of a load, one a room; their boot clocks differ, their runs begin at a number."""
    draw = random.Random(plan.seed)
    return [
        Kit(
            number=i, site=plan.site, room=room_name(i), node=f"load-kit-{i}",
            run=runs_from + i, run_boot_ns=draw.randrange(3_600, 30 * 86_400) * SECOND_NS,
            starts_utc_ns=starts_utc_ns + plan.offset_ns(i), rows=rows,
        )
        for i in range(plan.rooms)
    ]  # fmt: skip


def room_name(number: int) -> str:
    """The name of a simulated room."""
    return f"load-{number}"


def _tail(layout: Layout, row: NDArray[np.uint16]) -> bytes:
    """The keys 10 and 11 of a batch with one period, as the encoder writes them."""
    whole = encode(
        Batch(
            node="n", run=0, first_seq=0, boot_ns=0, period_ns=1, synchronised=True, waited_ms=0,
            layout=layout, values=row,
        )
    )  # fmt: skip
    seats = cbor2.CBORTag(64, bytes(layout.seats))
    head = cbor2.dumps({0: 1, 1: "n", 2: 0, 3: 0, 4: 1, 5: 0, 6: 1, 7: 1, 8: seats, 9: 0})
    return whole[len(head) :]
