"""The real program is killed with SIGKILL: what it took with it is a recorded gap, no more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.clock import ScaledClock
from contract.topics import Topic
from contract.wire.messages import Birth, Config, LessonSpan
from edge_agent.outbox.run_book import read_notes
from simulators.running import VirtualClassroom

pytest_plugins = ["simulators.pytest_plugin"]
pytestmark = [pytest.mark.broker, pytest.mark.programs, pytest.mark.slow]

SPEED = 20.0
SPILL_S = 1.0
ALWAYS = Config(revision=1, lessons=(LessonSpan(lesson="l", starts_utc_ns=0, ends_utc_ns=1 << 62),))

StartEdge = Callable[[], subprocess.Popen[bytes]]


def until(fact: Callable[[], object], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.01)
    return False


def in_line_ns(*pids: int) -> Counter[str]:
    """For how many ns each thread of these programs has stood in line for a processor."""
    waited: Counter[str] = Counter()
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # it ended meanwhile, or this kernel does not count
                waited[thread.name] = int((thread / "schedstat").read_text().split()[1])
    return waited


@pytest.fixture
def classroom(virtual_classroom: Callable[..., VirtualClassroom]) -> VirtualClassroom:
    return virtual_classroom(speed=SPEED, minutes=6)


@pytest.fixture
def start_edge(classroom: VirtualClassroom, broker: Any, tmp_path: Path) -> Iterator[StartEdge]:
    """Starts `roomtone edge` on the classroom's hubs and clock; ended with the test."""
    lines = ['site = "school"', 'room = "r1"', 'node = "pi-1"']
    first = 1
    for i, (port, hub) in enumerate(
        zip(classroom.ports, classroom.classroom.hub_signals(), strict=True)
    ):
        seats = json.dumps(list(range(first, first + hub.seats)))
        lines += ["[[hub]]", f'name = "hub-{i}"', f'port = "{port}"', f"seats = {seats}"]
        first += hub.seats
    lines += [
        "[broker]", f"port = {broker.port}", "[outbox]", f'dir = "{tmp_path}/outbox"',
        "[delivery]", f"spill_s = {SPILL_S}",
    ]  # fmt: skip
    config = tmp_path / "edge.toml"
    config.write_text("\n".join(lines))
    clock = classroom.clock
    assert isinstance(clock, ScaledClock)
    simulated = f"{clock.speed:g}:{clock.anchor_ns}:{clock.utc_at_anchor_ns}"
    with ExitStack() as running:
        log = running.enter_context((tmp_path / "edge.log").open("ab"))

        def start() -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                [
                    sys.executable, "-P", "-m", "roomtone", "edge", "--config", str(config),
                    "--simulated-clock", simulated,
                ],
                stderr=log,
            )  # fmt: skip
            running.callback(process.wait)
            running.callback(process.kill)
            return process

        yield start


@pytest.mark.parametrize("moment", ("delivering", "before the spill", "after the spill"))
def test_the_gap_of_a_killed_run_reaches_its_end(
    start_edge: StartEdge,
    broker: Any,
    small_ingest: Callable[..., Any],
    classroom: VirtualClassroom,
    tmp_path: Path,
    moment: str,
) -> None:
    ingest = small_ingest(broker.port)
    ingest.say(Topic("school", "r1", "pi-1", "config"), ALWAYS.encode(), retain=True)
    outbox = tmp_path / "outbox"
    edge = start_edge()
    assert until(lambda: sum(isinstance(row, np.ndarray) for row in ingest.rows.values()) > 20)
    waited = in_line_ns(edge.pid, os.getpid())
    if moment != "delivering":
        ingest.stop()
        ingest = small_ingest(broker.port, is_up=False, kept=ingest)
        if moment == "after the spill":
            assert until(lambda: list(outbox.glob("*.outbox")))
        else:
            time.sleep(0.4)
    (note,) = read_notes(outbox / "runs")
    waited_s = (in_line_ns(edge.pid, os.getpid()) - waited).total() / 1e9
    killed_at = (classroom.clock.boot_ns() - note.run_boot_ns) // note.period_ns
    edge.send_signal(signal.SIGKILL)
    edge.wait()
    if moment != "delivering":
        ingest.stop()
        ingest = small_ingest(broker.port, kept=ingest)

    edge = start_edge()

    def births() -> list[Birth]:
        return [s for s in ingest.states if isinstance(s, Birth) and s.run != note.run]

    assert until(births)
    birth = births()[0]
    ends = (birth.run_boot_ns - note.run_boot_ns) // note.period_ns
    assert until(lambda: list(ingest.kept[note.run]) == [(0, ends - 1)])
    edge.terminate()
    assert edge.wait(60) == 0

    rows = {seq: row for (run, seq), row in ingest.rows.items() if run == note.run}
    values = [seq for seq, row in rows.items() if not isinstance(row, str)]
    died = [seq for seq, row in rows.items() if isinstance(row, str) and row.startswith("died")]
    assert values, "something of the dead run was kept"
    # One may be gone earlier as well: sent while nobody listened, and not yet sent again.
    assert died
    assert died[-1] == max(values) + 1
    # What it took with it: the spill interval, and the second that was open. A machine with other
    # work may have let it wait for a processor.
    assert killed_at - died[0] <= (SPILL_S + 0.5 + waited_s) * SPEED + 2
    assert not list(outbox.glob("*.outbox"))
    assert all(n.is_ended for n in read_notes(outbox / "runs"))
