"""Two kits in a room are one room: the same scores as if one kit had all of its seats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from contract.lesson import Zone
from ingest.stores.records import EpochRecord
from tests.ingest.node import SECOND_NS, Node
from tests.ingest.school import LENGTH, NODE, SEATS, VALUES, WHOLE, School

LEFT = replace(NODE, run=9, boot="boot-9", seats=SEATS[:6])
RIGHT = replace(NODE, node="kit-2", run=8, boot="boot-8", seats=SEATS[6:], hub="hub-b")
EARLIER = 100
"""The other kit has been on for so many seconds more."""


def values_of(node: Node) -> np.ndarray:
    """The lesson's values of a kit's seats, and of the room's sound if it is the first one."""
    seats = [SEATS.index(seat) for seat in node.seats]
    room = NODE.layout.room_values(VALUES)
    if node is RIGHT:
        room = np.full_like(room, 65_535)
    return node.layout.rows(NODE.layout.seat_values(VALUES)[:, seats], room)


OF_LEFT, OF_RIGHT = values_of(LEFT), values_of(RIGHT)


class TwoKits(School):
    """The room with its seats on two kits, whose boot clocks have nothing in common."""

    def __init__(self, zones: tuple[Zone, ...] | None = None) -> None:
        super().__init__()
        if zones is not None:
            self.lesson = replace(self.lesson, zones=zones)
            self.lessons.put(self.lesson)
        start = self.clock.utc_at_boot_ns
        self.keep(LEFT.birth(), LEFT.timebase(start))
        skew_ns = 300_000_000
        self.keep(RIGHT.birth(), RIGHT.timebase(start - EARLIER * SECOND_NS + skew_ns))

    def left(self, seq: int) -> None:
        self.keep(LEFT.batch(seq, values=OF_LEFT[seq : seq + 1]))

    def right(self, seq: int, *, waited_ms: int | None = 5) -> None:
        self.keep(RIGHT.batch(seq + EARLIER, values=OF_RIGHT[seq : seq + 1], waited_ms=waited_ms))

    def play(self, *, behind: int = 0, right_until: int = LENGTH) -> None:
        """A lesson second by second; the second kit's seconds come later by so many."""
        for second in range(LENGTH + behind):
            self.clock.now_ns = max(self.clock.now_ns, (second + 1) * SECOND_NS)
            if second < LENGTH:
                self.left(second)
            self.following.step()
            if 0 <= second - behind < right_until:
                self.right(second - behind)
            self.following.step()


def of_one(epochs: Iterable[EpochRecord]) -> str:
    """Epochs without the number of the run that they were stored for."""
    return repr([replace(epoch, stream_id=0) for epoch in epochs])


@pytest.mark.parametrize("behind", (0, 6))
def test_a_room_with_two_kits_is_scored_as_one(behind: int) -> None:
    school = TwoKits()
    school.play(behind=behind)
    assert of_one(school.epochs) == of_one(WHOLE.epochs)
    assert len({epoch.stream_id for epoch in school.epochs}) == 1
    raised = {alert.zone: alert.raised_utc_ns for alert in school.alerts}
    assert raised == {alert.zone: alert.raised_utc_ns for alert in WHOLE.alerts}


def test_a_zone_may_have_seats_of_both_kits() -> None:
    school = TwoKits(zones=(Zone(name="middle", seats=SEATS[3:9]),))
    school.play()
    (middle,) = {tuple(zone.zone for zone in epoch.zones) for epoch in school.epochs[30:]}
    assert middle == ("room", "middle")
    assert school.epochs[-1].zones[1].seats == 6
    assert school.epochs[-1].zones[0].seats == 12


def test_what_the_second_kit_sends_late_is_scored_with_the_rest() -> None:
    school = TwoKits()
    school.play(right_until=0)
    assert school.epochs[-1].zones[0].seats == 6
    for seq in range(LENGTH):
        school.right(seq, waited_ms=None)
    school.settle()
    assert of_one(school.epochs) == of_one(WHOLE.epochs)


def test_a_kit_that_falls_silent_holds_nothing_up() -> None:
    school = TwoKits()
    school.play(right_until=200)
    assert [epoch.first_seq for epoch in school.epochs] == list(range(0, LENGTH, 5))
    assert school.epochs[30].zones[0].seats == 12
    assert school.epochs[-1].zones[0].seats == 6


def test_a_scorer_that_starts_again_continues_with_both() -> None:
    school = TwoKits()
    for second in range(250):
        school.clock.now_ns = (second + 1) * SECOND_NS
        school.left(second)
        school.right(second)
        school.following.step()
    school.start()
    for second in range(250, LENGTH):
        school.clock.now_ns = (second + 1) * SECOND_NS
        school.left(second)
        school.right(second)
        school.following.step()
    assert of_one(school.epochs) == of_one(WHOLE.epochs)
