"""No message ends ingest: whatever one can cause, it is put aside and the others are kept."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.clock import ManualClock
from contract.errors import StoreError
from contract.topics import KINDS
from contract.wire.suspects import Suspects, digest_of
from ingest.nodes.budget import NodeBudget
from ingest.receiving import keeper as keep_module
from ingest.receiving.aside.book import AsideBook, node_of
from ingest.receiving.keeper import Keeper, Kept
from ingest.settings import IngestSettings
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.records import Aside, Tick
from ingest.stores.rules import limits
from tests.ingest.node import Node, Sent

GOOD = Node(node="good", room="r9")
MAD = Node(node="mad")
TOPICS = tuple(f"roomtone/1/school/r1/mad/{kind}" for kind in KINDS)
UNFORESEEN = (ValueError, KeyError, OverflowError, RecursionError, ZeroDivisionError)


class Picky(MemoryPeriodStore):
    """Raises something that nobody foresaw when a batch of these seqs comes to be committed."""

    def __init__(self, bad: set[int], error: type[Exception] = ValueError) -> None:
        super().__init__()
        self.bad = bad
        self.error = error
        self.commits = 0

    def commit(self, tick: Tick) -> list[int]:
        self.commits += 1
        if any(arrival.message.first_seq in self.bad for arrival in tick.arrivals):
            raise self.error("one of these")
        return super().commit(tick)


def keeper(store: MemoryPeriodStore, **settings: object) -> Keeper:
    return Keeper(
        store=store, site="school", clock=ManualClock(),
        settings=IngestSettings(**settings),  # type: ignore[arg-type]
    )  # fmt: skip


@given(
    bad=st.sets(st.integers(0, 30), max_size=4),
    n=st.integers(1, 31),
    error=st.sampled_from(UNFORESEEN),
)
def test_a_commit_that_one_message_makes_fail_keeps_all_the_others(
    bad: set[int], n: int, error: type[Exception]
) -> None:
    store = Picky(bad, error)
    kept = keeper(store)
    kept.keep([GOOD.batch(seq) for seq in range(n)])
    expected = set(range(n)) - bad
    known = {
        seq for first, last in (store.kept(1) if expected else ()) for seq in range(first, last + 1)
    }
    assert known == expected
    culprits = bad & set(range(n))
    assert [a.reason for a in store.aside()] == [
        f"{error.__name__}: {error('one of these')}"
    ] * len(culprits)
    assert kept.counters.defects == len(culprits)
    assert kept.counters.kept == len(expected)


def test_one_among_a_thousand_is_found_with_few_commits() -> None:
    store = Picky({500})
    keeper(store).keep([GOOD.batch(seq) for seq in range(1_000)])
    assert store.commits <= 25
    assert len(store.kept(1)) == 999


@pytest.mark.parametrize("error", (OSError(28, "No space left"), MemoryError(), StoreError("x")))
def test_what_the_machine_causes_keeps_everything_waiting(error: Exception) -> None:
    class Failing(MemoryPeriodStore):
        def commit(self, tick: Tick) -> list[int]:
            raise error

    store = Failing()
    kept = keeper(store)
    with pytest.raises(StoreError):
        kept.keep([GOOD.batch(0), Sent(MAD.topic("data"), b"bad")])
    assert (kept.counters.messages, kept.aside.messages) == (0, 0)


@pytest.mark.parametrize("after", ("changes", "kept"))
def test_a_store_that_fails_after_the_commit_makes_nothing_be_kept_again(
    after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryPeriodStore()
    kept = keeper(store)

    def fail(*_: object, **__: object) -> None:
        raise StoreError("the disk is slow")

    monkeypatch.setattr(store, after, fail)
    assert kept.keep([GOOD.batch(0)]).acks == () or after == "changes"
    monkeypatch.undo()
    assert len(store.kept(1)) == 1
    assert kept.counters.trimmed == 0
    assert kept.counters.messages == 1
    (word,) = kept.keep([GOOD.batch(0)]).acks  # the node sends it again
    assert word.ack.without_hole == 0


@pytest.mark.parametrize("error", UNFORESEEN)
def test_what_a_parser_raises_puts_its_message_aside_by_name(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = keep_module.sort_message

    def sort(**message: object) -> object:
        if message["payload"] == b"poison":
            raise error("boom")
        return real(**message)  # type: ignore[arg-type]

    monkeypatch.setattr(keep_module, "sort_message", sort)
    store = MemoryPeriodStore()
    kept = keeper(store)
    kept.keep([GOOD.batch(0), Sent(MAD.topic("data"), b"poison"), GOOD.batch(1)])
    (aside,) = store.aside()
    assert aside.reason.startswith(error.__name__)
    assert len(store.kept(1)) == 2


def test_what_can_t_even_be_put_aside_stops_nobody() -> None:
    class NoAside(MemoryPeriodStore):
        def commit(self, tick: Tick) -> list[int]:
            if tick.aside:
                raise ValueError("not this")
            return super().commit(tick)

    store = NoAside()
    kept = keeper(store)
    kept.keep([GOOD.batch(0), Sent(MAD.topic("data"), b"bad"), GOOD.batch(1)])
    assert len(store.kept(1)) == 2
    assert kept.counters.aside_refused == 1


messages = st.tuples(
    st.sampled_from(TOPICS) | st.text(max_size=40),
    st.binary(max_size=80)
    | st.builds(lambda cut, by: cut[: by % len(cut)] + b"\xc2\x41" + cut[by % len(cut) :],
                st.sampled_from([MAD.batch(0).payload, MAD.birth().payload]), st.integers(0, 999)),
    st.booleans(),
).map(lambda each: Sent(*each))  # fmt: skip


@given(ticks=st.lists(st.lists(messages, max_size=6), max_size=6))
def test_whole_ticks_of_anything_keep_what_is_good_in_them(ticks: list[list[Sent]]) -> None:
    store = MemoryPeriodStore()
    kept = keeper(store)
    for seq, flood in enumerate(ticks):
        kept.keep([*flood, GOOD.batch(seq)])
    if ticks:
        (stream,) = store.streams("r9")
        assert list(store.kept(stream.id)) == [(0, len(ticks) - 1)]


# ---------------------------------------------------------------- limits of one node


def test_what_is_beyond_a_nodes_share_is_kept_aside_once_and_held_against_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limits, "MAX_STREAMS_OF_NODE", 3)
    store = MemoryPeriodStore()
    kept = keeper(store)
    for seq in range(3):
        said = kept.keep([*(MAD.again(run).batch(seq) for run in range(10)), GOOD.batch(seq)])
        assert {word.ack.run for word in said.acks} == {0, 1, 2, GOOD.run}
    assert len([s for s in store.streams() if s.node == "mad"]) == 3
    assert store.count_aside() == 21
    kept.keep([MAD.again(9).batch(2, waited_ms=9_000)])  # the node sends it again
    assert store.count_aside() == 21
    (notice,) = store.notices()
    assert (notice.node, notice.kind, notice.count) == ("mad", "limit", 22)
    assert notice.sentence == "mad has 3 runs here, the most that one node may have"
    assert kept.counters.over_limit == 22
    assert caplog.text.count("mad has 3 runs here") == 2  # once for the limit, once for the first


def test_births_beyond_the_share_are_refused_and_no_node_is_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MAX_ROOMS_OF_NODE", 2)
    store = MemoryPeriodStore()
    births = [Node(node="mad", room=f"r{n}", run=n).birth() for n in range(5)]
    kept = keeper(store).keep([*births, GOOD.birth()])
    assert kept.births == (
        ("school", "r0", "mad"), ("school", "r1", "mad"), ("school", "r9", "good"),
    )  # fmt: skip


def test_one_node_may_fill_a_tenth_of_what_is_kept_aside() -> None:
    store = MemoryPeriodStore()
    kept = keeper(store, max_aside_messages=10_000, max_aside_mb=10)
    flood = [Sent(MAD.topic("data"), bytes([n]) * 100_000) for n in range(40)]
    kept.keep(flood)
    assert store.count_aside() == 10
    assert kept.aside.size <= 1 << 20
    kept.keep([Sent(GOOD.topic("data"), b"bad")])
    assert store.count_aside() == 11
    (notice,) = store.notices()
    assert (notice.node, notice.kind, notice.count) == ("mad", "aside", 30)
    small = [Sent(MAD.topic("health"), n.to_bytes(3, "big")) for n in range(1_500)]
    kept = keeper(MemoryPeriodStore(), max_aside_messages=10_000)
    kept.keep(small)
    assert kept.aside.messages == 1_000


def test_a_kit_that_connects_too_often_is_held_to_it_with_the_next_commit() -> None:
    store = MemoryPeriodStore()
    kept = keeper(store)
    for _ in range(30):
        kept.keep([replace(word, is_retained=False) for word in (MAD.birth(), MAD.death("lost"))])
    (notice,) = store.notices()
    assert (notice.node, notice.kind) == ("mad", "connections")
    assert notice.sentence.startswith("mad has connected 21 times in ten minutes")


def test_a_failed_commit_takes_nothing_of_the_share() -> None:
    store = Picky({7}, OSError)
    kept = keeper(store)
    bad = Sent(MAD.topic("data"), b"bad")
    with pytest.raises(StoreError):
        kept.keep([bad, GOOD.batch(7)])
    assert kept.aside.messages == 0
    kept.keep([bad])
    assert store.count_aside() == 1


def test_one_node_can_t_fill_the_disk_with_values_as_good_as_any() -> None:
    store = MemoryPeriodStore()
    clock = ManualClock()
    kept = Keeper(
        store=store, site="school", clock=clock, settings=IngestSettings(max_node_burst_mb=1)
    )
    wide = Node(node="mad", seats=tuple(range(1, 256)))  # 66 kB in ten periods
    for seq in range(0, 300, 10):
        kept.keep([wide.batch(seq, 10), GOOD.batch(seq, 10)])
    (mad,) = [s for s in store.streams() if s.node == "mad"]
    assert list(store.kept(mad.id)) == [(0, 149)]
    (good,) = store.streams("r9")
    assert list(store.kept(good.id)) == [(0, 299)]
    (notice,) = store.notices()
    assert notice.sentence == "mad sends more than a kit can have sensed"
    clock.advance(20)
    kept.keep([wide.batch(150, 10)])
    assert list(store.kept(mad.id)) == [(0, 159)]


def test_a_failed_commit_takes_nothing_of_the_budget() -> None:
    budget = NodeBudget(burst_bytes=1_000)
    assert budget.take("a", 700, 0)
    assert not budget.take("a", 1, 0)
    budget.undo()
    assert budget.take("a", 700, 0)
    budget.settle()
    budget.undo()
    assert not budget.take("a", 1, 0)


def test_gaps_without_end_are_held_to_the_budget_too() -> None:
    store = MemoryPeriodStore()
    kept = Keeper(
        store=store,
        site="school",
        clock=ManualClock(),
        settings=IngestSettings(max_node_burst_mb=1),
    )
    for at in range(0, 6_000, 600):
        kept.keep([MAD.gap(2 * seq, 1) for seq in range(at, at + 600)])
    assert len(store.gaps(1)) == (1 << 20) // 256
    kept.keep([GOOD.gap(0, 1)])
    assert len(store.gaps(2)) == 1


@given(
    sizes=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3_000)), max_size=60),
    max_bytes=st.integers(4_096, 40_000),
)
def test_the_book_never_admits_more_than_it_may(
    sizes: list[tuple[str, int]], max_bytes: int
) -> None:
    book = AsideBook(every=lambda: iter(()), max_messages=20, max_bytes=max_bytes)
    by_node: dict[str, int] = {}
    for at, (node, size) in enumerate(sizes):
        topic = f"roomtone/1/school/r1/{node}/data"
        if book.admit(topic, at.to_bytes(4, "big") + bytes(size)) == "kept":
            by_node[node] = by_node.get(node, 0) + size
        if at % 3:
            book.settle()
    assert book.messages <= 20
    assert book.size <= max_bytes
    assert all(size <= max_bytes // 10 for size in by_node.values())
    book.settle()


def test_the_book_reads_what_there_is_one_by_one() -> None:
    def every() -> Iterator[Aside]:
        for n in itertools.count():
            if n == 5_000:
                return
            yield Aside(
                id=n, received_utc_ns=1, topic=MAD.topic("data"), reason="", payload=bytes(9)
            )

    book = AsideBook(every=every, max_messages=100_000, max_bytes=1 << 30)
    assert book.admit(MAD.topic("data"), bytes(9)) == "repeated"
    assert book.messages == 5_000


def test_the_node_of_a_topic_is_what_stands_in_its_place() -> None:
    assert node_of("roomtone/1/school/r1/mad/data") == "mad"
    assert node_of("roomtone/1/school/r1/mad/config/reported") == "mad"
    assert node_of("roomtone/1/school/ingest/state") == ""
    assert node_of("x" * 9_000) == node_of(f"a/b/c/d/{'x' * 40}/e") == ""


# ---------------------------------------------------------------- what ended an earlier process


def retained(node: Node) -> Sent:
    return Sent(node.topic("state"), node.birth().payload, is_retained=True)


def dying(path: Path, *messages: Sent) -> None:
    """As if a process had ended while it read these."""
    path.write_bytes(b"".join(digest_of(m.topic, m.payload) for m in messages))


def start(path: Path, store: MemoryPeriodStore) -> Keeper:
    suspects = Suspects(path)
    suspects.begin()
    return Keeper(
        store=store, site="school", clock=ManualClock(), settings=IngestSettings(),
        suspects=suspects,
    )  # fmt: skip


def test_a_retained_message_that_ended_ingest_is_put_aside_unread(tmp_path: Path) -> None:
    path, store = tmp_path / "reading", MemoryPeriodStore()
    dying(path, retained(MAD))
    kept = start(path, store).keep([retained(GOOD), retained(MAD)])
    assert kept.births == (("school", "r9", "good"),)
    (aside,) = store.aside()
    assert aside.reason == "ingest ended while it read this message"
    # It comes again with each connection, and with each start after that.
    for _ in range(2):
        again = start(path, store)
        assert again.keep([retained(MAD), retained(GOOD)]).births == (("school", "r9", "good"),)
    assert store.count_aside() == 1
    # The node itself says it again when it connects, and that may be another matter by then.
    said = replace(MAD.birth(), is_retained=False)
    assert again.keep([said]).births == (("school", "r1", "mad"),)


def test_of_several_suspects_each_is_read_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, store = tmp_path / "reading", MemoryPeriodStore()
    seen: list[list[bytes]] = []
    real = Keeper._keep

    def keep(self: Keeper, given: list[Sent]) -> Kept:
        seen.append([path.read_bytes(), *(each.topic.encode() for each in given)])
        return real(self, given)

    monkeypatch.setattr(Keeper, "_keep", keep)
    third = Node(node="third", room="r3")
    dying(path, retained(MAD), retained(GOOD))
    start(path, store).keep([retained(GOOD), retained(MAD), retained(third), third.batch(0)])
    held = [
        [digest_of(m.topic, m.payload)] for m in (retained(GOOD), retained(MAD), retained(third))
    ]
    assert [each[:1] for each in seen] == held
    assert [len(each) - 1 for each in seen] == [1, 1, 2]
    assert path.read_bytes() == b""
