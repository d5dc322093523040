"""The comparison with databases runs small, and gives every engine the same readings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from contract.quantities.table import MISSING, SEAT_QUANTITIES
from contract.wire.payload import Layout, decode

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SMALL = (
    "--rooms", "2", "--seconds", "10", "--lesson-seconds", "120", "--killed-seconds", "2",
    "--lessons", "2", "--simulated", "1", "--no-telegraf",
)  # fmt: skip


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import bench_peers  # noqa: PLC0415  a script, not a package

    return bench_peers


@pytest.mark.usefixtures("bench")
def test_a_message_of_lines_has_the_values_of_the_batch() -> None:
    from peers.readings import STARTS_S, Readings  # noqa: PLC0415

    layout = Layout((1, 2, 3))
    rows = np.arange(5 * layout.width, dtype=np.uint16).reshape(5, -1)
    rows[2, 0] = MISSING  # seat 1, motion_rms
    readings = Readings(layout=layout, rows=rows, rooms=2)
    batch = decode(readings.batch(0, 2))
    lines = readings.lines(0, 2).decode().splitlines()
    assert batch.values[0].tolist() == rows[2].tolist()
    assert [line.split(",")[0] for line in lines] == ["seat"] * 3 + ["room"]
    assert all(line.endswith(f" {STARTS_S + 2}000000000") for line in lines)
    assert "motion_rms=" not in lines[0]
    (found,) = re.findall(r"motion_rms=([^,]+),", lines[1])
    of_seats = SEAT_QUANTITIES[0]
    assert float(found) == pytest.approx(rows[2, 1] * of_seats.scale + of_seats.offset, abs=1e-3)


def test_the_table_says_how_many_times_the_others_cost(bench: ModuleType) -> None:
    figures = {
        "values_per_cpu_s": 2e6, "values_per_cpu_s_at_rest": 1e6, "values_per_s": 1e6,
        "bytes_a_value": 0.8, "read_room_ms": 1.0, "read_lesson_ms": 2.0, "read_term_ms": 3.0,
        "killed_lost": 0, "killed_doubled": 0, "killed_sent": 800,
    }  # fmt: skip
    text = bench.table({"Roomtone": figures, "Slow": figures | {"values_per_cpu_s": 1e5}})
    assert text.splitlines()[-1].endswith("| 20.0 times |")


def test_engines_that_read_something_else_end_the_run(bench: ModuleType) -> None:
    same = {"read_room_values": 100.0, "read_lesson_values": 10.0, "read_term_mean": 0.5}
    bench.require_agreement({"one": same, "other": same})
    with pytest.raises(SystemExit, match="read_room_values"):
        bench.require_agreement({"one": same, "other": same | {"read_room_values": 99.0}})


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.victoriametrics
def test_it_runs_small(tmp_path: Path) -> None:
    ran = subprocess.run(
        (
            sys.executable, str(BENCHMARKS / "bench_peers.py"), *SMALL, "--json",
            "--engines", "Roomtone", "consumer + VictoriaMetrics",
        ),
        cwd=tmp_path, check=False, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    ours, theirs = json.loads(ran.stdout)["peers"].values()
    assert ours["killed_lost"] == ours["killed_doubled"] == 0
    assert ours["bytes_a_value"] > 0
    assert theirs["bytes_a_value"] > 0
    assert theirs["killed_sent"] == ours["killed_sent"] == 4
    assert list(tmp_path.iterdir()) == []
