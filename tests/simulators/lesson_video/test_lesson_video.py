"""A lesson as a simulated camera records it."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from contract.errors import UsageError
from roomtone.cli import main
from school.video.alignment.line_up import line_up
from school.video.media.tasks import probe, sound_levels
from simulators.classroom import Classroom
from simulators.lesson_video.camera import Camera, Pause, draw_camera, recorded_levels
from simulators.lesson_video.command import camera_for, write_video
from simulators.lesson_video.film import write_lesson_video
from simulators.lesson_video.picture import HEIGHT, WIDTH, LessonPicture
from simulators.lesson_video.sound import RATE_HZ, sound
from simulators.scenario import load_scenario
from tests.school.video.made_videos import Bytes

CLASSROOM = Classroom(load_scenario("demo"), 3)


def room() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    levels = CLASSROOM.levels(0, 8 * CLASSROOM.scenario.periods).reshape(-1, 8)
    return np.asarray(10.0 * np.log10(np.mean(10.0 ** (levels / 10.0), axis=1)))


def test_the_levels_follow_the_room_but_are_not_the_rooms() -> None:
    camera = Camera(starts_at_s=0.0, length_s=2400.0, drift_ppm=0.0)
    recorded = recorded_levels(CLASSROOM, camera, 3)
    seconds = 10.0 * np.log10(np.mean(10.0 ** (recorded.reshape(-1, 10) / 10.0), axis=1))
    alike = np.corrcoef(np.diff(seconds), np.diff(room()[:2400]))[0, 1]
    assert 0.4 < alike < 0.95
    # The automatic gain makes loud and quiet more equal.
    assert np.std(seconds) < 0.8 * np.std(room()[:2400])


def test_the_same_seed_gives_the_same_recording_and_another_another() -> None:
    camera = draw_camera(5, 600.0)
    assert camera == draw_camera(5, 600.0)
    assert camera != draw_camera(6, 600.0)
    first = recorded_levels(CLASSROOM, camera, 5)
    assert np.array_equal(first, recorded_levels(CLASSROOM, camera, 5))
    assert not np.array_equal(first, recorded_levels(CLASSROOM, camera, 6))


def test_a_cameras_time_is_the_lessons_by_its_start_its_clock_and_its_pause() -> None:
    camera = Camera(starts_at_s=30.0, drift_ppm=100.0, pause=Pause(500.0, 60.0))
    early, late = camera.lesson_s(np.array([0.0, 1000.0]))
    assert early == 30.0
    assert late == pytest.approx(30.0 + 1000.0 / 1.0001 + 60.0)
    assert camera.offset_s() + camera.rate * early == pytest.approx(0.0)
    assert camera.offset_s(after_pause=True) + camera.rate * late == pytest.approx(1000.0)


def test_the_sound_has_the_levels_that_it_is_given() -> None:
    levels = np.repeat([-50.0, -20.0, -35.0], 50)
    samples = np.concatenate(list(sound(levels, 1)))
    assert samples.size == levels.size * RATE_HZ // 10
    blocks = samples.reshape(-1, 5 * RATE_HZ)[:, RATE_HZ // 5 : -RATE_HZ // 5]
    measured = 10.0 * np.log10(np.mean(blocks.astype(np.float64) ** 2, axis=1))
    assert np.allclose(measured, [-50.0, -20.0, -35.0], atol=1.5)


def test_the_picture_shows_the_clock_and_who_moves() -> None:
    picture = LessonPicture(CLASSROOM)
    image = picture.at(600.0)
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert np.array_equal(image, picture.at(600.4))
    assert not np.array_equal(image, picture.at(601.0))
    empty = picture.at(-5.0)
    assert (empty != image).any(axis=2).sum() > 500  # pupils are there, and were not before


@pytest.mark.slow
def test_a_film_can_be_looked_into_and_lined_up() -> None:
    camera = Camera(starts_at_s=42.0, length_s=420.0)
    file = io.BytesIO()
    shown: list[float] = []
    write_lesson_video(CLASSROOM, camera, 3, file, shown.append)
    found = probe(Bytes(file.getvalue()))
    assert (found.video_codec, found.audio_codec) == ("h264", "aac")
    assert found.plays_in_browsers
    assert found.duration_s == pytest.approx(420.0, abs=1.0)
    assert shown[-1] == pytest.approx(1.0, abs=0.01)
    levels = sound_levels(Bytes(file.getvalue()))
    lined_up = line_up(room(), levels.level_db, levels.step_s)
    assert lined_up.verdict == "proposed"
    (each,) = lined_up.segments
    assert abs(each.segment.offset_s - camera.offset_s()) <= each.plus_minus_s


def test_the_command_writes_a_video_and_says_what_is_true(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lesson.mp4"
    arguments = ["simulate", "--scenario", "demo", "--minutes", "1", "--video", str(path)]
    assert main([*arguments, "--pause", "30:5"]) == 0
    printed = capsys.readouterr().out
    assert "The lesson starts at -6.0 s in the video" in printed
    assert "after that the lesson starts at -11.0 s" in printed
    with av.open(str(path)) as opened:
        assert opened.duration is not None
        assert opened.duration / 1e6 == pytest.approx(49.0, abs=0.7)
    assert main(arguments) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("pause", ("", "10", "-5:3", "10:100", "x:y"))
def test_a_pause_that_is_none_is_refused(pause: str, tmp_path: Path) -> None:
    path = tmp_path / "lesson.mp4"
    classroom = Classroom(load_scenario("demo").lasting(1.0), 1)
    with pytest.raises(UsageError, match="expected AT:S"):
        write_video(classroom, path, pause)
    assert not path.exists()


def test_a_pause_without_a_video_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--pause", "10:5"]) == 2
    assert "needs --video" in capsys.readouterr().err


def test_the_camera_for_a_lesson_stops_with_it() -> None:
    camera = camera_for(CLASSROOM)
    assert camera.starts_at_s + camera.length_s == CLASSROOM.scenario.periods
