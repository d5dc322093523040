"""A class of thirty on four emulated hubs, through the whole chain to the room's scores."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.clock import SECOND_NS, ScaledClock
from contract.lesson import Zone
from contract.quantities.table import decode
from ingest.stores import open_score_store
from ingest.stores.protocol import PeriodReader
from roomtone.audit.kept_runs import KeptRun, kept_runs
from roomtone.demo.programs import roomtone_command
from roomtone.demo.settings_files import clock_option, toml
from roomtone.faults.children import Child, until
from roomtone.faults.server import SITE, Server
from school import open_lesson_store
from school.lessons.records import Lesson
from tests.emulator.emulated_hub import Bench, PacedBoard

pytestmark = [
    pytest.mark.emulator, pytest.mark.broker, pytest.mark.programs, pytest.mark.slow,
]  # fmt: skip

ROOM = "room-30"
HUBS = {"hub-a": range(1, 9), "hub-b": range(9, 17), "hub-c": range(17, 24), "hub-d": range(24, 31)}
UNPLUGGED = 20
PATIENCE_S = 120.0


def amplitude_g(seat: int) -> float:
    """How far a seat swings, three times a second; each seat has a level of its own."""
    return 0.01 * 1.12**seat


@pytest.fixture
def boards(bench: Bench) -> Iterator[dict[str, PacedBoard]]:
    """The four hubs, each with a crystal of its own."""
    with ExitStack() as cleanup:
        found = {}
        for drift_ppm, (name, seats) in zip((-200, -50, 80, 300), HUBS.items(), strict=True):
            board = PacedBoard(bench, bench.flash(name, len(seats)), drift_ppm=drift_ppm)
            found[name] = cleanup.enter_context(board)
            for branch, seat in enumerate(seats):
                board.do(f"wave {branch} {amplitude_g(seat)} 3")
        yield found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "server") as found:
        yield found


@pytest.fixture
def clock() -> ScaledClock:
    """Real time, of which the kit is sure, as with a time server."""
    return ScaledClock(speed=1.0, anchor_ns=time.monotonic_ns(), utc_at_anchor_ns=time.time_ns())


@pytest.fixture
def edge(
    boards: dict[str, PacedBoard], server: Server, clock: ScaledClock, tmp_path: Path
) -> Iterator[Child]:
    config = tmp_path / "edge.toml"
    config.write_text(
        toml(
            {"site": SITE, "room": ROOM, "node": "kit-30"},
            broker={"port": server.broker_port},
            outbox={"dir": str(tmp_path / "outbox")},
            sound={"source": "none"},
            hubs=[
                {"name": name, "port": boards[name].port, "seats": list(seats)}
                for name, seats in HUBS.items()
            ],
        )
    )
    child = Child(
        "edge",
        roomtone_command("edge", "--config", str(config), *clock_option(clock)),
        log=tmp_path / "e.log",
    )
    child.start()
    try:
        yield child
    finally:
        child.end()


def newest_s(reader: PeriodReader) -> int:
    """The newest kept second of the boot clock."""
    (stream,) = reader.streams(ROOM)
    return stream.run_boot_ns // SECOND_NS + reader.kept(stream.id).without_hole()


def motion_rms(run: KeptRun, seat: int, between: tuple[int, int]) -> NDArray[np.float32]:
    first, last = between
    chosen = (run.seconds >= first) & (run.seconds <= last)
    assert chosen.sum() == last - first + 1, "a second is missing"
    rms: NDArray[np.float32] = decode(run.values[seat][chosen], "seat")[:, 0]
    return rms


def test_thirty_seats_reach_the_store_and_the_scorer(
    boards: dict[str, PacedBoard], server: Server, edge: Child, clock: ScaledClock
) -> None:
    lesson = Lesson(
        id="lesson-30", room=ROOM, teacher="t", title="", starts_utc_ns=clock.utc_ns() + SECOND_NS,
        ends_utc_ns=None, source="button",
        zones=tuple(Zone(name=name, seats=tuple(seats)) for name, seats in HUBS.items()),
    )  # fmt: skip

    with (
        closing(server.reader()) as reader,
        closing(open_lesson_store(server.data)) as lessons,
        closing(open_score_store(server.data)) as scores,
    ):

        def births() -> set[str]:
            runs = reader.streams(ROOM)
            birth = reader.birth(runs[-1].id) if runs else None
            return {hub.hub for hub in birth.hubs if hub.sample_rate_hz} if birth else set()

        def wait_until_kept(second: int) -> None:
            until(
                lambda: newest_s(reader) >= second, what=f"second {second}",
                timeout_s=PATIENCE_S, running=[edge],
            )  # fmt: skip

        until(lambda: births() == set(HUBS), what="the hubs", timeout_s=PATIENCE_S, running=[edge])
        lessons.put(lesson)
        begins_s = clock.boot_ns() // SECOND_NS + 3
        wait_until_kept(begins_s + 6)
        boards["hub-c"].do(f"unplug {UNPLUGGED - HUBS['hub-c'][0]}")
        away_s = clock.boot_ns() // SECOND_NS + 2
        wait_until_kept(away_s + 3)
        boards["hub-c"].do(f"plug {UNPLUGGED - HUBS['hub-c'][0]}")
        back_s = clock.boot_ns() // SECOND_NS + 3
        wait_until_kept(back_s + 5)
        until(
            lambda: len(scores.epochs("lesson-30")) >= 3, what="scores",
            timeout_s=PATIENCE_S, running=[edge, server.score],
        )  # fmt: skip
        edge.stop()

        (run,) = kept_runs(reader, ROOM)
        whole = (begins_s, back_s + 5)
        late_ms = {name: board.state()["late_ms"] for name, board in boards.items()}
        for name, seats in HUBS.items():
            for seat in set(seats) - {UNPLUGGED}:
                rms = motion_rms(run, seat, whole)
                there = ~np.isnan(rms)
                # An emulator that a busy machine stops for so long is to the agent a hub whose clock stood.
                assert there.all() or (late_ms[name] > 50 and there.mean() > 0.8), (seat, late_ms)
                wanted_db = 20 * math.log10(1000 * amplitude_g(seat) / math.sqrt(2))
                assert rms[there] == pytest.approx(wanted_db, abs=0.75), seat
        unplugged = motion_rms(run, UNPLUGGED, (away_s, away_s + 3))
        assert np.isnan(unplugged).all(), "nothing is made up for a sensor that is away"
        again = motion_rms(run, UNPLUGGED, (back_s, back_s + 5))
        assert not np.isnan(again).all()
        # What is usual in the room is not known for some minutes: epochs there are, and no verdict.
        epochs = scores.epochs("lesson-30")
        assert {b.first_seq - a.first_seq for a, b in pairwise(epochs)} == {5}
        assert {zone.zone for epoch in epochs for zone in epoch.zones} == {"room"}
