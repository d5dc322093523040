"""Lessons' videos for tests, without an upload."""

from __future__ import annotations

from pathlib import Path

from school.audit.actor import Actor
from school.video.files import VideoFiles, new_name
from school.video.keys import VideoKeys
from school.video.records import Container, State, Video
from school.video.store import VideoStore

BY = Actor(name="a test", utc_ns=1)


def add_video(
    store: VideoStore,
    files: VideoFiles,
    lesson: str,
    plain: bytes,
    *,
    state: State = "ready",
    container: Container = "webm",
    utc_ns: int = 1,
    called: str = "",
) -> Video:
    """Seal a video, and give it to a lesson; `called` is its id."""
    name = new_name()
    files.prepare(utc_ns)
    files.begin(name)
    upload = files.upload(name, len(plain))
    upload.write(plain)
    upload.settle()
    upload.close()
    video = Video(
        id=called or new_name(), lesson=lesson, state=state, file=name, size=len(plain), container=container,
        duration_s=80.0, added_by="", created_utc_ns=utc_ns, changed_utc_ns=utc_ns,
    )  # fmt: skip
    assert store.begin(video, BY)
    return video


def remove_videos(store: VideoStore, files: VideoFiles, lesson: str) -> None:
    """Remove all videos of a lesson."""
    for video in store.of_lesson(lesson):
        for name in video.files:
            files.destroy(name)
        store.remove(video, BY, "by_hand")


def video_settings(folder: Path) -> str:
    """The table `[video]` of a server.toml, with a key file."""
    keys = folder / "keys"
    VideoKeys(keys).prepare(1)
    return f'[video]\ndirectory = "{folder / "videos"}"\nkey_directory = "{keys}"\n'
