"""`roomtone lesson` as a person uses it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contract.errors import UnfitFileError, UsageError
from ingest.lesson_command import add_arguments, run
from school import open_lesson_store, open_school
from school.audit.actor import Actor
from school.lessons.records import Lesson
from school.video.files import VideoFiles
from school.video.keys import VideoKeys
from tests.bundles import bundle_file

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


MP4 = b"\0\0\0\x18ftypisom" + bytes(range(200))


def test_a_video_is_taken_in_encrypted(lesson: Command, tmp_path: Path) -> None:
    name = start(lesson)
    with (tmp_path / "server.toml").open("a") as config:
        config.write(
            f'[video]\ndirectory = "{tmp_path}/videos"\nkey_directory = "{tmp_path}/keys"\n'
            "reserve_gb = 0\n[retention]\nvideo_days = 36500\n"
        )
    (tmp_path / "a.mp4").write_bytes(MP4)
    lesson("video", name, str(tmp_path / "a.mp4"), "--offset", "-2.5")
    with closing(open_school(tmp_path / "data")) as school:
        (video,) = school.videos.of_lesson(name)
        (made,) = school.clock_maps.of_video(name, video.id)
        assert school.clock_maps.of_video(name, "of-another-video") == []
    assert (made.method, made.segments[0].segment.offset_s) == ("hand", -2.5)
    assert (video.state, video.added_by) == ("checking", "")
    files = VideoFiles(tmp_path / "videos", VideoKeys(tmp_path / "keys"))
    source = files.source(video.file)
    assert source.read_at(0, 1_000) == MP4
    source.close()
    assert (tmp_path / "a.mp4").read_bytes() == MP4
    with pytest.raises(UsageError, match="is being prepared"):
        lesson("video", name, str(tmp_path / "a.mp4"))
    (tmp_path / "no.mp4").write_bytes(b"%PDF" * 40)
    os.mkfifo(tmp_path / "pipe.mp4")
    for path, said in (
        ("none.mp4", "give a video file"),
        ("", "it is a directory"),
        ("pipe.mp4", "it is a named pipe"),
        ("no.mp4", "is no video in MP4"),
    ):
        with pytest.raises((UsageError, UnfitFileError), match=said):
            lesson("video", name, str(tmp_path / path))


def test_a_server_that_keeps_no_videos_says_how_it_would(lesson: Command, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(MP4)
    with pytest.raises(UsageError, match=r"set video.directory"):
        lesson("video", start(lesson), str(tmp_path / "a.mp4"))


def test_a_lesson_is_read_back_for_somebody(lesson: Command, tmp_path: Path) -> None:
    """As a copy that is theirs, and no lesson."""
    with closing(open_school(tmp_path / "data")) as school:
        by = Actor(name="a test", utc_ns=0)
        school.people.add("Ada", "ada@school.example", ["teacher"], by, person_id="ada")
    file = tmp_path / "lesson.json"
    file.write_bytes(bundle_file())
    (said,) = lesson("import", str(file), "--for", "ada@school.example")
    assert said.endswith(" is imported for Ada, who finds it on the page /imported")
    with closing(open_school(tmp_path / "data")) as school:
        (copy,) = school.sharing.imported.of_person("ada")
        assert said.startswith(copy.id)
        assert copy.title == "Fractions"
        entry = school.audit.latest(1)[0]
        assert (
            entry.sentence
            == f"The command “roomtone lesson” read imported lesson {copy.id} from a file"
        )
    assert lesson("list") == []
    for words, sentence in (
        ([str(file)], "name with --for whose copy it is"),
        ([str(file), "--for", "nobody"], "nobody signs in with the name 'nobody'"),
        ([str(tmp_path / "none.json"), "--for", "ada@school.example"], "There is no file"),
    ):
        with pytest.raises(UsageError, match=sentence):
            lesson("import", *words)
    file.write_bytes(bundle_file().replace(b"Who begins?", b"Who shouts?"))
    with pytest.raises(UsageError, match="was changed or damaged"):
        lesson("import", str(file), "--for", "ada@school.example")
