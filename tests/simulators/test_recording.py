"""Recordings: read as documented, aligned by their clock, refused with a sentence."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from contract.errors import RecordingError
from simulators.recording import Recording, read_recording, seat_hubs

CHICAGO = ZoneInfo("America/Chicago")
RATE_HZ = 32.0


def write(folder: Path, *, sessions: str | None = None, **columns: object) -> Path:
    path = folder / "motion.parquet"
    names = ["a"] * 64 + ["b"] * 96
    rising = np.arange(len(names)) % 100
    table: dict[str, object] = {
        "session": names,
        "x": rising.astype("i1"),
        "y": np.zeros(len(names), "i1"),
        "z": np.full(len(names), 64, "i1"),
    }
    table |= columns
    parquet.write_table(pa.table({k: v for k, v in table.items() if v is not None}), path)
    # 09:00:00 on an October day and 09:00:01 on a November day, after the clocks went back.
    first = datetime(2018, 10, 13, 9, tzinfo=CHICAGO).timestamp()
    second = datetime(2018, 11, 10, 9, 0, 1, tzinfo=CHICAGO).timestamp()
    (folder / "sessions.csv").write_text(
        sessions
        if sessions is not None
        else f"session,started_at_unix_s,sample_rate_hz\na,{first},{RATE_HZ}\nb,{second},{RATE_HZ}\n"
    )
    return path


def read(path: Path) -> Recording:
    return read_recording(path, timezone=CHICAGO)


def test_sessions_of_other_days_are_laid_over_the_first_one_by_their_clock(tmp_path: Path) -> None:
    recording = read(write(tmp_path))
    a, b = recording.sessions
    assert a.starts == datetime(2018, 10, 13, 14, tzinfo=UTC)
    assert b.starts - a.starts == timedelta(seconds=1)
    assert recording.ends == b.starts + timedelta(seconds=3)
    assert recording.at(time(9, 0, 2)) == a.starts + timedelta(seconds=2)


def test_counts_become_g_and_fractions_are_g(tmp_path: Path) -> None:
    recording = read(write(tmp_path))
    assert recording.sessions[0].acceleration[:2].tolist() == [[0, 0, 1], [1 / 64, 0, 1]]
    recording = read(write(tmp_path, z=np.full(160, 0.5, "f4")))
    assert (recording.sessions[0].acceleration[:, 2] == 0.5).all()


def test_a_hub_plays_its_sessions_from_the_common_start_and_misses_what_is_not_there(
    tmp_path: Path,
) -> None:
    recording = read(write(tmp_path))
    (hub,) = seat_hubs(recording, starts=recording.starts, ends=recording.ends)
    assert (hub.seats, hub.sample_rate_hz, hub.ends_at) == (2, RATE_HZ, 4 * 32)
    block = hub.acceleration(0, 4 * 32)
    # Counts of 1/64 g are exact in the hub's unit.
    assert (block[:64, 0, 0] == np.arange(64) * hub.counts_per_g // 64).all()
    assert (block[64:, 0] == -32768).all()
    assert (block[:32, 1] == -32768).all()
    assert block[32, 1, 0] == 64 % 100 * hub.counts_per_g // 64
    # Any slicing gives the same.
    assert (np.concatenate([hub.acceleration(i, 7) for i in range(0, 126, 7)]) == block[:126]).all()
    assert hub.levels(0, 1) is None


def test_hubs_are_of_equal_size_and_of_one_rate(tmp_path: Path) -> None:
    names = [f"s{i}" for i in range(11)]
    path = write(
        tmp_path,
        session=[name for name in names for _ in range(2)],
        x=np.zeros(22, "i1"),
        y=np.zeros(22, "i1"),
        z=np.zeros(22, "i1"),
        sessions="session,started_at_unix_s,sample_rate_hz\n"
        + "".join(f"{name},1539435366,{25 if name == 's10' else 32}\n" for name in names),
    )
    recording = read(path)
    hubs = seat_hubs(recording, starts=recording.starts, ends=recording.ends)
    assert [(hub.sample_rate_hz, hub.seats) for hub in hubs] == [(25, 1), (32, 5), (32, 5)]


@pytest.mark.parametrize(
    ("changes", "says"),
    (
        ({"x": None}, "has no column 'x'|columns session, x, y, z"),
        ({"x": ["left"] * 160}, "column x is string, expected numbers"),
        ({"session": ["c"] * 160}, "no line for session 'c'"),
        ({"sessions": "session,started\na,1\n"}, "line 2: session, started_at_unix_s"),
        ({"sessions": "session,started_at_unix_s,sample_rate_hz\na,-5,32\n"}, "line 2: a start"),
        ({"sessions": "session,started_at_unix_s,sample_rate_hz\na,5,nan\n"}, "line 2: a start"),
    ),
)
def test_what_is_wrong_is_named(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    with pytest.raises(RecordingError, match=says):
        read(write(tmp_path, **changes))  # type: ignore[arg-type]


def test_a_file_that_is_missing_or_no_parquet_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no recording at"):
        read(tmp_path / "none.parquet")
    path = tmp_path / "text.parquet"
    path.write_text("x,y,z\n")
    with pytest.raises(RecordingError, match="can't be read as a Parquet file"):
        read(path)
    path = write(tmp_path)
    (tmp_path / "sessions.csv").unlink()
    with pytest.raises(RecordingError, match=r"sessions\.csv can't be read"):
        read(path)


def test_an_empty_recording_is_refused(tmp_path: Path) -> None:
    empty = {"session": pa.array([], pa.string()), **dict.fromkeys("xyz", pa.array([], pa.int8()))}
    with pytest.raises(RecordingError, match="no rows"):
        read(write(tmp_path, **empty))
