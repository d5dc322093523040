"""The same readings for every engine: a batch of ours, or line protocol as text.

A message is one room's second: 30 seats of 13 quantities, and five of the room. The text has the
measurements, tags and fields that a replica would have, in physical units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.quantities.table import MISSING, ROOM_QUANTITIES, SEAT_QUANTITIES
from contract.topics import Topic
from contract.wire.payload import Batch, Layout, encode

SITE = "bench"
RUN = 7
STARTS_S = 1_772_445_600
"""UTC of second 0."""
EPOCHS = 600
EPOCH_S = 5
TERM_ZONES = ("room", "hub-a", "hub-b", "hub-c", "hub-d")
_TERM_DAYS = 60
_DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Readings:
    """Simulated lessons as the seconds of some rooms; each room is at another place of them."""

    layout: Layout
    rows: NDArray[np.uint16]
    rooms: int
    _texts: dict[int, tuple[list[str], str]] = field(default_factory=dict)

    def row(self, room: int, second: int) -> int:
        return (second + room * 977) % len(self.rows)

    def batch(self, room: int, second: int) -> bytes:
        """What our kit sends for a second."""
        at = self.row(room, second)
        return encode(
            Batch(
                node=f"kit-{room}",
                run=RUN,
                first_seq=second,
                boot_ns=(100 + second) * SECOND_NS,
                period_ns=SECOND_NS,
                synchronised=True,
                waited_ms=3,
                layout=self.layout,
                values=self.rows[at : at + 1],
            )
        )

    def lines(self, room: int, second: int) -> bytes:
        """The same as line protocol: a line for each seat and one for the room."""
        seats, of_room = self._text(self.row(room, second))
        tags = f"site={SITE},room=r{room},node=kit-{room},lesson=live-{room}"
        ns = f" {(STARTS_S + second) * SECOND_NS}"
        lines = [
            f"seat,{tags},seat={seat} {text}{ns}"
            for seat, text in zip(self.layout.seats, seats, strict=True)
            if text
        ]
        if of_room:
            lines.append(f"room,{tags} {of_room}{ns}")
        return ("\n".join(lines) + "\n").encode()

    def _text(self, at: int) -> tuple[list[str], str]:
        """The fields of each seat and of the room in one row."""
        found = self._texts.get(at)
        if found is None:
            row, n = self.rows[at], len(self.layout.seats)
            by_seat = row[: n * len(SEAT_QUANTITIES)].reshape(len(SEAT_QUANTITIES), n).T
            found = (
                [_fields(values, SEAT_QUANTITIES) for values in by_seat],
                _fields(row[n * len(SEAT_QUANTITIES) :], ROOM_QUANTITIES),
            )
            self._texts[at] = found
        return found


def _fields(values: NDArray[np.uint16], table: tuple) -> str:  # type: ignore[type-arg]
    return ",".join(
        f"{quantity.name}={value * quantity.scale + quantity.offset:g}"
        for quantity, value in zip(table, values.tolist(), strict=True)
        if value != MISSING
    )


def data_topic(room: int) -> str:
    """The topic of a room's readings; a database's text goes to the same, in its own run."""
    return str(Topic(SITE, f"r{room}", f"kit-{room}", "data"))


@dataclass(frozen=True, kw_only=True)
class Term:
    """A school's term: lessons of 600 epochs in twelve weeks, each with its scores by zone."""

    lessons: int

    @property
    def span_s(self) -> tuple[int, int]:
        """UTC of its begin and its end, before the readings."""
        return STARTS_S - (_TERM_DAYS + 10) * _DAY_S, STARTS_S - 9 * _DAY_S

    def start_s(self, lesson: int) -> int:
        day, place = lesson % _TERM_DAYS, lesson // _TERM_DAYS
        return self.span_s[0] + day * _DAY_S + place % 6 * 3_600

    def off_task(self, lesson: int) -> NDArray[np.float64]:
        """(epochs, zones), the room first."""
        random = np.random.default_rng(lesson)
        walk = np.cumsum(random.normal(0, 0.02, (EPOCHS, len(TERM_ZONES))), axis=0)
        found: NDArray[np.float64] = np.round(1 / (1 + np.exp(1 - walk)), 4)
        return found

    def lines(self, lesson: int) -> Iterator[str]:
        """Its scores as line protocol."""
        start, room = self.start_s(lesson), lesson // _TERM_DAYS
        tags = f"site={SITE},room=r{room},lesson=l{lesson}"
        for epoch, row in enumerate(self.off_task(lesson).tolist()):
            ns = (start + epoch * EPOCH_S) * SECOND_NS
            for zone, p in zip(TERM_ZONES, row, strict=True):
                name = f"room,{tags}" if zone == "room" else f"zone,{tags},zone={zone}"
                yield (
                    f"{name} off_task={p:g},off_task_low={p * 0.8:.4g},"
                    f"off_task_high={1 - (1 - p) * 0.8:.4g} {ns}"
                )
