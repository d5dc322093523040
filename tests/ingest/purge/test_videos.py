"""A purge forgets no video that it can't destroy."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.errors import StoreError
from ingest.purge.requests import PurgeRequest
from ingest.purge.run import PurgeRun
from school import open_school
from school.audit.actor import Actor
from school.clips.clip_keeping import ClipKeeper, WantedClip
from school.lessons.records import Lesson
from school.video.files import VideoFiles, new_name
from school.video.keys import VideoKeys
from tests.videos import add_video

REQUEST = PurgeRequest(
    id="0123456789abcdef", asked_utc_ns=1, room="r", to_utc_ns=3_000, lessons=("maths",)
)


def run(data: Path, files: VideoFiles | None) -> None:
    PurgeRun(data_dir=data, clock=ManualClock(), say=lambda _: None, videos=files).run(REQUEST)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    with closing(open_school(folder)) as school:
        school.lessons.put(
            Lesson(
                id="maths", room="r", teacher="Ada", title="", starts_utc_ns=1_000,
                ends_utc_ns=2_000, source="timetable",
            )
        )  # fmt: skip
    return folder


@pytest.fixture
def files(tmp_path: Path) -> VideoFiles:
    return VideoFiles(tmp_path / "videos", VideoKeys(tmp_path / "keys"))


def test_without_its_directories_a_lesson_with_a_video_stays(data: Path, files: VideoFiles) -> None:
    with closing(open_school(data)) as school:
        add_video(school.videos, files, "maths", b"film" * 1_000)
    with pytest.raises(StoreError, match=r"set `directory` and `key_directory` of \[video\]"):
        run(data, None)
    with closing(open_school(data)) as school:
        assert school.lessons.get("maths") is not None
        assert len(school.videos.of_lesson("maths")) == 1
    run(data, files)
    assert files.names() == set() == set(files.keys.names())
    with closing(open_school(data)) as school:
        assert school.lessons.get("maths") is None


def test_a_lesson_s_clips_go_with_it_their_keys_first(data: Path, files: VideoFiles) -> None:
    with closing(open_school(data)) as school:
        by = Actor(name="Ada", utc_ns=1, person="ada")
        school.people.add("Ada", "ada", ["teacher"], by, person_id="ada")
        video = add_video(school.videos, files, "maths", b"film" * 1_000)
        wanted = WantedClip(
            title="a question", start_s=1, end_s=2, shows="both", viewers=["ada"], until_utc_ns=9
        )
        keeper = ClipKeeper(store=school.clips, files=files)
        clip = keeper.begin(video, wanted, by, wording="as agreed")
        files.sink(clip.file).close()
    assert files.names() == {video.file, clip.file}
    run(data, files)
    assert files.names() == set() == set(files.keys.names())
    with closing(open_school(data)) as school:
        assert school.clips.every() == []


def test_a_lesson_without_one_goes(data: Path) -> None:
    run(data, None)
    with closing(open_school(data)) as school:
        assert school.lessons.get("maths") is None


def test_a_video_that_is_converted_meanwhile_goes_with_both_its_files(
    data: Path, files: VideoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_school(data)) as school:
        video = add_video(school.videos, files, "maths", b"film" * 1_000, state="converting")
    made = new_name()

    def converted(name: str) -> None:
        """The dashboard has just written the conversion, and removes the original itself."""
        if name == video.file:
            files.begin(made)
            files.sink(made).close()
            with closing(open_school(data)) as school:
                school.videos.change(video, 1, state="ready", file=made)

    destroy = VideoFiles.destroy

    def destroyed(self: VideoFiles, name: str) -> bool:
        converted(name)
        return destroy(self, name)

    monkeypatch.setattr(VideoFiles, "destroy", destroyed)
    run(data, files)
    assert files.names() == set() == set(files.keys.names())
