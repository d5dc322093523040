"""Delivery against an ingest that loses, delays and forgets: nothing lost, books always right."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.ranges import SeqRanges
from contract.wire.messages import Ack
from contract.wire.parts import gap_part, late_part, packed_run, unpacked_run
from contract.wire.payload import Batch, Gap, Layout, decode
from edge_agent.outbox.run_book import RunBook, RunNote, read_notes
from edge_agent.outbox.store import Outbox
from edge_agent.publishing.delivery import Delivery
from edge_agent.settings import DeliverySettings
from tests.examples import examples

SECOND = 1_000_000_000
MakeBatch = Callable[..., Batch]
MakeGap = Callable[..., Gap]
MakeOutbox = Callable[..., Outbox]


class LossyIngest:
    """Keeps each seq of each run once, and acknowledges as ingest does."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.loss = 0.0
        self.kept: dict[int, SeqRanges] = {}
        self.values: dict[tuple[int, int], int | str] = {}
        self.messages: list[Batch | Gap] = []
        self.has_room = True

    def publish(self, payload: bytes) -> bool:
        if not self.has_room or self.random.random() < self.loss / 4:
            return False
        if self.random.random() < self.loss:
            return True  # the broker took it, and it is gone
        message = decode(payload)
        self.messages.append(message)
        of = packed_run(message.run, message.part)
        kept = self.kept.setdefault(of, SeqRanges())
        for first, last in kept.missing(message.first_seq, message.last_seq):
            for seq in range(first, last + 1):
                value: int | str = (
                    message.reason
                    if isinstance(message, Gap)
                    else int(message.values[seq - message.first_seq, 0])
                )
                assert (of, seq) not in self.values
                self.values[of, seq] = value
            kept.add(first, last)
        return True

    def acks(self) -> list[Ack]:
        answers = []
        for number, kept in self.kept.items():
            if self.random.random() < self.loss:
                continue
            low = kept.without_hole()
            above = tuple((first, last) for first, last in kept if first > low)[:64]
            run, part = unpacked_run(number)
            answers.append(Ack(run=run, part=part, without_hole=low, above=above))
        return answers


def balanced(delivery: Delivery) -> None:
    books = delivery.counters()
    assert books.sampled == books.acked + books.waiting + books.gap
    assert books.published <= books.sampled


def small(**changes: object) -> DeliverySettings:
    return DeliverySettings.model_validate({"max_unacked": 40, "max_in_memory": 60} | changes)


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 1 << 30),
    weather=st.lists(
        st.tuples(
            st.sampled_from(("up", "down", "restarts")),
            st.sampled_from((0.0, 0.1, 0.5)),
            st.integers(1, 40),
        ),
        min_size=1,
        max_size=6,
    ),
    gap_each=st.integers(3, 50),
    disk_fails=st.sampled_from((0.0, 0.3)),
)
def test_everything_is_acknowledged_in_the_end_and_nothing_forgotten_before(
    make_outbox: MakeOutbox,
    batch: MakeBatch,
    gap: MakeGap,
    tmp_path: Path,
    seed: int,
    weather: list[tuple[str, float, int]],
    gap_each: int,
    disk_fails: float,
) -> None:
    for path in tmp_path.glob("outbox/*"):
        path.unlink()
    ingest = LossyIngest(seed)

    def write(fd: int, data: bytes) -> int:
        if ingest.random.random() < disk_fails:
            os.write(fd, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(fd, data)

    outbox = make_outbox(write=write)
    delivery = Delivery(run=1, settings=small(max_in_memory=5_000), outbox=outbox)
    now, seq = 0, 0
    for state, ingest.loss, seconds in weather:
        if state == "down":
            delivery.closed()
        elif state == "restarts" or not delivery.is_open:
            delivery.opened()
        for _ in range(seconds):
            now += SECOND
            if seq % gap_each == gap_each - 1:
                delivery.add(gap(seq, 2), now_ns=now)
                seq += 2
            else:
                delivery.add(batch(seq), counts=bytes([seq % 4]), now_ns=now)
                seq += 1
            delivery.tick(now)
            delivery.send(now, ingest.publish)
            for ack in ingest.acks() if delivery.is_open else []:
                delivery.acknowledge(ack, now_ns=now)
            balanced(delivery)
            assert delivery.in_flight <= 40
            # Not kept by ingest means still here.
            here = SeqRanges()
            for entry in outbox.index.entries(1):
                here.add(entry.head.first_seq, entry.head.last_seq)
            for item in delivery._held.values():
                here.add(item.message.first_seq, item.message.last_seq)
            for first, last in ingest.kept.get(1, SeqRanges()).missing(0, seq - 1):
                assert not here.missing(first, last)
    ingest.loss, disk_fails = 0.0, 0.0
    delivery.opened()
    for _ in range(400):
        now += SECOND // 5
        delivery.tick(now)
        delivery.send(now, ingest.publish)
        for ack in ingest.acks():
            delivery.acknowledge(ack, now_ns=now)
    balanced(delivery)
    assert delivery.is_empty
    assert delivery.counters().waiting == delivery.in_flight == 0
    assert list(ingest.kept[1]) == [(0, seq - 1)]
    for (_, at), value in ingest.values.items():
        assert value in {"off", at}
    books = delivery.counters()
    assert books.published == books.acked == books.sampled
    outbox.close()


@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 1 << 30),
    stalls=st.lists(
        st.tuples(st.integers(0, 15), st.integers(1, 40), st.booleans()), min_size=1, max_size=6
    ),
    loss=st.sampled_from((0.0, 0.3)),
    max_in_memory=st.sampled_from((60, 5_000)),
    disk_fails=st.booleans(),
)
def test_what_a_hub_brings_late_is_delivered_once_and_not_taken_for_the_gap_before_it(
    make_outbox: MakeOutbox,
    batch: MakeBatch,
    gap: MakeGap,
    tmp_path: Path,
    seed: int,
    stalls: list[tuple[int, int, bool]],
    loss: float,
    max_in_memory: int,
    disk_fails: bool,
) -> None:
    for path in tmp_path.glob("outbox/*"):
        path.unlink()
    ingest = LossyIngest(seed)
    is_failing = disk_fails

    def write(fd: int, data: bytes) -> int:
        if is_failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(fd, data)

    outbox = make_outbox(write=write)
    delivery = Delivery(run=1, settings=small(max_in_memory=max_in_memory), outbox=outbox)
    late, line_gaps = late_part(2), gap_part(2)
    now = seq = brought = 0

    def turn() -> None:
        delivery.tick(now)
        delivery.send(now, ingest.publish)
        for ack in ingest.acks() if delivery.is_open else []:
            delivery.acknowledge(ack, now_ns=now)
        balanced(delivery)

    for quiet, stalled, is_open in stalls:
        delivery.opened() if is_open else delivery.closed()
        ingest.loss = loss
        since = seq + quiet
        for _ in range(quiet + stalled):
            now += SECOND
            if seq >= since:
                missing = gap(seq, 1, reason="serial", part=line_gaps)
                delivery.add(missing, now_ns=now)
            delivery.add(batch(seq), counts=b"\1", seats_missing=2, now_ns=now)
            seq += 1
            turn()
        for first in range(since, seq, 10):
            n = min(10, seq - first)
            brought += n
            delivery.add(
                batch(first, n, part=late), seats_missing=-2 * n, now_ns=now,
                counts=bytes([2] * n),
            )  # fmt: skip
        turn()
        # It is on the disk before anything else is done: no other gap would replace it.
        assert is_failing or not [part for _, part, _ in delivery._held if part == late]
    books = delivery.counters()
    assert (books.sampled, books.unsampled) == (seq + 2 * brought, 2 * (seq - brought))
    ingest.loss, is_failing = 0.0, False
    delivery.opened()
    for _ in range(400):
        now += SECOND // 5
        turn()
    assert delivery.is_empty
    books = delivery.counters()
    assert books.sampled == books.acked + books.gap
    values = [value for (run, _), value in ingest.values.items() if run == packed_run(1, late)]
    assert len(values) == brought
    # What had arrived when it was given up stays values there.
    given_up = sum(
        value == "outbox_full" for (run, _), value in ingest.values.items() if run == 1
    ) + 2 * values.count("outbox_full")
    assert given_up <= books.gap
    assert given_up == books.gap or loss
    assert all(
        value in {"outbox_full", at}
        for (of, at), value in ingest.values.items()
        if of == packed_run(1, late)
    )
    is_late = [m.waited_ms for m in ingest.messages if isinstance(m, Batch) and m.part == late]
    assert set(is_late) <= {None}
    outbox.close()


def filled(
    outbox: Outbox, batch: MakeBatch, periods: int, **changes: object
) -> tuple[Delivery, int]:
    """A delivery after an outage of so many seconds."""
    delivery = Delivery(run=1, settings=DeliverySettings.model_validate(changes), outbox=outbox)
    now = 0
    for seq in range(periods):
        now += SECOND
        delivery.add(batch(seq), counts=b"\3", now_ns=now)
        delivery.tick(now)
    return delivery, now


def test_normal_running_writes_nothing(make_outbox: MakeOutbox, batch: MakeBatch) -> None:
    outbox = make_outbox()
    delivery = Delivery(run=1, settings=DeliverySettings(), outbox=outbox)
    delivery.opened()
    ingest = LossyIngest(0)
    now = 0
    for seq in range(100):
        now += SECOND
        delivery.add(batch(seq), counts=b"\3", now_ns=now)
        delivery.tick(now)
        delivery.send(now, ingest.publish)
        for ack in ingest.acks():
            delivery.acknowledge(ack, now_ns=now)
    assert outbox.bytes_written == 0
    assert delivery.is_empty
    assert len(ingest.messages) == 100
    outbox.close()


def test_an_outage_is_spilled_ten_periods_a_record_and_a_write(
    make_outbox: MakeOutbox, batch: MakeBatch
) -> None:
    syncs = []
    outbox = make_outbox(sync=syncs.append)
    delivery, _ = filled(outbox, batch, 101)
    entries = outbox.index.entries(1)
    assert max(entry.head.n for entry in entries) == 10
    assert sum(entry.head.n for entry in entries) >= 90
    assert len(syncs) <= 10
    balanced(delivery)
    outbox.close()


def test_a_lasting_outage_writes_little(make_outbox: MakeOutbox) -> None:
    """Thirty seats of noise that no compression helps with: at most 0.15 GB a day."""
    syncs: list[int] = []
    outbox = make_outbox(sync=syncs.append)
    delivery = Delivery(run=1, settings=DeliverySettings(), outbox=outbox)
    layout = Layout(tuple(range(1, 31)))
    draw = np.random.default_rng(1)
    hour = 3_600
    for seq in range(hour):
        now = seq * SECOND
        noise = Batch(
            node="pi-1", run=1, first_seq=seq, boot_ns=now, period_ns=SECOND, synchronised=True,
            waited_ms=None, layout=layout,
            values=draw.integers(0, 65_535, (1, layout.width), dtype=np.uint16),
        )  # fmt: skip
        delivery.add(noise, counts=bytes([30]), now_ns=now)
        delivery.tick(now)
    assert outbox.bytes_written * 24 <= 150_000_000
    # A write touches two pages more than it fills, at the most.
    assert (outbox.bytes_written + len(syncs) * 8_192) * 24 <= 150_000_000
    assert len(syncs) <= hour / 10
    outbox.close()


def test_live_periods_pass_the_backlog(make_outbox: MakeOutbox, batch: MakeBatch) -> None:
    outbox = make_outbox()
    delivery, now = filled(outbox, batch, 2_000)
    ingest = LossyIngest(0)
    delivery.opened()
    seq = 2_000
    for step in range(2_000):
        now += SECOND // 50
        if step % 50 == 0:
            delivery.add(batch(seq), counts=b"\3", now_ns=now)
            seq += 1
        count = len(ingest.messages)
        delivery.tick(now)
        delivery.send(now, ingest.publish)
        if step % 50 == 0:
            # In the beginning those that were too young for the outbox are live as well.
            fresh = ingest.messages[count : count + (11 if step == 0 else 1)]
            assert seq - 1 in {message.first_seq for message in fresh}
        if step % 5 == 0:
            for ack in ingest.acks():
                delivery.acknowledge(ack, now_ns=now)
        if delivery.is_empty:
            break
    assert delivery.is_empty
    assert step < 50 * 5  # under five seconds
    outbox.close()


def test_a_slow_link_keeps_little_of_the_backlog_under_way(
    make_outbox: MakeOutbox, batch: MakeBatch
) -> None:
    outbox = make_outbox()
    delivery, now = filled(outbox, batch, 2_000)
    ingest = LossyIngest(0)
    delivery.opened()
    waiting: list[tuple[int, Ack]] = []
    for _ in range(600):
        now += SECOND // 10
        delivery.tick(now)
        delivery.send(now, ingest.publish)
        waiting += [(now + 4 * SECOND, ack) for ack in ingest.acks()]
        while waiting and waiting[0][0] <= now:
            delivery.acknowledge(waiting.pop(0)[1], now_ns=now)
    assert delivery.in_flight <= 16
    outbox.close()


def test_young_backlog_says_its_age_and_old_backlog_does_not(
    make_outbox: MakeOutbox, batch: MakeBatch
) -> None:
    outbox = make_outbox()
    delivery, now = filled(outbox, batch, 60)
    ingest = LossyIngest(0)
    delivery.opened()
    while delivery.send(now, ingest.publish):
        for ack in ingest.acks():
            delivery.acknowledge(ack, now_ns=now)
    ages = {m.last_seq: m.waited_ms for m in ingest.messages if isinstance(m, Batch)}
    for last_seq, age in ages.items():
        true_ms = (59 - last_seq) * 1000
        assert age == (true_ms if true_ms < 30_000 else None)
    assert sum(age is None for age in ages.values()) >= 2
    outbox.close()


def test_what_is_not_acknowledged_is_sent_again(make_outbox: MakeOutbox, batch: MakeBatch) -> None:
    outbox = make_outbox()
    delivery = Delivery(
        run=1, settings=DeliverySettings(ack_timeout_s=5, spill_s=100), outbox=outbox
    )
    delivery.opened()
    ingest = LossyIngest(0)
    delivery.add(batch(0), counts=b"\3", now_ns=0)
    for now in (0, 4 * SECOND, 6 * SECOND, 7 * SECOND):
        delivery.tick(now)
        delivery.send(now, ingest.publish)
    assert [m.first_seq for m in ingest.messages] == [0, 0]
    assert delivery.counters().published == 3
    outbox.close()


def test_an_acknowledgement_of_what_was_never_sent_forgets_nothing(
    make_outbox: MakeOutbox, batch: MakeBatch
) -> None:
    outbox = make_outbox()
    delivery, now = filled(outbox, batch, 15)
    delivery.acknowledge(Ack(run=1, without_hole=-1, above=((100, 120),)), now_ns=now)
    assert delivery.counters().waiting == 45
    outbox.close()


def test_without_room_or_ingest_nothing_is_sent(make_outbox: MakeOutbox, batch: MakeBatch) -> None:
    outbox = make_outbox()
    delivery, now = filled(outbox, batch, 5)
    ingest = LossyIngest(0)
    assert not delivery.send(now, ingest.publish)
    delivery.opened()
    ingest.has_room = False
    assert delivery.send(now, ingest.publish)
    assert delivery.in_flight == 0
    ingest.has_room = True
    delivery.send(now, ingest.publish)
    assert len(ingest.messages) == 5
    outbox.close()


def test_with_a_dead_disk_memory_is_bounded_and_a_gap_stands_for_the_oldest(
    batch: MakeBatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    outbox = Outbox(
        directory=tmp_path / "file" / "x", max_bytes=2 << 20, node="pi-1", timebase=lambda: b""
    )
    delivery, now = filled(outbox, batch, 500, max_in_memory=100)
    assert len(delivery._held) <= 101
    books = delivery.counters()
    assert books.gap > 0
    balanced(delivery)
    assert "Not a directory" in caplog.text
    assert len(caplog.records) < 100
    ingest = LossyIngest(0)
    delivery.opened()
    for _ in range(10):
        now += SECOND
        delivery.send(now, ingest.publish)
        for ack in ingest.acks():
            delivery.acknowledge(ack, now_ns=now)
    assert delivery.is_empty
    assert list(ingest.kept[1]) == [(0, 499)]
    assert ingest.values[1, 0] == "outbox_full"
    assert ingest.values[1, 499] == 499


def test_an_earlier_run_is_delivered_before_its_files_go(
    make_outbox: MakeOutbox, batch: MakeBatch, tmp_path: Path
) -> None:
    outbox = make_outbox()
    filled(outbox, batch, 45)[0].spill(0)
    outbox.close()
    outbox = make_outbox(run=2)
    delivery = Delivery(run=2, settings=small(), outbox=outbox)
    delivery.tick(0)
    ingest = LossyIngest(0)
    delivery.opened()
    delivery.add(batch(0, run=2), counts=b"\3", now_ns=0)
    for _ in range(5):
        delivery.send(0, ingest.publish)
        for ack in ingest.acks():
            delivery.acknowledge(ack, now_ns=0)
    assert ingest.messages[0].run == 2  # live first
    assert delivery.is_empty
    assert delivery.counters().acked == 3
    assert list(ingest.kept[1]) == [(0, 44)]
    assert not list(tmp_path.glob("outbox/*.outbox"))
    outbox.close()


def test_a_spill_takes_whole_batches_and_nothing_waits_longer_for_it(
    make_outbox: MakeOutbox, batch: MakeBatch, tmp_path: Path
) -> None:
    syncs: list[int] = []
    outbox = make_outbox(sync=syncs.append)
    written: list[int] = []
    book = RunBook(
        path=tmp_path / "runs",
        run=RunNote(run=1, boot="b", run_boot_ns=0, period_ns=SECOND, seats=(1, 2, 3)),
        sync=lambda _: written.append(len(syncs)),
    )
    delivery = Delivery(run=1, settings=DeliverySettings(), outbox=outbox, book=book)
    delivery.tick(0)
    written.clear()
    for seq in range(300):
        now = (seq + 1) * SECOND
        delivery.add(batch(seq), counts=b"\3", now_ns=now)
        delivery.tick(now)
        spilled = max((entry.head.last_seq for entry in outbox.index.entries(1)), default=-1)
        assert seq - spilled <= 10
        assert read_notes(tmp_path / "runs")[-1].until_seq > seq
    assert {entry.head.n for entry in outbox.index.entries(1)} == {10}
    assert len(syncs) == 29
    # The run book is written just before a spill, never at a time of its own.
    assert written == [0, 4, 9, 14, 19, 24]
    book.close()
    outbox.close()
    again = make_outbox()
    again.open()
    assert list(again.known(1)) == [(0, 289)]
    again.close()


def test_what_is_sent_again_of_a_late_hub_goes_after_what_is_live(
    make_outbox: MakeOutbox, batch: MakeBatch, gap: MakeGap
) -> None:
    def fails(_fd: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    outbox = make_outbox(write=fails)  # so that what is late stays in memory
    delivery = Delivery(run=1, settings=small(ack_timeout_s=5, spill_s=100), outbox=outbox)
    delivery.opened()
    ingest = LossyIngest(0)
    late, line_gaps = late_part(2), gap_part(2)
    delivery.add(gap(0, 1, "serial", part=line_gaps), seats_missing=2, now_ns=0)
    delivery.add(batch(0), counts=b"\1", now_ns=0)
    delivery.add(batch(0, part=late), counts=b"\2", seats_missing=-2, now_ns=0)
    delivery.add(batch(1, part=late), counts=b"\2", seats_missing=-2, now_ns=0)
    delivery.tick(0)
    delivery.send(0, ingest.publish)
    assert [m.part for m in ingest.messages] == [line_gaps, 0, late, late]
    ingest.messages.clear()
    now = 6 * SECOND
    delivery.add(batch(6), counts=b"\3", now_ns=now)
    delivery.tick(now)
    delivery.send(now, ingest.publish)
    assert [(m.part, m.first_seq) for m in ingest.messages] == [
        (line_gaps, 0), (0, 0), (0, 6), (late, 0), (late, 1),
    ]  # fmt: skip
    balanced(delivery)
    outbox.close()
