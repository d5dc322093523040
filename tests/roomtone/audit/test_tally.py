"""The count that the checks rest on finds what is lost, doubled, aside and in a gap."""

from __future__ import annotations

import numpy as np
import pytest

from contract.quantities.table import MISSING
from contract.wire.messages import Health
from contract.wire.payload import Batch, Gap, GapReason, Layout, encode
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.records import Arrival, Aside, Tick
from roomtone.audit.tally import Tally, tally

LAYOUT = Layout((1, 2, 3))


def batch(first_seq: int, n: int, *, missing_seat: int | None = None) -> Batch:
    seat = np.full((n, 3, 13), 100, np.uint16)
    if missing_seat is not None:
        seat[:, missing_seat] = MISSING
    return Batch(
        node="pi-1", run=7, first_seq=first_seq, boot_ns=first_seq * 10**9, period_ns=10**9,
        synchronised=True, waited_ms=0, layout=LAYOUT,
        values=LAYOUT.rows(seat, np.full((n, 5), 500, np.uint16)),
    )  # fmt: skip


def gap(first_seq: int, n: int, reason: GapReason) -> Gap:
    return Gap(
        node="pi-1", run=7, first_seq=first_seq, n=n, boot_ns=first_seq * 10**9, period_ns=10**9,
        synchronised=True, seats=(1, 2, 3), reason=reason,
    )  # fmt: skip


def counted(
    *messages: Batch | Gap, sampled: int, waiting: int = 0, aside: tuple[bytes, ...] = ()
) -> Tally:
    store = MemoryPeriodStore()
    health = Health(
        node="pi-1", run=7, sampled=sampled, published=sampled, acked=0, waiting=waiting, gap=0,
        unsampled=0, is_sampling=False, is_finished=True, outbox_bytes=0, ack_age_ms=None, hubs={},
    )  # fmt: skip
    topic = "roomtone/1/oak/r1/pi-1/data"
    store.commit(
        Tick(
            received_utc_ns=1,
            arrivals=[Arrival(site="oak", room="r1", message=m, is_live=True) for m in messages],
            healths=[health],
            aside=[
                Aside(received_utc_ns=1, topic=topic, reason="x", payload=payload)
                for payload in aside
            ],
        )
    )
    return tally(store, room="r1")


def test_all_kept_once_is_whole() -> None:
    result = counted(batch(0, 5), batch(5, 5), sampled=30)
    assert result.is_whole
    assert (result.kept, result.lost, result.doubled, result.gap) == (30, 0, 0, 0)


def test_a_seat_without_values_was_not_sampled() -> None:
    assert counted(batch(0, 5, missing_seat=1), sampled=10).is_whole


def test_what_is_missing_is_lost_and_what_is_too_much_is_doubled() -> None:
    assert counted(batch(0, 5), sampled=18).lost == 3
    assert counted(batch(0, 5), sampled=12).doubled == 3


def test_waiting_and_kept_aside_are_not_lost_but_not_whole_either() -> None:
    result = counted(
        batch(0, 5), sampled=27, waiting=6, aside=(encode(batch(9, 2)), b"no batch at all")
    )
    assert (result.waiting, result.kept_aside, result.lost) == (6, 6, 0)
    assert not result.is_whole


@pytest.mark.parametrize(
    ("reason", "in_gap", "lost"),
    (("serial", 6, 6), ("outbox_full", 6, 0), ("died", 6, 0), ("off", 0, 6), ("paused", 0, 6)),
)
def test_only_gaps_after_sampling_explain_what_was_sampled(
    reason: GapReason, in_gap: int, lost: int
) -> None:
    result = counted(batch(0, 5), gap(5, 2, reason), sampled=21)
    assert (result.gap, result.lost) == (in_gap, lost)
    assert not result.is_whole


def test_nothing_at_all_is_not_whole() -> None:
    assert not counted(sampled=0).is_whole
