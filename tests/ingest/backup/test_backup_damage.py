"""A backup that is cut or damaged anywhere, and disks that are full: a sentence, and no half."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.clock import SystemClock
from contract.errors import RoomtoneError, StoreError, UsageError
from ingest.backup.copy import MANIFEST, Backup
from ingest.backup.restore import Restore
from tests.ingest.purge.test_command import School


def silent(_: str) -> None:
    pass


def restored(source: Path, target: Path) -> tuple[dict[str, str], str, list[str]]:
    """The hash of each file that came back, or the sentence that said why none did, and the words."""
    said: list[str] = []
    restore = Restore(
        source=source, data_dir=target, purges=None, clock=SystemClock(), say=said.append
    )
    try:
        restore.run()
    except RoomtoneError as error:
        assert not target.exists()
        assert not target.with_name(f"{target.name}.partial").exists()
        return {}, str(error), said
    found = {
        path.relative_to(target).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in target.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal", "-writer"))
    }
    shutil.rmtree(target)
    return found, "", said


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    school = School(folder)
    school.purge("--seat", "other-room:4", "--yes")
    target = folder / "backup.tar"
    Backup(data_dir=school.data, target=target, clock=SystemClock(), say=silent).run()
    return target


@pytest.fixture(scope="module")
def whole(packed: Path) -> dict[str, str]:
    found, _, said = restored(packed, packed.with_name("whole"))
    assert "main.db" in found
    assert not any("cut off" in line for line in said)
    return found


@pytest.fixture
def unpacked(packed: Path, tmp_path: Path) -> Path:
    """The archive as a directory; Debian 12's Python has no filter for `extractall` yet."""
    target = tmp_path / "backup"
    with tarfile.open(packed) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                path = target / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
    return target


def places(packed: Path) -> list[tuple[int, int]]:
    """Where each member's header begins and where its data ends."""
    with tarfile.open(packed) as tar:
        return [(member.offset, member.offset_data + member.size) for member in tar]


@st.composite
def offsets(draw: st.DrawFn, packed: Path) -> int:
    """Any offset of the archive, those around headers and ends of files more often."""
    size = packed.stat().st_size
    begin, end = draw(st.sampled_from(places(packed)))
    near = draw(st.sampled_from((begin, begin + 512, end)))
    chosen = draw(st.one_of(st.integers(0, size - 1), st.integers(near - 3, near + 520)))
    return min(size - 1, max(0, chosen))


@pytest.mark.slow
@settings(
    max_examples=120, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(data=st.data())
def test_a_cut_at_any_place_is_reported(
    packed: Path, whole: dict[str, str], tmp_path: Path, data: st.DataObject
) -> None:
    at = data.draw(offsets(packed))
    source = tmp_path / "cut.tar"
    source.write_bytes(packed.read_bytes()[:at])
    found, sentence, said = restored(source, tmp_path / "data")
    if found:  # all that is missing is the padding at the end
        assert found.keys() == whole.keys()
        assert at >= max(end for _, end in places(packed))
        assert "is cut off" in said[-1] or at % tarfile.RECORDSIZE == 0
    else:
        assert str(source) in sentence
        assert "\n" not in sentence


@pytest.mark.slow
@settings(
    max_examples=120, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(data=st.data())
def test_flipped_bytes_are_reported_or_change_nothing(
    packed: Path, whole: dict[str, str], tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(packed.read_bytes())
    for at in data.draw(st.lists(offsets(packed), min_size=1, max_size=3, unique=True)):
        content[at] ^= data.draw(st.integers(1, 255))
    source = tmp_path / "flipped.tar"
    source.write_bytes(content)
    found, sentence, _ = restored(source, tmp_path / "data")
    if found:
        assert found == whole
    else:
        assert str(source) in sentence
        assert "\n" not in sentence


@pytest.mark.parametrize("which", (MANIFEST, "main.db"))
@pytest.mark.parametrize("keep", (0, 0.5, 0.999))
def test_a_backup_directory_with_a_cut_file(
    unpacked: Path, tmp_path: Path, which: str, keep: float
) -> None:
    os.truncate(unpacked / which, int((unpacked / which).stat().st_size * keep))
    found, sentence, _ = restored(unpacked, tmp_path / "data")
    assert (found, which in sentence) == ({}, True)


def test_a_manifest_with_one_day_less_is_damaged(unpacked: Path, tmp_path: Path) -> None:
    """JSON takes the last of two equal keys, so one flipped digit could leave a day out."""
    manifest = unpacked / MANIFEST
    text = manifest.read_text(encoding="utf-8")
    assert '"days/seat-' in text
    manifest.write_text(text.replace('"days/seat-', '"days/room-'), encoding="utf-8")
    found, sentence, _ = restored(unpacked, tmp_path / "data")
    assert found == {}
    assert f"its {MANIFEST} was changed" in sentence
    manifest.write_text(text.replace('"main.db"', '"score.db"'), encoding="utf-8")
    assert "it has no main.db" in restored(unpacked, tmp_path / "data")[1]


def test_no_pipe_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "backup.tar")
    assert "is a pipe or a device" in restored(tmp_path / "backup.tar", tmp_path / "data")[1]
    assert "does not exist" in restored(tmp_path / "none.tar", tmp_path / "data")[1]


@contextmanager
def small_disk(folder: Path, size: float) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size:.0f}", "roomtone-test", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no tmpfs can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    ("name", "share"),
    (
        *(("backup", share) for share in (0.1, 0.5, 0.9)),
        *(("backup.tar", share) for share in (0.1, 0.9, 1.5)),
    ),
)
def test_a_full_disk_is_named_and_nothing_is_promised(
    packed: Path, tmp_path: Path, name: str, share: float
) -> None:
    school = School(tmp_path)
    with small_disk(tmp_path / "usb", share * packed.stat().st_size) as disk:
        backup = Backup(data_dir=school.data, target=disk / name, clock=SystemClock(), say=silent)
        with pytest.raises(StoreError) as caught:
            backup.run()
        sentence = str(caught.value)
        assert f"free space on its disk, which is mounted at {disk}." in sentence
        assert str(school.data) not in sentence
        assert "again" not in sentence
        assert list(disk.iterdir()) == []


@pytest.mark.parametrize("share", (0.1, 0.5, 0.9))
def test_restoring_onto_a_full_disk_names_it(packed: Path, tmp_path: Path, share: float) -> None:
    with small_disk(tmp_path / "usb", share * packed.stat().st_size) as disk:
        _, sentence, _ = restored(packed, disk / "data")
        assert f"free space on its disk, which is mounted at {disk}." in sentence
        assert "again" not in sentence
        assert list(disk.iterdir()) == []


def test_a_mount_point_can_not_be_restored_into(packed: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "data", 10 << 20) as disk:
        restore = Restore(
            source=packed, data_dir=disk, purges=None, clock=SystemClock(), say=silent
        )
        with pytest.raises(StoreError, match="data can't be written"):
            restore.run()
    with pytest.raises(UsageError, match="is not empty"):
        Restore(
            source=packed, data_dir=packed.parent, purges=None, clock=SystemClock(), say=silent
        ).run()
