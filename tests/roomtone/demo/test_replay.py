"""`roomtone replay`: what is planned from a recording, and what is said before it is played."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from contract.clock import SECOND_NS
from roomtone.cli import main
from roomtone.demo import replay
from roomtone.demo.chain import PlannedLesson

BERLIN = ZoneInfo("Europe/Berlin")
LATE = datetime(2024, 3, 4, 23, 59, 30, tzinfo=BERLIN)

Plan = Callable[..., PlannedLesson]


def record(folder: Path, copies: int = 1, rate: float = 25.0) -> Path:
    """Two sessions of a minute, the second one from 20 s after midnight on."""
    rng = np.random.default_rng(1)
    axes = rng.normal(0.0, 0.01, (3_000, 3)) + np.array([0.0, 0.0, 1.0])
    names = np.repeat(["a", "b"], 1_500)
    rows = np.concatenate([np.tile(np.flatnonzero(names == name), copies) for name in "ab"])
    columns = {axis: axes[rows, i] for i, axis in enumerate("xyz")}
    path = folder / "motion.parquet"
    parquet.write_table(pa.table({"session": names[rows], **columns}), path)
    (folder / "sessions.csv").write_text(
        "session,started_at_unix_s,sample_rate_hz\n"
        f"a,{LATE.timestamp()},{rate}\nb,{LATE.timestamp() + 50},{rate}\n"
    )
    return path


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Call the command with `play` caught."""

    def call(path: Path, *words: str) -> PlannedLesson:
        caught: list[PlannedLesson] = []

        def play(_: argparse.Namespace, planned: PlannedLesson, *, episodes: object) -> int:
            del episodes
            caught.append(planned)
            return 0

        monkeypatch.setattr(replay, "play", play)
        assert main(["replay", "--motion", str(path), "--timezone", "Europe/Berlin", *words]) == 0
        return caught[0]

    return call


@pytest.mark.parametrize("zone", ("Europe/Berlin", "UTC", "Asia/Tokyo", "America/Chicago"))
def test_sessions_over_midnight_are_one_lesson(tmp_path: Path, plan: Plan, zone: str) -> None:
    planned = plan(record(tmp_path), "--timezone", zone)
    assert planned.duration_s == 110
    assert planned.starts_utc_ns == int(LATE.timestamp()) * SECOND_NS
    assert planned.time_zone == zone
    (hub,) = planned.hubs
    assert len(hub.seats) == 2


@pytest.mark.parametrize(
    ("words", "starts_s", "lasts_s"),
    (
        (("--from", "23:59:40", "--to", "00:00:10"), 10, 30),
        (("--from", "00:00:10", "--to", "00:01"), 40, 50),
        (("--from", "00:00:10"), 40, 70),
        (("--to", "23:59:50"), 0, 20),
        (("--to", "09:00"), None, None),
        (("--from", "00:00:10", "--to", "23:59:50"), None, None),
        (("--from", "09:00"), None, None),
        (("--from", "23:00"), None, None),
        (("--minutes", "1"), 0, 60),
        (("--minutes", "0.001"), None, None),
    ),
)
def test_a_span_by_the_clock_on_the_wall(
    tmp_path: Path, plan: Plan, words: tuple[str, ...], starts_s: int | None, lasts_s: int | None,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = record(tmp_path)
    if starts_s is None:
        assert main(["replay", "--motion", str(path), "--timezone", "Europe/Berlin", *words]) == 2
        said = capsys.readouterr().err
        assert "which runs from 23:59:30 to 00:01:20 (Europe/Berlin)" in said
        return
    planned = plan(path, *words)
    begins = datetime.fromtimestamp(planned.starts_utc_ns // SECOND_NS, UTC)
    assert ((begins - LATE).total_seconds(), planned.duration_s) == (starts_s, lasts_s)


def test_repeats_are_counted_before_it_plays(
    tmp_path: Path, plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    assert plan(record(tmp_path, copies=3)).duration_s == 110
    assert capsys.readouterr().err == (
        "recording  Session a has 3000 samples that exactly repeat others; they are dropped.\n"
        "recording  Session b has 3000 samples that exactly repeat others; they are dropped.\n"
    )


@pytest.mark.parametrize("rate", (5.0, 19.0, 500.0))
def test_a_rate_that_the_docs_do_not_allow_is_refused_at_once(
    tmp_path: Path, rate: float, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "--motion", str(record(tmp_path, rate=rate))]) == 1
    said = capsys.readouterr().err
    assert f"a rate of 20 to 400 Hz are expected, not {LATE.timestamp():.10g} and {rate:g}" in said
