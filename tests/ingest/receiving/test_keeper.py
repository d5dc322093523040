"""The keeper on any mixture of messages: each valid period once, nothing said before the commit."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import cbor2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.clock import ManualClock
from contract.errors import StoreError
from contract.ranges import SeqRanges
from contract.wire.messages import Health
from contract.wire.parts import IN_TIME, late_part, packed_run
from ingest.receiving.keeper import Keeper, Kept
from ingest.settings import IngestSettings
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.records import Tick
from tests.ingest.node import Node, Sent

NODE = Node()
EVERYTHING = 1 << 39


def keeper(store: MemoryPeriodStore, **settings: object) -> Keeper:
    return Keeper(
        store=store,
        site="school",
        clock=ManualClock(),
        settings=IngestSettings(**settings),  # type: ignore[arg-type]
    )


@pytest.fixture
def store() -> Iterator[MemoryPeriodStore]:
    made = MemoryPeriodStore()
    yield made
    made.close()


def acked(kept: Kept) -> SeqRanges:
    """What the acks of one run say is kept."""
    said = SeqRanges()
    for word in kept.acks:
        if word.ack.without_hole >= 0:
            said.add(0, word.ack.without_hole)
        for first, last in word.ack.above:
            said.add(first, last)
    return said


# ---------------------------------------------------------------- any mixture


def damaged(sent: Sent, seed: int) -> Sent:
    """One byte changed, cut short, or lengthened."""
    random = Random(seed)
    payload = bytearray(sent.payload)
    kind = random.randrange(3)
    if kind == 0:
        payload[random.randrange(len(payload))] ^= 1 << random.randrange(8)
    elif kind == 1:
        del payload[random.randrange(len(payload)) :]
    else:
        payload += bytes([random.randrange(256)])
    return replace(sent, payload=bytes(payload))


RUNS = (NODE, NODE.again(8), Node(node="kit-2", room="r2", run=9))
pieces = st.tuples(
    st.sampled_from(RUNS),
    st.integers(0, 40),
    st.integers(1, 10),
    st.sampled_from([None, 5, 60_000]),
)
garbage = st.tuples(
    st.sampled_from([NODE.topic("data"), NODE.topic("state"), NODE.topic("health"), "x", "a/b"]),
    st.binary(max_size=40),
    st.booleans(),
)


@given(data=st.lists(st.lists(pieces | garbage, max_size=8), max_size=8))
def test_every_period_is_kept_once_whatever_else_arrives(data: list[list[tuple]]) -> None:
    store = MemoryPeriodStore()
    kept = keeper(store)
    valid: dict[int, SeqRanges] = {}
    for tick in data:
        messages = []
        for part in tick:
            if isinstance(part[0], Node):
                node, first, n, waited_ms = part
                messages.append(node.batch(first, n, waited_ms=waited_ms))
                valid.setdefault(node.run, SeqRanges()).add(first, first + n - 1)
            else:
                messages.append(Sent(*part))
        kept.keep(messages)
    assert {s.run: store.kept(s.id) for s in store.streams()} == valid
    for stream in store.streams():
        node = next(node for node in RUNS if node.run == stream.run)
        for periods in store.read(stream.id, 0, EVERYTHING):
            assert len(np.unique(periods.seqs)) == len(periods.seqs)
            for seq, row in zip(periods.seqs.tolist(), periods.values, strict=True):
                assert (row == node.values(seq, 1)[0]).all()
    assert kept.counters.kept == sum(len(seqs) for seqs in valid.values())
    assert kept.counters.arrived == kept.counters.kept + kept.counters.trimmed


@given(seeds=st.lists(st.integers(0, 1 << 30), min_size=1, max_size=12))
def test_a_damaged_message_never_stops_or_changes_what_is_valid(seeds: list[int]) -> None:
    store = MemoryPeriodStore()
    kept = keeper(store)
    originals = [NODE.batch(0, 3), NODE.birth(), NODE.timebase(10**18), NODE.gap(50, 5)]
    whole = Node(node="kit-9", run=99)
    messages = [damaged(originals[seed % len(originals)], seed) for seed in seeds]
    kept.keep([*messages, whole.batch(0, 5)])
    (stream,) = [s for s in store.streams() if s.node == "kit-9"]
    assert list(store.kept(stream.id)) == [(0, 4)]


@given(
    batches=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 10)), min_size=1, max_size=10),
    fails=st.lists(st.booleans(), min_size=10, max_size=10),
)
def test_acks_say_only_what_a_commit_has_kept(
    batches: list[tuple[int, int]], fails: list[bool]
) -> None:
    class Failing(MemoryPeriodStore):
        is_full = False

        def commit(self, tick: Tick) -> list[int]:
            if self.is_full:
                raise StoreError("The disk is full.")
            return super().commit(tick)

    store = Failing()
    kept = keeper(store)
    for (first, n), is_full in zip(batches, fails, strict=False):
        store.is_full = is_full
        try:
            said = acked(kept.keep([NODE.batch(first, n)]))
        except StoreError:
            assert is_full
        else:
            (stream,) = store.streams()
            assert said == store.kept(stream.id)


def test_an_ack_holds_at_most_64_ranges_nearest_to_the_hole(store: MemoryPeriodStore) -> None:
    kept = keeper(store)
    said = kept.keep([NODE.batch(2 * i + 10) for i in range(100)])
    (word,) = said.acks
    assert word.topic == "roomtone/1/school/r1/kit-1/ack"
    assert word.ack.without_hole == -1
    assert word.ack.above == tuple((2 * i + 10, 2 * i + 10) for i in range(64))
    (word,) = kept.keep([NODE.batch(0, 10)]).acks
    assert word.ack.without_hole == 10
    assert word.ack.above[0] == (12, 12)


def test_an_ack_says_first_what_it_is_for(store: MemoryPeriodStore) -> None:
    """A part of a run may have more stretches than an ack holds: no batch is sent for ever."""
    kept = keeper(store)
    kept.keep([NODE.batch(2 * i) for i in range(5, 205)])
    (word,) = kept.keep([NODE.batch(500), NODE.batch(900), NODE.batch(40)]).acks
    assert len(word.ack.above) == 64
    assert {(40, 40), (500, 500), (900, 900)} <= set(word.ack.above)
    assert word.ack.above[0] == (10, 10)
    assert list(word.ack.above) == sorted(word.ack.above)


def test_each_run_is_acked_by_its_own(store: MemoryPeriodStore) -> None:
    said = keeper(store).keep([NODE.batch(0), NODE.again(8).batch(3, waited_ms=None)])
    assert {word.ack.run: word.ack.without_hole for word in said.acks} == {7: 0, 8: -1}


def test_a_part_of_a_run_is_acked_by_itself(store: MemoryPeriodStore) -> None:
    """An ack of one takes no other one's place, neither on its way nor at the node."""
    late = NODE.of_part(late_part(2))
    said = keeper(store).keep([NODE.batch(0, 5), late.batch(1, waited_ms=None)])
    assert {(word.ack.run, word.ack.part): word.ack.without_hole for word in said.acks} == {
        (7, IN_TIME): 4, (7, late_part(2)): -1,
    }  # fmt: skip
    assert len({word.about for word in said.acks}) == 2
    assert len({word.topic for word in said.acks}) == 1


def test_an_earlier_kit_gets_the_number_back_in_which_it_sent_run_and_part(
    store: MemoryPeriodStore,
) -> None:
    sent = NODE.of_part(late_part(2)).batch(0, waited_ms=None)
    fields = cbor2.loads(sent.payload)
    fields[2] = number = packed_run(fields[2], fields.pop(13))
    (word,) = keeper(store).keep([replace(sent, payload=cbor2.dumps(fields))]).acks
    assert cbor2.loads(word.ack.encode())["run"] == number
    (part,) = store.parts(store.streams()[0].id)
    assert (part.run, part.part) == (NODE.run, late_part(2))


# ---------------------------------------------------------------- what is kept aside


@pytest.mark.parametrize(
    ("sent", "why"),
    (
        (Sent("nonsense", b""), "does not start with"),
        (Node(site="other").batch(0), "not this server's site"),
        (Sent(NODE.topic("ack"), b""), "nothing that ingest takes"),
        (replace(NODE.batch(0), is_retained=True), "retained"),
        (Sent(NODE.topic("data"), Node(node="kit-2").batch(0).payload), "its topic says"),
        (Sent(NODE.topic("state"), Node(node="kit-2").birth().payload), "its topic says"),
        (Sent(NODE.topic("data"), b"\xa1\x00\x18\x63"), "format version 99"),
        (Sent(NODE.topic("data"), b"\xff"), "not CBOR"),
        (Node(seats=(), run_boot_ns=-1).batch(0), "boot clock"),
    ),
)
def test_what_does_not_fit_is_kept_aside_with_the_reason(
    store: MemoryPeriodStore, sent: Sent, why: str
) -> None:
    kept = keeper(store)
    said = kept.keep([sent])
    (aside,) = store.aside()
    assert (aside.topic, aside.payload) == (sent.topic, sent.payload)
    assert why in aside.reason
    assert said.acks == ()
    assert store.streams() == []


def test_the_same_bad_message_is_kept_aside_once(store: MemoryPeriodStore) -> None:
    kept = keeper(store)
    bad = Sent(NODE.topic("data"), b"bad")
    kept.keep([bad, bad])
    kept.keep([bad])
    assert store.count_aside() == 1
    assert kept.counters.aside_repeated == 2


def test_beyond_the_limit_bad_messages_are_counted_and_good_ones_kept(
    store: MemoryPeriodStore, caplog: pytest.LogCaptureFixture
) -> None:
    kept = keeper(store, max_aside_messages=3)
    kept.keep([Sent(NODE.topic("data"), bytes([i])) for i in range(5)] + [NODE.batch(0)])
    assert store.count_aside() == 3
    assert kept.counters.aside_refused == 2
    assert "roomtone aside list" in caplog.text
    assert len(store.kept(1)) == 1


# ---------------------------------------------------------------- live, births, names


def test_only_what_waited_less_than_the_limit_is_live(store: MemoryPeriodStore) -> None:
    keeper(store).keep(
        [
            NODE.batch(0, waited_ms=29_999),
            NODE.batch(1, waited_ms=30_000),
            NODE.batch(2, waited_ms=None),
        ]
    )
    (periods,) = store.read(1, 0, 9)
    assert periods.is_live.tolist() == [True, False, False]


def test_a_node_that_was_lost_and_came_back_within_a_tick_is_up(store: MemoryPeriodStore) -> None:
    kept = keeper(store)
    kept.keep([NODE.birth(), NODE.batch(0), NODE.death("lost"), NODE.birth()])
    assert store.is_up(1)
    kept.keep([NODE.birth(), NODE.death()])
    assert not store.is_up(1)


def test_health_and_timebase_reach_the_store(store: MemoryPeriodStore) -> None:
    health = Health(
        node="kit-1", run=7, sampled=5, published=4, acked=3, waiting=2, gap=0, unsampled=0,
        is_sampling=True, is_finished=False, outbox_bytes=0, ack_age_ms=None, hubs={},
    )  # fmt: skip
    keeper(store).keep(
        [NODE.birth(), Sent(NODE.topic("health"), health.encode()), NODE.timebase(10**18)]
    )
    assert store.health(1) == health
    assert [t.utc_ns for t in store.timebases(store.stream(1))] == [10**18]


def test_two_nodes_with_one_name_are_told_apart_and_named(
    store: MemoryPeriodStore, caplog: pytest.LogCaptureFixture
) -> None:
    kept = keeper(store)
    other = replace(NODE, run=8, room="r2")
    with caplog.at_level(logging.ERROR):
        kept.keep([NODE.batch(0), other.batch(0)])
        assert kept.counters.same_name == 0  # so far it may have started anew
        said = kept.keep([NODE.batch(1), other.batch(1)])
    assert kept.counters.same_name > 0
    assert "two nodes are called kit-1" in caplog.text
    assert {word.ack.run: word.ack.without_hole for word in said.acks} == {7: 1, 8: 1}


def test_the_outbox_of_an_earlier_run_is_no_second_node(store: MemoryPeriodStore) -> None:
    kept = keeper(store)
    for seq in range(5):
        kept.keep([NODE.again(8).batch(seq), NODE.batch(seq, waited_ms=None)])
    assert kept.counters.same_name == 0
