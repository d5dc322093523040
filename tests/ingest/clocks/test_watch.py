"""A kit that is wrong about the time, from its messages to the words that a person reads."""

from __future__ import annotations

import logging

import pytest

from contract.clock import ManualClock
from ingest.clocks.words import claim_words, off_words
from ingest.doctor.nodes import node_findings
from ingest.receiving.keeper import Keeper
from ingest.settings import IngestSettings
from ingest.stores.clock_records import ClockClaim
from ingest.stores.memory.periods import MemoryPeriodStore
from tests.ingest.node import SECOND_NS, Node

UTC_NS = 1_793_613_600 * SECOND_NS  # 2026-11-02 10:00
DAY_NS = 86_400 * SECOND_NS


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(utc_at_boot_ns=UTC_NS)


def keeper(store: MemoryPeriodStore, clock: ManualClock) -> Keeper:
    store.judge_clocks(bound_ns=300 * SECOND_NS)
    return Keeper(store=store, site="school", clock=clock, settings=IngestSettings())


def test_a_kit_that_is_slow_is_named_once_and_again_when_it_is_right(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    store, node = MemoryPeriodStore(), Node(run_boot_ns=0)
    kept = keeper(store, clock)
    clock.advance(10)
    kept.keep([node.birth(), node.timebase(UTC_NS - 400 * DAY_NS), node.batch(0, 10)])
    with caplog.at_level(logging.INFO, "ingest"):
        for _ in range(3):
            clock.advance(10)
            kept.clocks.look(store)
        assert caplog.text.count("kit-1 in r1 says it is 2025-09-28, 400 days slow") == 1
        assert list(kept.clocks.refuted) == [("r1", "kit-1")]
        (finding,) = [f for f in node_findings(store, None) if "kit-1" in f.about]
        assert finding.state == "wrong"
        assert "400 days slow: its readings are kept and not dated" in finding.said
        kept.keep([node.timebase(UTC_NS, at_ns=20 * SECOND_NS)])
        clock.advance(10)
        kept.clocks.look(store)
    assert "is believed again" in caplog.text
    assert kept.clocks.refuted == {}
    assert store.undated() == []


def test_a_commit_that_fails_does_not_lose_what_was_seen(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, node = MemoryPeriodStore(), Node(run_boot_ns=0)
    kept = keeper(store, clock)
    clock.advance(10)
    messages = [node.birth(), node.batch(0, 10), node.timebase(UTC_NS - 400 * DAY_NS)]
    with monkeypatch.context() as broken:
        broken.setattr(store, "commit", lambda _: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            kept.keep(messages)
    kept.keep(messages)
    assert store.undated() == [1]


def test_history_says_nothing_of_a_clock(clock: ManualClock) -> None:
    store, node = MemoryPeriodStore(), Node(run_boot_ns=0)
    clock.advance(5_000)
    keeper(store, clock).keep(
        [node.birth(), node.timebase(UTC_NS), node.batch(0, 10, waited_ms=None),
         node.batch(10, 10, waited_ms=40_000)]
    )  # fmt: skip
    assert store.undated() == []


@pytest.mark.parametrize(
    ("off_s", "words"),
    (
        (-400 * 86_400, "400 days slow"), (2 * 86_400, "2 days fast"), (86_400, "24 hours fast"),
        (-3_600, "60 minutes slow"), (90, "90 seconds fast"), (1, "1 second fast"),
    ),
)  # fmt: skip
def test_how_far_off_in_words(off_s: int, words: str) -> None:
    assert off_words(off_s * SECOND_NS) == words


def test_a_date_that_no_calendar_has_stops_nothing() -> None:
    claim = ClockClaim(utc_ns=(1 << 63) - 1, off_ns=1 << 62)
    assert claim_words(claim).startswith("says it is 2262-04-11, 53376 days fast")
