"""Kits of other versions: fewer quantities than the table has, or others, or in another order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from contract.quantities.table import MISSING, ROOM_QUANTITIES, SEAT_QUANTITIES
from contract.wire.payload import Layout
from ingest.stores.records import EpochRecord
from tests.ingest.node import SECOND_NS, Node
from tests.ingest.school import NODE, SEATS, VALUES, WHOLE, School

SEAT_CODES = tuple(q.code for q in SEAT_QUANTITIES)
ROOM_CODES = tuple(q.code for q in ROOM_QUANTITIES)
UNKNOWN = 77
LONG_ENOUGH = 150


@dataclass(frozen=True, kw_only=True)
class OtherKit(Node):
    seats: tuple[int, ...] = SEATS
    run_boot_ns: int = 0
    seat_codes: tuple[int, ...] = SEAT_CODES
    room_codes: tuple[int, ...] = ROOM_CODES

    @property
    def layout(self) -> Layout:
        return Layout(self.seats, self.seat_codes, self.room_codes)


def rows_of(kit: OtherKit) -> np.ndarray:
    """The school's lesson as this kit would have sent it."""
    seat, room = NODE.layout.seat_values(VALUES), NODE.layout.room_values(VALUES)
    sent_seat = np.full((len(VALUES), len(SEATS), len(kit.seat_codes)), 7, np.uint16)
    for at, code in enumerate(kit.seat_codes):
        for place, number in enumerate(kit.seats):
            if code in SEAT_CODES:
                values = seat[:, SEATS.index(number), SEAT_CODES.index(code)]
                sent_seat[:, place, at] = values
    sent_room = np.full((len(VALUES), len(kit.room_codes)), 7, np.uint16)
    for at, code in enumerate(kit.room_codes):
        if code in ROOM_CODES:
            sent_room[:, at] = room[:, ROOM_CODES.index(code)]
    return kit.layout.rows(sent_seat, sent_room)


def scored(kit: Node, rows: np.ndarray) -> list[EpochRecord]:
    school = School()
    for seq in range(LONG_ENOUGH):
        school.clock.now_ns = (seq + 1) * SECOND_NS
        school.keep(kit.batch(seq, values=rows[seq : seq + 1]))
        school.following.step()
    return school.epochs


def test_the_order_of_seats_and_quantities_is_the_kits_own() -> None:
    kit = OtherKit(seats=SEATS[::-1], seat_codes=SEAT_CODES[::-1], room_codes=ROOM_CODES[::-1])
    assert repr(scored(kit, rows_of(kit))) == repr(WHOLE.epochs[: LONG_ENOUGH // 5])


@pytest.mark.parametrize("codes", ((), ROOM_CODES[:3], (4, 1)))
def test_room_quantities_that_a_kit_does_not_send_are_missing(codes: tuple[int, ...]) -> None:
    kit = OtherKit(room_codes=codes)
    missing = VALUES.copy()
    for at, code in enumerate(ROOM_CODES):
        if code not in codes:
            missing[:, len(SEAT_CODES) * len(SEATS) + at] = MISSING
    epochs = scored(kit, rows_of(kit))
    assert len(epochs) == LONG_ENOUGH // 5
    assert repr(epochs) == repr(scored(NODE, missing))
    assert epochs[-1].zones[0].seats == len(SEATS)


@pytest.mark.parametrize(
    "kit",
    (OtherKit(seat_codes=(UNKNOWN, *SEAT_CODES)), OtherKit(room_codes=(*ROOM_CODES, UNKNOWN))),
)
def test_what_has_a_quantity_that_nobody_knows_is_kept_aside_once(kit: OtherKit) -> None:
    """A kit that is newer than the server: it holds all of it, and sends it again and again."""
    school = School()
    for waited_ms in (5, 15_005, None):
        sent = kit.batch(0, values=rows_of(kit)[:1], waited_ms=waited_ms)
        school.keep(sent)
    (aside,) = school.store.aside()
    assert "no quantity has the code 77: is the kit's software newer" in aside.reason
    assert list(school.store.kept(1)) == []


def test_a_kit_that_sends_nothing_of_the_seats_is_no_class_off_task() -> None:
    kit = OtherKit(seat_codes=())
    epochs = scored(kit, rows_of(kit))
    assert len(epochs) == LONG_ENOUGH // 5
    assert all(np.isnan(epoch.zones[0].off_task) for epoch in epochs)
