"""Whole loads: real programs, a real broker, and every period counted and compared."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from roomtone.load.plan import LoadPlan
from roomtone.load.server import LoadServer

pytestmark = [
    pytest.mark.slow, pytest.mark.programs, pytest.mark.broker, pytest.mark.timeout(600),
]  # fmt: skip


def load(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "roomtone", "load", "--json", *arguments],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def figures(done: subprocess.CompletedProcess[str]) -> dict:
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_twenty_rooms_for_twenty_seconds_are_kept_and_scored() -> None:
    done = load("--rooms", "20", "--minutes", "0.3334")
    found = figures(done)
    assert found["sent"] == found["kept"] == found["scored"] == 400
    assert 0 < found["late_p99_s"] < 20
    assert {each["name"] for each in found["processes"]} == {
        "broker", "ingest", "score", "kits", "reader",
    }  # fmt: skip
    assert all(each["memory_mb"] > 1 for each in found["processes"])
    assert "5 s of 24" in done.stderr


def test_nothing_is_lost_when_programs_are_killed_and_the_link_is_slow(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    found = figures(
        load(
            "--rooms", "20", "--minutes", "0.5", "--keep", str(folder), "--fault", "ingest-kill@4:2",
            "--fault", "broker-restart@10:2", "--fault", "score-kill@15:2", "--fault",
            "slow-link@20:5",
        )
    )  # fmt: skip
    assert found["sent"] == found["kept"] == found["scored"] == 600
    assert found["faults"] == [
        "ingest-kill@4:2", "broker-restart@10:2", "score-kill@15:2", "slow-link@20:5",
    ]  # fmt: skip
    assert len((folder / "logs" / "ingest.log").read_text().split("keeping load into")) == 3


def test_a_broker_that_is_there_gets_the_load(tmp_path: Path) -> None:
    plan = LoadPlan(rooms=3, seats=8, periods=10, site="school")
    with LoadServer(plan, tmp_path) as server:
        broker = f"127.0.0.1:{server.kits_broker.port}"
        common = ("--rooms", "3", "--seats", "8", "--minutes", "0.17", "--broker", broker)
        found = figures(load(*common, "--site", "school"))
        assert found["sent"] == found["kept"] == 30
        assert found["scored"] is None
        with closing(server.reader()) as reader:
            assert {stream.room for stream in reader.streams()} == {"load-0", "load-1", "load-2"}
