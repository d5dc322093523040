"""Recordings: read as documented, aligned by their clock, refused with a sentence."""

from __future__ import annotations

import os
from datetime import UTC, datetime, time, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from contract.errors import RecordingError, UsageError
from contract.quantities.acceleration import Unit
from simulators.recordings.source import Recording, read_recording, seat_hubs

CHICAGO = ZoneInfo("America/Chicago")
RATE_HZ = 32.0
HEAD = "session,started_at_unix_s,sample_rate_hz\n"


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
    return read_recording(path, timezone=CHICAGO, unit="counts", scale=64.0)


def test_sessions_of_other_days_are_laid_over_the_first_one_by_their_clock(tmp_path: Path) -> None:
    recording = read(write(tmp_path))
    a, b = recording.sessions
    assert a.starts == datetime(2018, 10, 13, 14, tzinfo=UTC)
    assert b.starts - a.starts == timedelta(seconds=1)
    assert recording.ends == b.starts + timedelta(seconds=3)
    assert recording.at(time(9, 0, 2)) == a.starts + timedelta(seconds=2)


STORED: tuple[object, ...] = (
    "i1", "i2", "i8", "u2", "f4", "f8", pa.float16(), pa.decimal128(8, 2), "with a null",
)  # fmt: skip


def stored(values: np.ndarray, as_what: object) -> object:
    """The same numbers in a column of another type."""
    if isinstance(as_what, pa.DataType):
        whole = pa.array(values.astype("f8" if pa.types.is_decimal(as_what) else "f2"))
        return whole.cast(as_what)
    if as_what == "with a null":
        return pa.array([None, *values[1:].tolist()], pa.int64())
    return values.astype(str(as_what))


@pytest.mark.parametrize("as_what", STORED, ids=str)
def test_the_unit_is_what_was_said_however_the_columns_are_stored(
    tmp_path: Path, as_what: object
) -> None:
    """A null in a column of whole numbers makes fractions of them when they are read."""
    axes = {"x": np.arange(160) % 100, "y": np.zeros(160), "z": np.full(160, 64)}
    path = write(tmp_path, **{name: stored(axis, as_what) for name, axis in axes.items()})
    acceleration = read(path).sessions[0].acceleration
    assert acceleration[1:3].tolist() == [[1 / 64, 0, 1], [2 / 64, 0, 1]]
    with pytest.raises(RecordingError, match=r"'a' of .*taken as g, .* is it in m/s2 or counts"):
        read_recording(path, timezone=CHICAGO)


@pytest.mark.parametrize(
    ("unit", "scale", "one_g"),
    (("g", None, 1.0), ("m/s2", None, 9.80665), ("counts", 256.0, 256.0)),
)
def test_each_unit_becomes_g(tmp_path: Path, unit: Unit, scale: float | None, one_g: float) -> None:
    path = write(tmp_path, x=np.zeros(160), z=np.full(160, one_g))
    recording = read_recording(path, timezone=CHICAGO, unit=unit, scale=scale)
    assert np.allclose(recording.sessions[0].acceleration[:, 2], 1.0)


@pytest.mark.parametrize(
    ("unit", "scale", "z", "says"),
    (
        ("g", None, 9.8, r"9\.8 g as a rule, .* is it in m/s2\?"),
        ("g", None, 256.0, "is it in m/s2 or counts"),
        ("m/s2", None, 1.0, "0.102 g as a rule, .* is it in g"),
        ("counts", 64.0, 1.0, "0.0156 g as a rule, .* is --scale right"),
        ("counts", 64.0, 1024.0, "16 g as a rule, .* is --scale right"),
    ),
)
def test_what_can_not_be_g_is_refused(
    tmp_path: Path, unit: Unit, scale: float | None, z: float, says: str
) -> None:
    path = write(tmp_path, x=np.zeros(160), z=np.full(160, z))
    with pytest.raises(RecordingError, match=says):
        read_recording(path, timezone=CHICAGO, unit=unit, scale=scale)


def test_one_session_in_another_unit_is_named(tmp_path: Path) -> None:
    z = np.where(np.arange(160) < 64, 1.0, 9.8)
    with pytest.raises(RecordingError, match=r"session 'b' of .*is it in m/s2"):
        read_recording(write(tmp_path, x=np.zeros(160), z=z), timezone=CHICAGO)


def test_what_is_no_number_is_missing(tmp_path: Path) -> None:
    z = np.ones(160)
    z[3], z[4] = np.inf, np.nan
    path = write(tmp_path, x=np.zeros(160), z=z)
    recording = read_recording(path, timezone=CHICAGO)
    (hub,) = seat_hubs(recording, starts=recording.starts, ends=recording.ends)
    assert (hub.acceleration(3, 2)[:, 0, 2] == -32768).all()
    with pytest.raises(RecordingError, match="hold no numbers"):
        read_recording(write(tmp_path, x=np.full(160, np.nan)), timezone=CHICAGO)


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
        ({"session": ["a", None] * 80}, "column session is null in 80 rows"),
        ({"sessions": "session,started\na,1\n"}, "has no started_at_unix_s"),
        ({"sessions": HEAD + "a,-5,32\n"}, "line 2: a start"),
        ({"sessions": HEAD + "a,5,nan\n"}, "line 2: a start"),
        ({"sessions": HEAD + "a,1539435366000,32\n"}, "line 2: a start"),
        ({"sessions": HEAD + "a,5,19.9\n"}, "a rate of 20 to 400 Hz are expected, not 5 and 19.9"),
        ({"sessions": HEAD + "a,5,401\n"}, "a rate of 20 to 400 Hz are expected, not 5 and 401"),
        ({"sessions": HEAD + "a,5,0\n"}, "a rate of 20 to 400 Hz"),
        ({"sessions": HEAD + "a,noon,32\n"}, "line 2: .* as numbers, not 'noon' and '32'"),
        ({"sessions": HEAD + "a,5\n"}, "line 2: .* --rate-hz gives the rate"),
        ({"sessions": HEAD + "a,5,32\nb,5,32\na,6,32\n"}, "line 4: session 'a' has another line"),
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
    with pytest.raises(RecordingError, match="is a directory or a pipe"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RecordingError, match="is a directory or a pipe"):
        read(tmp_path / "pipe")
    path = write(tmp_path)
    (tmp_path / "sessions.csv").write_bytes("Müller".encode("latin-1"))
    with pytest.raises(RecordingError, match=r"sessions\.csv is not UTF-8 text"):
        read(path)
    (tmp_path / "sessions.csv").unlink()
    with pytest.raises(RecordingError, match=r"sessions\.csv can't be read"):
        read(path)


def test_an_empty_recording_is_refused(tmp_path: Path) -> None:
    empty = {"session": pa.array([], pa.string()), **dict.fromkeys("xyz", pa.array([], pa.int8()))}
    with pytest.raises(RecordingError, match="no rows"):
        read(write(tmp_path, **empty))


@pytest.mark.parametrize("encoding", ("utf-8-sig", "utf-16"))
def test_sessions_out_of_a_spreadsheet(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path)
    text = "sep=;\n" + (HEAD + "a,1539435366,32\nb,1539435366,32\n").replace(",", ";")
    (tmp_path / "sessions.csv").write_bytes(text.encode(encoding))
    assert [session.name for session in read(path).sessions] == ["a", "b"]


def test_a_rate_that_is_missing_in_the_list_is_given(tmp_path: Path) -> None:
    path = write(tmp_path, sessions="session,started_at_unix_s\na,1539435366\nb,1539435366\n")

    def rates(rate_hz: float) -> list[float]:
        recording = read_recording(
            path, timezone=CHICAGO, unit="counts", scale=64.0, rate_hz=rate_hz
        )
        return [session.rate_hz for session in recording.sessions]

    assert rates(25.0) == [25.0, 25.0]
    with pytest.raises(UsageError, match="--rate-hz is 500, expected 20 to 400"):
        rates(500.0)
    write(tmp_path)
    assert rates(33.0) == [32.0, 32.0]
    with pytest.raises(RecordingError, match="the rate is 32 but --rate-hz is 50"):
        rates(50.0)


def listed(a: datetime, b: datetime) -> str:
    return f"{HEAD}a,{a.timestamp()},32\nb,{b.timestamp()},32\n"


@pytest.mark.parametrize("zone", (CHICAGO, ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin"), UTC))
@pytest.mark.parametrize("apart_s", (-2.0, 2.0, 0.5))
def test_sessions_of_one_occasion_keep_their_distance_over_any_midnight(
    tmp_path: Path, zone: tzinfo, apart_s: float
) -> None:
    midnight = datetime(2024, 3, 5, tzinfo=zone) - timedelta(seconds=1)
    later = midnight + timedelta(seconds=apart_s)
    path = write(tmp_path, sessions=listed(midnight, later))
    for seen_in in (zone, CHICAGO):
        recording = read_recording(path, timezone=seen_in, unit="counts", scale=64.0)
        a, b = recording.sessions
        assert (b.starts - a.starts).total_seconds() == apart_s
        assert recording.ends - recording.starts < timedelta(seconds=6)


def test_the_clocks_change_within_an_occasion(tmp_path: Path) -> None:
    first = datetime(2018, 11, 4, 1, 59, 59, tzinfo=CHICAGO)  # a second before the clocks go back
    path = write(tmp_path, sessions=listed(first, datetime(2018, 11, 4, 7, 0, 1, tzinfo=UTC)))
    recording = read(path)
    a, b = recording.sessions
    assert (b.starts - a.starts).total_seconds() == 2.0
    (hub,) = seat_hubs(recording, starts=recording.starts, ends=recording.ends)
    assert hub.ends_at == 5 * 32
    assert (hub.acceleration(0, 64)[:, 1] == -32768).all()
    assert (hub.acceleration(64, 96)[:, 1] != -32768).all()


@pytest.mark.parametrize(
    ("other", "apart_s"),
    (
        (datetime(2018, 11, 11, 0, 0, 1, tzinfo=CHICAGO), 2),
        (datetime(2018, 11, 10, 23, 59, 58, tzinfo=CHICAGO), -1),
        (datetime(2018, 12, 1, 15, tzinfo=CHICAGO), -9 * 3600 + 1),
        (datetime(2018, 10, 1, 23, 59, 59, tzinfo=CHICAGO), 0),
    ),
)
def test_another_occasion_is_laid_where_it_is_nearest(
    tmp_path: Path, other: datetime, apart_s: int
) -> None:
    first = datetime(2018, 10, 13, 23, 59, 59, tzinfo=CHICAGO)
    a, b = read(write(tmp_path, sessions=listed(first, other))).sessions
    assert a.starts == first
    assert (b.starts - a.starts).total_seconds() == apart_s


def test_the_clock_is_read_where_the_recording_is(tmp_path: Path) -> None:
    late = datetime(2018, 10, 13, 23, 59, 59, tzinfo=CHICAGO)
    recording = read(write(tmp_path, sessions=listed(late, late)))
    assert recording.at(time(0, 0, 1)) == late + timedelta(seconds=2)
    assert recording.at(time(23, 59, 59)) == late
    assert recording.at(time(0, 0, 1), after=late) == late + timedelta(seconds=2)
    assert recording.at(time(9)) < recording.starts  # it never showed that
    assert recording.at(time(23, 59, 58), after=late) < late


def test_exact_repeats_are_dropped_and_counted(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(-20, 20, (160, 3)) + np.array([0, 0, 64])
    twice = np.concatenate([values[:64], values, values[64:]])
    names = ["a"] * 64 + ["a"] * 64 + ["b"] * 192
    columns = {"session": names, **{axis: twice[:, i] for i, axis in enumerate("xyz")}}
    seconds = datetime(2024, 3, 5, 9, tzinfo=UTC).timestamp()
    lines = f"a,{seconds},32\nb,{seconds},32\n"
    # 64 samples could be a signal with a period; the 96 of b as well.
    recording = read(write(tmp_path, **columns, sessions=HEAD + lines + lines))
    assert [len(one.acceleration) for one in recording.sessions] == [128, 192]
    assert recording.notes == (
        "sessions.csv has 2 lines that exactly repeat others; they are dropped.",
    )
    times = np.concatenate([np.arange(64), np.arange(64), np.arange(96), np.arange(96)]) / 32
    with_times = write(tmp_path, **columns, observed_at=times, sessions=HEAD + lines)
    recording = read(with_times)
    assert [len(one.acceleration) for one in recording.sessions] == [64, 96]
    assert np.array_equal(recording.sessions[0].acceleration * 64, values[:64])
    assert recording.notes == (
        "Session a has 64 samples that exactly repeat others; they are dropped.",
        "Session b has 96 samples that exactly repeat others; they are dropped.",
    )
    stamps = pa.array((times * 1e6).astype("i8"), pa.timestamp("us"))
    recording = read(write(tmp_path, **columns, observed_at=stamps, sessions=HEAD + lines))
    assert [len(one.acceleration) for one in recording.sessions] == [64, 96]


def test_a_file_that_was_appended_to_itself_and_a_session_under_two_names(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    once = rng.integers(-20, 20, (200, 3)) + np.array([0, 0, 64])
    values = np.concatenate([once] * 3)
    names = ["a"] * 400 + ["b"] * 200
    columns = {"session": names, **{axis: values[:, i] for i, axis in enumerate("xyz")}}
    recording = read(
        write(tmp_path, **columns, sessions=HEAD + "a,1539435366,32\nb,1539435366,32\n")
    )
    assert [(one.name, len(one.acceleration)) for one in recording.sessions] == [("a", 200)]
    assert recording.notes == (
        "Session a has 200 samples that exactly repeat others; they are dropped.",
        "Session b is an exact copy of a; it is dropped.",
    )


def test_sensors_that_lie_still_are_no_repeats(tmp_path: Path) -> None:
    still = {"x": np.zeros(800), "y": np.zeros(800), "z": np.full(800, 64)}
    names = ["a"] * 400 + ["b"] * 400
    lines = HEAD + "a,1539435366,32\nb,1539435366,32\n"
    recording = read(write(tmp_path, session=names, **still, sessions=lines))
    assert [len(one.acceleration) for one in recording.sessions] == [400, 400]
    assert recording.notes == ()
