"""What the simulated kits send is what the wire's own encoder makes, byte for byte."""

from __future__ import annotations

import numpy as np
import pytest

from contract.clock import SECOND_NS
from contract.topics import Topic
from contract.wire.messages import Birth, Death, Health, Timebase, decode_state
from contract.wire.payload import Batch, Layout, decode, encode
from roomtone.load.messages import Kit, Rows, kits_of, simulated_rows
from roomtone.load.plan import LoadPlan

SEATS = (1, 2, 3, 4, 5, 6)
LAYOUT = Layout(SEATS)
PLAN = LoadPlan(rooms=3, seats=6, periods=60, site="load")


@pytest.fixture(scope="module")
def rows() -> Rows:
    values = np.random.default_rng(1).integers(0, 65_536, (40, LAYOUT.width), dtype=np.uint16)
    return Rows(LAYOUT, values)


@pytest.fixture(scope="module")
def kits(rows: Rows) -> list[Kit]:
    return kits_of(PLAN, rows, starts_utc_ns=1_700_000_000 * SECOND_NS, runs_from=1 << 40)


@pytest.mark.parametrize("seq", (0, 23, 24, 255, 256, 65_535, 65_536, 90_000))
@pytest.mark.parametrize("waited_ms", (0, 3, 30, 300, 70_000))
def test_a_batch_of_one_period_is_that_of_the_encoder(
    kits: list[Kit], rows: Rows, seq: int, waited_ms: int
) -> None:
    for kit in kits:
        batch = Batch(
            node=kit.node, run=kit.run, first_seq=seq, boot_ns=kit.run_boot_ns + seq * SECOND_NS,
            period_ns=SECOND_NS, synchronised=True, waited_ms=waited_ms, layout=LAYOUT,
            values=rows.values[[kit.row_of(seq)]],
        )  # fmt: skip
        assert kit.batch(seq, 1, waited_ms=waited_ms) == encode(batch)


def test_a_backlog_batch_has_the_same_values(kits: list[Kit], rows: Rows) -> None:
    kit = kits[2]
    many = decode(kit.batch(35, 10, waited_ms=9))
    ones = [decode(kit.batch(seq, 1, waited_ms=9)) for seq in range(35, 45)]
    assert isinstance(many, Batch)
    assert many.first_seq == 35
    assert many.boot_ns == kit.run_boot_ns + 35 * SECOND_NS
    assert (many.values == np.concatenate([one.values for one in ones])).all()  # type: ignore[union-attr]


def test_kits_differ_in_room_run_clock_and_values(kits: list[Kit]) -> None:
    for name in ("room", "node", "run", "run_boot_ns", "starts_utc_ns", "data_topic"):
        assert len({getattr(kit, name) for kit in kits}) == len(kits), name
    assert len({kit.row_of(0) for kit in kits}) == len(kits)
    topic = Topic.parse(kits[1].data_topic)
    assert (topic.site, topic.room, topic.node, topic.kind) == (
        "load", kits[1].room, kits[1].node, "data",
    )  # fmt: skip


def test_the_small_messages_agree_with_each_other(kits: list[Kit]) -> None:
    kit = kits[1]
    birth, death = decode_state(kit.birth()), decode_state(kit.death())
    timebase = Timebase.decode(kit.timebase(7))
    health = Health.decode(kit.health(closed=9, sent=8, acked=5, is_finished=False))
    assert isinstance(birth, Birth)
    assert isinstance(death, Death)
    assert {(m.node, m.run) for m in (birth, death, timebase, health)} == {(kit.node, kit.run)}
    assert birth.boot == death.boot == timebase.boot
    assert tuple(seat for hub in birth.hubs for seat in hub.seats) == SEATS
    assert timebase.boot_ns - birth.run_boot_ns == timebase.utc_ns - kit.starts_utc_ns
    assert (health.sampled, health.published, health.acked, health.waiting) == (54, 48, 30, 24)


def test_the_rows_are_those_of_a_drawn_lesson() -> None:
    plan = LoadPlan(rooms=1, seats=13, periods=30, site="load", seed=4)
    rows = simulated_rows(plan)
    assert rows.layout.seats == tuple(range(1, 14))
    assert rows.values.shape == (30, rows.layout.width)
    assert (rows.values == simulated_rows(plan).values).all()
    assert len(np.unique(rows.values)) > 100
