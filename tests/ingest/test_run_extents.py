"""Which runs may lie in a span: none is missed, and ended runs are dated once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.clock import ManualClock
from ingest.keep import Keeper
from ingest.run_extents import RunExtents
from ingest.settings import IngestSettings
from ingest.stores.memory_periods import MemoryPeriodStore
from tests.ingest.node import SECOND_NS, Node

DAY_NS = 86_400 * SECOND_NS
FIRST = Node(run_boot_ns=0)


class Counted(MemoryPeriodStore):
    """Counts what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.dated = 0

    def timebases(self, boot):
        self.dated += 1
        return super().timebases(boot)


class Room:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = Counted()
        self.keeper = Keeper(
            store=self.store, site="school", clock=self.clock, settings=IngestSettings()
        )
        self.extents = RunExtents(self.store)

    def add(self, day: int, *, room: str = "r1", is_dated: bool = True) -> Node:
        """A boot on a day, of which five minutes are kept."""
        node = replace(FIRST, room=room, node=f"kit-{room}", run=day + 1, boot=f"{room}-{day}")
        self.keeper.keep([node.birth()])
        if is_dated:
            self.date(node, day)
        self.keeper.keep([node.batch(seq, 10) for seq in range(0, 300, 10)])
        return node

    def date(self, node: Node, day: int) -> None:
        self.keeper.keep([node.timebase(self.clock.utc_at_boot_ns + day * DAY_NS)])

    def runs(self, day: float, *, room: str = "r1", length_s: int = 300) -> list[int]:
        start = self.clock.utc_at_boot_ns + round(day * DAY_NS)
        return [each.run for each in self.extents.runs(room, start, start + length_s * SECOND_NS)]


def test_each_span_has_its_runs_and_no_far_ones() -> None:
    room = Room()
    for day in range(5):
        room.add(day)
    room.add(2, room="r2")
    assert [room.runs(day) for day in range(6)] == [[1], [2], [3], [4], [5], []]
    assert room.runs(0, length_s=90_000) == [1, 2]
    assert (room.runs(2, room="r2"), room.runs(1, room="r2")) == ([3], [])
    assert room.runs(2, room="never was") == []


def test_runs_that_ended_are_dated_once() -> None:
    room = Room()
    nodes = [room.add(day) for day in range(50)]
    room.runs(3)
    assert room.store.dated == 50
    room.store.dated = 0
    for seq in range(300, 400, 10):
        room.keeper.keep([nodes[-1].batch(seq, 10)])
        assert room.runs(49) == [50]
    assert room.store.dated == 10  # the one that grows


def test_what_comes_later_is_found() -> None:
    room = Room()
    node = room.add(0)
    assert room.runs(0.5) == []
    room.keeper.keep([node.batch(43_200, 10)])  # the same run, half a day later
    assert room.runs(0.5) == [1]
    other = room.add(3)
    assert room.runs(3) == [4]
    room.keeper.keep([other.gap(7_200, 60)])
    assert room.runs(3 + 7_200 / 86_400) == [4]
    elsewhere = room.add(4, room="r2")
    assert room.runs(4) == []
    assert room.runs(4, room="r2") == [elsewhere.run]


@pytest.mark.parametrize("has_birth", (True, False))
def test_a_run_that_nothing_dates_may_be_anywhere_until_it_is_dated(*, has_birth: bool) -> None:
    room = Room()
    node = replace(FIRST, run=9, node="kit-9", boot="b9")
    if has_birth:
        room.keeper.keep([node.birth()])
    room.keeper.keep([node.batch(0, 10)])
    assert room.runs(0) == room.runs(7) == [9]
    room.keeper.keep([node.birth()])
    room.date(node, 7)
    assert (room.runs(0), room.runs(7)) == ([], [9])
    assert room.extents.runs("r1", 0, 1 << 62)[0].boot == "b9"


def test_another_store_in_its_place_is_read_afresh() -> None:
    room = Room()
    for day in range(3):
        room.add(day)
    assert room.runs(1) == [2]
    restored = Room()
    restored.extents = room.extents
    room.extents._reader = restored.store
    restored.add(1)
    assert (restored.runs(1), restored.runs(2)) == ([2], [])
