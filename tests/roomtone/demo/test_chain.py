"""The main job, whole: real programs, a real broker, virtual hubs, and every reading counted."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

pytestmark = [pytest.mark.slow, pytest.mark.programs, pytest.mark.timeout(600)]

COUNTS = ("sampled", "published", "kept", "waiting", "kept_aside", "gap", "lost", "doubled")


def roomtone(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "roomtone", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        env=os.environ | environment,
    )


def report(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    assert all(type(counts[name]) is int for name in COUNTS)
    assert counts["sampled"] == counts["kept"] == counts["due"] > 0
    assert not any(counts[name] for name in ("waiting", "kept_aside", "gap", "lost", "doubled"))
    assert counts["pages_fetched"] >= 3
    return counts


def running_in(folder: Path) -> list[str]:
    """The command lines of all processes that name this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may end at any moment
            found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return [line for line in found if str(folder) in line]


def test_the_demo_keeps_every_reading_of_a_class() -> None:
    counts = report(roomtone("demo", "--check", "--minutes", "2", "--speed", "20"))
    assert counts["published"] >= counts["sampled"]
    assert counts["epochs"] >= 20


def test_the_demo_runs_with_the_broker_that_needs_no_installation() -> None:
    done = roomtone("demo", "--check", "--minutes", "1", "--speed", "10", ROOMTONE_MOSQUITTO="none")
    report(done)
    assert "amqtt" in done.stderr


def test_a_recording_is_replayed_reading_by_reading(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    names, seconds, rate_hz = [f"s{i}" for i in range(6)], 90, 32
    motion = rng.normal(0, 4, (len(names) * seconds * rate_hz, 3)).round()
    motion[:, 2] += 64
    columns = {axis: motion[:, i].astype("i1") for i, axis in enumerate("xyz")}
    table = pa.table({"session": np.repeat(names, seconds * rate_hz), **columns})
    parquet.write_table(table, tmp_path / "motion.parquet")
    start = datetime(2024, 3, 4, 10, tzinfo=UTC).timestamp()
    (tmp_path / "sessions.csv").write_text(
        "session,started_at_unix_s,sample_rate_hz\n"
        + "".join(f"{name},{start},{rate_hz}\n" for name in names)
    )
    counts = report(
        roomtone(
            "replay", "--motion", str(tmp_path / "motion.parquet"), "--timezone", "UTC",
            "--unit", "counts", "--scale", "64", "--from", "10:00:10", "--to", "10:01:20", "--speed", "30", "--check",
        )
    )  # fmt: skip
    assert counts["sampled"] == 6 * 70
    assert counts["alerts_true"] == 0


@pytest.mark.parametrize("ending", (signal.SIGINT, signal.SIGHUP))
def test_ctrl_c_or_a_closed_terminal_ends_all_of_it(tmp_path: Path, ending: int) -> None:
    folder = tmp_path / "kept"
    demo = subprocess.Popen(
        [sys.executable, "-P", "-m", "roomtone", "demo", "--speed", "5", "--keep", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert demo.stdout is not None
    lines = []
    for line in demo.stdout:
        lines.append(line)
        if line.startswith("as teacher"):
            break
    assert running_in(folder)
    demo.send_signal(ending)
    rest, _ = demo.communicate(timeout=120)
    assert demo.returncode == 0, "".join(lines) + rest
    assert rest.rstrip().endswith("stopped")
    assert running_in(folder) == []


def test_a_taken_port_gets_a_clear_word() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = roomtone("demo", "--check", "--port", str(port))
    assert done.returncode == 2
    assert f"--port: {port} can't be used" in done.stderr
    assert "Traceback" not in done.stderr
