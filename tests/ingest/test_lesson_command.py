"""`roomtone lesson` as a person uses it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contract.errors import UsageError
from ingest.lesson_command import add_arguments, run
from school import open_lesson_store
from school.lessons.records import Lesson
from school.lessons.video_file import checked_video

Command = Callable[..., list[str]]


@pytest.fixture
def lesson(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    config = tmp_path / "server.toml"
    config.write_text(
        f'site = "school"\ndata_dir = "{tmp_path}/data"\n[lessons]\ntime_zone = "Europe/Berlin"\n'
    )
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    def call(*words: str) -> list[str]:
        assert run(parser.parse_args(["--config", str(config), *words])) == 0
        return capsys.readouterr().out.splitlines()

    return call


def stored(tmp_path: Path, lesson: str) -> Lesson:
    with closing(open_lesson_store(tmp_path / "data")) as store:
        found = store.get(lesson)
    assert found is not None
    return found


def start(lesson: Command, at: str = "2026-09-30T09:00", room: str = "R1") -> str:
    (name,) = lesson("start", "--room", room, "--teacher", "Ms Ada", "--at", at)
    return name


def test_a_lesson_is_started_stopped_and_listed(lesson: Command, tmp_path: Path) -> None:
    name = start(lesson)
    assert name == "r1-20260930T070000Z"
    assert stored(tmp_path, name).ends_utc_ns is None
    forgotten = "2026-09-30 09:00–21:00 (nobody ended it)"
    assert lesson("list") == [f"{name}  {forgotten}  room r1  Ms Ada"]
    assert lesson("stop", "--room", "r1", "--at", "2026-09-30T09:45") == [name]
    assert lesson("list", "--room", "r1") == [f"{name}  2026-09-30 09:00–09:45  room r1  Ms Ada"]
    assert lesson("list", "--room", "r2") == []


def test_without_a_time_it_starts_now(lesson: Command) -> None:
    (name,) = lesson("start", "--room", "r1", "--teacher", "T")
    assert "–running  room r1" in lesson("list")[0]
    assert lesson("list") != []
    with pytest.raises(UsageError, match=f"has the lesson {name} of T then; stop it first"):
        lesson("start", "--room", "r1", "--teacher", "U")
    start(lesson, room="r2")


def test_stopping_needs_a_lesson(lesson: Command) -> None:
    with pytest.raises(UsageError, match="no lesson is on in room r1 then"):
        lesson("stop", "--room", "r1")
    start(lesson)
    with pytest.raises(UsageError, match="starts then"):
        lesson("stop", "--room", "r1", "--at", "2026-09-30T09:00")


@pytest.mark.parametrize("at", ("tomorrow", "09:00", ""))
def test_a_wrong_time_is_refused(lesson: Command, at: str) -> None:
    with pytest.raises(UsageError, match=r"--at is .* expected such as 2026-09-30T09:45"):
        start(lesson, at)


@pytest.mark.parametrize(
    "at", ("0001-01-01T00:00", "1989-12-31T23:59", "2201-01-01T00:00", "9999-12-31T23:59+00:00")
)
def test_a_year_that_nobody_means_is_refused(lesson: Command, at: str) -> None:
    with pytest.raises(UsageError, match=r"--at .* is in the year \d{4}, expected 1990 to 2200"):
        start(lesson, at)
    with pytest.raises(UsageError, match=r"--at .* is in the year \d{4}, expected 1990 to 2200"):
        lesson("stop", "--room", "r1", "--at", at)
    assert lesson("list") == []


@pytest.mark.parametrize("at", ("1990-01-01T00:00", "2200-12-31T23:59"))
def test_the_first_and_the_last_year(lesson: Command, at: str) -> None:
    start(lesson, at)
    assert at[:10] in lesson("list")[0]


def test_a_line_break_or_an_escape_does_not_split_the_list(lesson: Command) -> None:
    lesson("start", "--room", "r1", "--teacher", "T\r\nx", "--title", "Maths\n7b\x1b[2J\u2028!",
           "--at", "2026-09-30T09:00")  # fmt: skip
    (line,) = lesson("list")
    assert line.endswith("room r1  T  x  Maths 7b?[2J !")


def test_a_timetable_is_imported_whole_or_not_at_all(lesson: Command, tmp_path: Path) -> None:
    plan = tmp_path / "plan.csv"
    head = "room,teacher,title,date,start,end\n"
    plan.write_text(head + "r1,T,,2199-09-30,09:00,09:45\nr2,T,,2199-09-30,09:00,09:45\n")
    assert lesson("import", str(plan))[-1] == "plan.csv: 2 added, 0 changed, 0 removed, 0 unchanged"
    assert lesson("import", str(plan)) == ["plan.csv: 0 added, 0 changed, 0 removed, 2 unchanged"]
    assert len(lesson("list")) == 2
    plan.write_text(head + "r3,T,,2199-09-30,09:00,09:45\nr3,T,,2199-09-30,09:30,10:00\n")
    with pytest.raises(UsageError, match="overlaps"):
        lesson("import", str(plan))
    assert len(lesson("list")) == 2
    assert lesson("remove", "r1-21990930T070000Z") == [
        "r1-21990930T070000Z is removed; an import of plan.csv that still has it brings it back"
    ]
    assert len(lesson("list")) == 1
    with pytest.raises(UsageError, match="no lesson 'r1-21990930T070000Z'"):
        lesson("remove", "r1-21990930T070000Z")


def test_activities_are_added_in_order(lesson: Command, tmp_path: Path) -> None:
    name = start(lesson)
    lesson("stop", "--room", "r1", "--at", "2026-09-30T09:45")
    lesson("activity", name, "test", "--from", "10", "--to", "30:30")
    lesson("activity", name, "whole_class", "--from", "0", "--to", "10")
    assert [(a.name, a.start_s, a.end_s) for a in stored(tmp_path, name).activities] == [
        ("whole_class", 0, 600),
        ("test", 600, 1830),
    ]
    for first, last, said in (
        ("20", "40", "overlaps"),
        ("40", "60", "which lasts 45 minutes"),
        ("44", "44", "is not a span"),
        ("-1", "5", "expected minutes"),
    ):
        with pytest.raises(UsageError, match=said):
            lesson("activity", name, "test", f"--from={first}", "--to", last)
    with pytest.raises(UsageError, match="there is no lesson 'x'"):
        lesson("activity", "x", "test", "--from", "0", "--to", "1")


# ---------------------------------------------------------------- videos


def box(kind: bytes, body: bytes = b"") -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body


MP4 = box(b"ftyp", b"isom") + box(b"mdat", bytes(100)) + box(b"moov", b"avc1")
HEVC = box(b"ftyp", b"qt  ") + box(b"mdat", b"hvc1") + box(b"moov", b"...hvc1...")
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm"


@pytest.mark.parametrize(("name", "data"), (("a.mp4", MP4), ("a.M4V", MP4), ("a.webm", WEBM)))
def test_videos_that_browsers_play(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert checked_video(tmp_path / name) == (tmp_path / name).resolve()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    (
        ("a.mp4", HEVC, "HEVC .*ffmpeg"),
        ("a.mp4", b"", "not what its name says"),
        ("a.webm", MP4, "not what its name says"),
        ("a.mov", MP4, "browsers play .mp4 and .webm files; convert it with `ffmpeg"),
    ),
)
def test_videos_that_they_do_not(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=said):
        checked_video(tmp_path / name)


def test_a_video_that_is_cut_short_is_left_to_the_player(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(box(b"ftyp") + b"\x00\x00\x00\x01moov")
    assert checked_video(tmp_path / "a.mp4").name == "a.mp4"


def test_a_video_that_is_a_pipe_or_a_directory_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(UsageError, match="is a pipe or a device"):
        checked_video(tmp_path / "a.mp4")
    with pytest.raises(UsageError, match="Is a directory"):
        checked_video(tmp_path)


def test_a_video_is_laid_beside_a_lesson(lesson: Command, tmp_path: Path) -> None:
    name = start(lesson)
    (tmp_path / "a.mp4").write_bytes(MP4)
    lesson("video", name, str(tmp_path / "a.mp4"), "--offset", "-2.5")
    found = stored(tmp_path, name)
    assert (found.video, found.video_offset_s) == (str(tmp_path / "a.mp4"), -2.5)
    with pytest.raises(UsageError, match="give a video file"):
        lesson("video", name, str(tmp_path / "none.mp4"))
    with pytest.raises(UsageError, match="give a video file"):
        lesson("video", name, str(tmp_path))
