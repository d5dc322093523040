"""What `roomtone doctor` says about videos."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.finding import Finding
from ingest.doctor.video import video_findings
from ingest.settings import ServerSettings
from school.video.copies import Copying
from school.video.files import VideoFiles, new_name
from school.video.settings import VideoSettings


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    video = VideoSettings(directory=tmp_path / "videos", key_directory=tmp_path / "keys")
    return ServerSettings(site="school", data_dir=tmp_path / "data", video=video)


@pytest.fixture
def files(settings: ServerSettings) -> VideoFiles:
    made = VideoFiles.of(settings.video)
    assert made is not None
    made.prepare(1)
    return made


def about(settings: ServerSettings) -> list[Finding]:
    return [each for each in video_findings(settings) if each.about == "videos"]


def only(settings: ServerSettings) -> Finding:
    (finding,) = about(settings)
    return finding


def copy(files: VideoFiles, tmp_path: Path, utc_ns: int = 1 << 61) -> None:
    Copying(files=files, videos=tmp_path / "c" / "v", keys=tmp_path / "c2", say=lambda _: None).run(
        utc_ns
    )


def test_a_server_without_videos_says_nothing(tmp_path: Path) -> None:
    assert list(video_findings(ServerSettings(site="school", data_dir=tmp_path))) == []


def test_missing_directories_are_named(settings: ServerSettings) -> None:
    found = only(settings)
    assert found.state == "wrong"
    assert "is no directory" in found.said


def test_a_key_file_without_a_copy_is_named(
    settings: ServerSettings, files: VideoFiles, tmp_path: Path
) -> None:
    assert (only(settings).state, "no copy" in only(settings).said) == ("note", True)
    copy(files, tmp_path)
    assert only(settings).state == "fine"
    files.keys.rotate(2)
    assert "before the key file was changed" in only(settings).said
    copy(files, tmp_path, utc_ns=5)
    files.keys.make(new_name())
    assert "1 came after it" in only(settings).said


def test_what_others_may_read_is_wrong(settings: ServerSettings, files: VideoFiles) -> None:
    (files.keys.directory / "key").chmod(0o644)
    files.keys.directory.chmod(0o755)
    wrong = [each for each in about(settings) if each.state == "wrong"]
    assert len(wrong) == 2
    assert f"chmod 700 {files.keys.directory}" in (wrong[0].advice or "")
    assert f"chmod 600 {files.keys.directory}/key" in (wrong[1].advice or "")


def test_a_lost_key_file_is_wrong(settings: ServerSettings, files: VideoFiles) -> None:
    files.keys.make(new_name())
    (files.keys.directory / "key").unlink()
    found = only(settings)
    assert found.state == "wrong"
    assert "There is no key file" in found.said


def test_too_little_room_is_a_note(
    settings: ServerSettings, files: VideoFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VideoFiles, "free_bytes", lambda _: 5_000_000_000)
    room = next(each for each in video_findings(settings) if each.about == "room for videos")
    assert (room.state, room.said[:16]) == ("note", "5.0 GB are free ")
