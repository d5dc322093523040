"""The copy of videos and keys: complete, private, and without what was deleted."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from contract.errors import UsageError
from school.video.copies import Copying, last_copy
from school.video.files import VideoFiles, new_name
from school.video.keys import VideoGoneError, VideoKeys


def add(files: VideoFiles, plain: bytes) -> str:
    name = new_name()
    files.begin(name)
    upload = files.upload(name, len(plain))
    upload.write(plain)
    upload.settle()
    upload.close()
    return name


def copying(files: VideoFiles, folder: Path) -> Copying:
    return Copying(
        files=files, videos=folder / "copy-videos", keys=folder / "copy-keys", say=lambda _: None
    )


def restored(folder: Path) -> VideoFiles:
    return VideoFiles(folder / "copy-videos", VideoKeys(folder / "copy-keys"))


def test_a_copy_can_be_read_as_it_is(files: VideoFiles, tmp_path: Path) -> None:
    names = [add(files, bytes([n]) * 1_000) for n in range(3)]
    assert copying(files, tmp_path).run(5) == 3
    there = restored(tmp_path)
    for n, name in enumerate(names):
        source = there.source(name)
        assert source.read_at(0, 2_000) == bytes([n]) * 1_000
        source.close()
    for path in (*there.directory.rglob("*"), *there.keys.directory.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    copy = last_copy(files)
    assert copy is not None
    assert (copy.made_utc_ns, copy.key) == (5, files.keys.key_file().id)


def test_what_was_deleted_is_in_no_later_copy(files: VideoFiles, tmp_path: Path) -> None:
    gone, stays = add(files, b"gone"), add(files, b"stays")
    copying(files, tmp_path).run(5)
    files.destroy(gone)
    copying(files, tmp_path).run(6)
    there = restored(tmp_path)
    assert there.names() == {stays} == set(there.keys.names())
    with pytest.raises(VideoGoneError):
        there.source(gone)


def test_a_copy_from_before_a_rotation_is_known_as_such(files: VideoFiles, tmp_path: Path) -> None:
    name = add(files, b"plain")
    copying(files, tmp_path).run(5)
    files.keys.rotate(6)
    copy = last_copy(files)
    assert copy is not None
    assert copy.key != files.keys.key_file().id
    copying(files, tmp_path).run(7)
    source = restored(tmp_path).source(name)
    assert source.read_at(0, 10) == b"plain"
    source.close()


def test_the_two_places_are_apart(files: VideoFiles, tmp_path: Path) -> None:
    for videos, keys in (
        (tmp_path / "one", tmp_path / "one"),
        (tmp_path / "one", tmp_path / "one" / "keys"),
        (files.directory / "copy", tmp_path / "two"),
        (tmp_path / "one", files.keys.directory),
    ):
        with pytest.raises(UsageError, match="two places apart"):
            Copying(files=files, videos=videos, keys=keys, say=lambda _: None).run(5)
    assert last_copy(files) is None
