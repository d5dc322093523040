"""The server's own clock is set: nothing goes because of it, and it says so."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.errors import StoreError
from ingest.clocks.server_clock import ServerClock
from ingest.doctor.nodes import clock_findings
from ingest.purge.maintenance import KeptUpkeep
from ingest.receiving.keeper import Keeper
from ingest.settings import IngestSettings, RetentionSettings, ServerSettings
from ingest.stores import PERIOD_STORES, open_period_store
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.protocol import PeriodStore
from tests.ingest.node import SECOND_NS, Node, Sent

UTC_NS = 1_793_613_600 * SECOND_NS  # 2026-11-02 10:00
HOUR_S = 3_600
DAY_S = 86_400
DAY_NS = DAY_S * SECOND_NS
READINGS = 1_200


@pytest.fixture(params=sorted(PERIOD_STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PeriodStore]:
    made = MemoryPeriodStore() if request.param == "memory" else open_period_store(tmp_path / "d")
    yield made
    made.close()


class Server:
    """Ingest without a network, with a clock that a test owns."""

    def __init__(self, store: PeriodStore, folder: Path, clock: ManualClock, *, boot: str = "k"):
        self.store = store
        self.clock = clock
        self.own = ServerClock(store=store, clock=clock, boot=boot, bound_ns=300 * SECOND_NS)
        self.own.begin()
        self.keeper = Keeper(store=store, site="school", clock=clock, settings=IngestSettings())
        settings = ServerSettings(
            site="school", data_dir=folder, retention=RetentionSettings(room_days=30)
        )
        self.upkeep = KeptUpkeep(settings=settings, clock=clock, store=store, server_clock=self.own)

    def keep(self, *messages: Sent) -> None:
        self.look()
        self.keeper.keep(messages)

    def look(self) -> None:
        if self.own.step():
            self.keeper.clocks.forget()

    def live(self, hours: float) -> None:
        """Seal and retire each hour, as ingest does."""
        for _ in range(round(hours)):
            self.clock.advance(HOUR_S)
            self.look()
            now_ns = self.clock.utc_ns()
            self.store.seal(before_utc_ns=now_ns - 600 * SECOND_NS, now_utc_ns=now_ns)
            for _ in range(20):
                self.upkeep.step()


def readable(store: PeriodStore) -> int:
    return sum(len(p.seqs) for p in store.read(1, 0, 1 << 30))


def send_lesson(server: Server, node: Node, off_ns: int) -> None:
    """A kit whose clock is off by so much, and which calls itself synchronised."""
    zero_ns = server.clock.utc_ns()
    server.keep(node.birth(), node.timebase(zero_ns + off_ns))
    for first in range(0, READINGS, 10):
        server.clock.advance(10)
        records = [node.timebase(zero_ns + off_ns, at_ns=first * SECOND_NS)]
        server.keep(node.batch(first, 10), *(records if first % 60 == 0 else []))


@pytest.mark.parametrize("off_days", (-400, 400, 0))
def test_what_a_wrong_kit_sends_stays_for_its_days_and_then_goes(
    store: PeriodStore, tmp_path: Path, off_days: int
) -> None:
    server = Server(store, tmp_path, ManualClock(utc_at_boot_ns=UTC_NS))
    send_lesson(server, Node(run_boot_ns=0), off_days * DAY_NS)
    assert (store.undated() == [1]) == (off_days != 0)
    server.live(29 * 24)
    assert readable(store) == READINGS
    server.live(4 * 24)
    assert readable(store) == 0
    assert store.kept(1).without_hole() == READINGS - 1


def test_a_wrong_kit_does_not_keep_or_remove_what_others_sent(
    store: PeriodStore, tmp_path: Path
) -> None:
    server = Server(store, tmp_path, ManualClock(utc_at_boot_ns=UTC_NS))
    send_lesson(server, Node(run_boot_ns=0), 0)
    for run, days in ((11, -35), (12, 35)):
        mad = Node(run_boot_ns=0, node="mad", room="r2", run=run, boot=f"m{run}")
        server.keep(mad.birth(), mad.timebase(UTC_NS + days * DAY_NS), mad.batch(0, waited_ms=None))
    server.live(29 * 24)
    assert readable(store) == READINGS
    server.live(4 * 24)
    assert readable(store) == 0


def test_a_server_that_was_slow_and_is_set_right_removes_nothing(
    store: PeriodStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock(utc_at_boot_ns=UTC_NS - 400 * DAY_NS)
    server = Server(store, tmp_path, clock)
    node = Node(run_boot_ns=0)
    # The kit is right, and the server does not believe it.
    send_lesson(server, node, 400 * DAY_NS)
    assert store.undated() == [1]
    server.live(26)  # sealed a day after it came, under a date of last year
    clock.utc_at_boot_ns += 400 * DAY_NS
    with caplog.at_level(logging.WARNING, "ingest"):
        server.look()
    assert "the server's clock was set by +34560000 s" in caplog.text
    assert "retention removes nothing before 2026-11-04 12:20 UTC" in caplog.text
    (finding,) = clock_findings(store, clock.utc_ns())
    assert "retention removes nothing before 2026-11-04 12:20 UTC" in finding.said
    # What it saw by the old clock is forgotten, and the kit is believed.
    assert store.undated() == []
    server.live(28 * 24)
    assert readable(store) == READINGS
    assert list(clock_findings(store, clock.utc_ns())) == []
    server.live(4 * 24)
    assert readable(store) == 0


def test_a_jump_ahead_for_a_while_empties_nothing(store: PeriodStore, tmp_path: Path) -> None:
    clock = ManualClock(utc_at_boot_ns=UTC_NS)
    server = Server(store, tmp_path, clock)
    send_lesson(server, Node(run_boot_ns=0), 0)
    server.live(2)
    clock.utc_at_boot_ns += 700 * DAY_NS
    server.live(23)
    assert readable(store) == READINGS
    clock.utc_at_boot_ns -= 700 * DAY_NS
    server.live(24 + 26 * 24)
    assert readable(store) == READINGS


@pytest.mark.parametrize(("boot", "off_days"), (("k", 400), ("k", -400), ("other", -400)))
def test_a_clock_that_was_set_while_ingest_was_down_is_noticed(
    store: PeriodStore, tmp_path: Path, boot: str, off_days: int
) -> None:
    clock = ManualClock(utc_at_boot_ns=UTC_NS)
    server = Server(store, tmp_path, clock)
    send_lesson(server, Node(run_boot_ns=0), 0)
    server.live(3)
    again = ManualClock(
        now_ns=clock.now_ns + 60 * SECOND_NS, utc_at_boot_ns=UTC_NS + off_days * DAY_NS
    )
    server = Server(store, tmp_path, again, boot=boot)
    assert server.own.retention_from_utc_ns == again.utc_ns() + DAY_NS
    # It is said still after one more start.
    server = Server(store, tmp_path, again, boot=boot)
    assert server.own.retention_from_utc_ns == again.utc_ns() + DAY_NS
    server.live(24)
    assert readable(store) == READINGS


def test_a_restart_with_an_even_clock_pauses_nothing(store: PeriodStore, tmp_path: Path) -> None:
    clock = ManualClock(utc_at_boot_ns=UTC_NS)
    Server(store, tmp_path, clock).live(1)
    for boot in ("k", "after a reboot"):
        clock.advance(5 * DAY_S)
        assert Server(store, tmp_path, clock, boot=boot).own.retention_from_utc_ns == 0


def test_a_store_that_fails_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store, clock = MemoryPeriodStore(), ManualClock(utc_at_boot_ns=UTC_NS)
    own = ServerClock(store=store, clock=clock, boot="k")

    def fails(_: object) -> None:
        raise StoreError("the disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(store, "note_clock", fails)
        assert not own.look()
        clock.utc_at_boot_ns += DAY_NS
        assert not own.look()
        assert "the disk is full. The server's clock is checked again." in caplog.text
    assert not own.look()
    assert own.look()
    assert own.retention_from_utc_ns == clock.utc_ns() + DAY_NS
