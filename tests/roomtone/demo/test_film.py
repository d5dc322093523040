"""The demo's video: made beside the lesson, and taken in encrypted."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest

from contract.clock import SECOND_NS
from contract.settings import BrokerSettings
from roomtone.demo.film import Film
from roomtone.demo.settings_files import server_toml
from school import open_school
from school.lessons.records import Lesson
from tests.school.video.made_videos import made_video

NOW_NS = time.time_ns()
LESSON = Lesson(
    id="room-101-1", room="room-101", teacher="t", title="T", starts_utc_ns=NOW_NS - 60 * SECOND_NS,
    ends_utc_ns=NOW_NS, source="button",
)  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    with closing(open_school(data)) as school:
        school.lessons.put(LESSON)
    path = tmp_path / "server.toml"
    path.write_text(
        server_toml(
            site="demo", data_dir=data, broker=BrokerSettings(), time_zone="UTC",
            videos=tmp_path / "videos",
        )
    )  # fmt: skip
    return path


@pytest.mark.slow
def test_the_demos_video_is_made_and_taken_in(config: Path, tmp_path: Path) -> None:
    said: list[str] = []
    film = Film(("--scenario", "demo", "--minutes", "0.5"), tmp_path, said.append)
    film.start()
    assert film.take_in(LESSON.id, config), (tmp_path / "logs" / "video.log").read_text()
    with closing(open_school(tmp_path / "data")) as school:
        (video,) = school.videos.of_lesson(LESSON.id)
    assert video.state == "checking"
    assert not (tmp_path / "lesson.mp4").exists()
    (kept,) = [path for path in (tmp_path / "videos" / "files").rglob("*") if path.is_file()]
    assert b"ftyp" not in kept.read_bytes()[:64]
    assert len(said) == 2


@pytest.mark.slow
def test_a_video_that_cannot_be_made_stops_nothing(config: Path, tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "lesson.mp4").write_bytes(made_video(1.0))
    film = Film(("--scenario", "demo"), tmp_path, said.append)
    film.start()
    assert not film.take_in(LESSON.id, config)
    assert "made no video" in said[-1]
    film.stop()
