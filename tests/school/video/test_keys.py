"""Keys of videos: wrapped, destroyed, and rotated without a moment in which one is lost."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from contract.errors import StoreError
from school.video import key_files, keys
from school.video.files import VideoFiles, new_name
from school.video.key_files import KeyFile
from school.video.keys import VideoGoneError, VideoKeys


class KilledError(BaseException):
    """The program ends here."""


def test_a_key_is_kept_wrapped_and_private(files: VideoFiles) -> None:
    name = new_name()
    key = files.keys.make(name)
    assert files.keys.get(name) == key
    for path in (files.keys.directory, *files.keys.directory.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
        assert path.is_dir() or key not in path.read_bytes()
    assert stat.S_IMODE(files.directory.stat().st_mode) == 0o700


def test_without_its_key_a_video_is_gone(files: VideoFiles) -> None:
    name = new_name()
    files.begin(name)
    upload = files.upload(name, 10)
    upload.write(bytes(10))
    upload.settle()
    upload.close()
    sealed = files.path(name).read_bytes()
    assert files.destroy(name)
    assert not files.destroy(name)
    files.path(name).write_bytes(sealed)  # as an old copy of the videos would
    with pytest.raises(VideoGoneError, match="was deleted"):
        files.source(name)


def test_a_key_of_another_video_does_not_fit(files: VideoFiles) -> None:
    one, two = new_name(), new_name()
    files.keys.make(one)
    files.keys.make(two)
    text = files.keys.path(one).read_text()
    files.keys.path(two).write_text(text.replace(one, two))
    with pytest.raises(StoreError, match="damaged"):
        files.keys.get(two)


def test_rotating_keeps_every_key_and_forgets_the_old_key_file(files: VideoFiles) -> None:
    made = {name: files.keys.make(name) for name in (new_name() for _ in range(5))}
    old = files.keys.key_file()
    assert files.keys.rotate(7) == 5
    assert files.keys.key_file().id != old.id
    assert files.keys.key_file().made_utc_ns == 7
    assert {name: files.keys.get(name) for name in made} == made
    kept = b"".join(p.read_bytes() for p in files.keys.directory.rglob("*") if p.is_file())
    assert old.key.encode() not in kept


@pytest.mark.parametrize("steps", range(12))
def test_a_rotation_that_is_killed_loses_no_key_and_is_finished(
    files: VideoFiles, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """Killed before each of its writes, and before each of its renames."""
    made = {name: files.keys.make(name) for name in (new_name() for _ in range(3))}
    before = files.keys.key_file()
    left = steps

    def count() -> None:
        nonlocal left
        if left == 0:
            raise KilledError
        left -= 1

    replace, forget = Path.replace, key_files.forget_file

    def counted_replace(path: Path, target: Path) -> Path:
        count()
        return replace(path, target)

    def counted_forget(path: Path) -> bool:
        count()
        return forget(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", counted_replace)
        patched.setattr(keys, "forget_file", counted_forget)
        try:
            files.keys.rotate(5)
        except KilledError:
            pass
        else:
            assert steps >= 8
    again = VideoKeys(files.keys.directory)  # the programs start again
    assert {name: again.get(name) for name in made} == made
    again.prepare(9)
    assert {name: again.get(name) for name in made} == made
    assert sorted(each.name for each in again.directory.iterdir()) == ["key", "wrapped"]
    if again.key_file().id != before.id:
        kept = b"".join(p.read_bytes() for p in again.directory.rglob("*") if p.is_file())
        assert before.key.encode() not in kept


def test_a_missing_key_file_is_never_replaced_while_there_are_videos(files: VideoFiles) -> None:
    files.keys.make(new_name())
    (files.keys.directory / "key").unlink()
    with pytest.raises(StoreError, match="no key file"):
        files.prepare(2)
    with pytest.raises(StoreError, match="no key file"):
        files.keys.make(new_name())


@pytest.mark.parametrize("is_empty", (True, False))
def test_nothing_is_deleted_while_the_disk_of_the_keys_is_not_there(
    files: VideoFiles, *, is_empty: bool
) -> None:
    name = new_name()
    files.begin(name)
    files.upload(name, 10).close()
    away = files.keys.directory.rename(files.keys.directory.with_name("away"))
    if is_empty:
        files.keys.directory.mkdir()
    with pytest.raises(StoreError, match="key"):
        files.destroy(name)
    assert files.names() == {name}
    if is_empty:
        with pytest.raises(StoreError, match="no key file"):
            files.keys.get(name)
        files.keys.directory.rmdir()
    away.rename(files.keys.directory)
    assert files.destroy(name)
    assert files.names() == set()


def test_a_key_is_destroyed_though_the_key_file_is_lost(files: VideoFiles) -> None:
    name = new_name()
    files.keys.make(name)
    (files.keys.directory / "key").unlink()
    assert files.keys.destroy(name)
    assert files.keys.names() == []


def test_a_key_file_of_another_copy_is_named(files: VideoFiles) -> None:
    name = new_name()
    files.keys.make(name)
    KeyFile.new(3).write(files.keys.directory / "key")
    with pytest.raises(StoreError, match="another key file"):
        files.keys.get(name)


def test_a_damaged_key_file_is_named(files: VideoFiles) -> None:
    (files.keys.directory / "key").write_text("{}")
    with pytest.raises(StoreError, match="damaged, or of a later version"):
        files.keys.key_file()
