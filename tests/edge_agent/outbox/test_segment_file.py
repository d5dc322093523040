"""A segment while it is written: whole pages, room ahead, and nothing left of what failed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from edge_agent.outbox.format import PAGE
from edge_agent.outbox.segment_file import SegmentFile

TOP = b"top of the file"


def create(path: Path, **disk: object) -> SegmentFile:
    how = {"write": os.write, "sync": os.fdatasync} | disk
    return SegmentFile.create(path, TOP, **how)  # type: ignore[arg-type]


def test_no_page_is_written_twice_and_an_append_does_not_make_the_file_longer(
    tmp_path: Path,
) -> None:
    path = tmp_path / "segment"
    file = create(path)
    size = path.stat().st_size
    places = [file.append(b"x" * length) for length in (100, 5_000, 3_000, 1)]
    assert places == [len(TOP), PAGE, 3 * PAGE, 4 * PAGE]
    assert path.stat().st_size == size == file.on_disk
    assert path.stat().st_blocks * 512 >= size  # the room is taken, not only promised
    data = path.read_bytes()
    assert data[PAGE : PAGE + 5_000] == b"x" * 5_000
    assert not data[PAGE + 5_000 : 3 * PAGE].strip(b"\0")
    file.close()
    assert path.stat().st_size == file.on_disk == file.used == 4 * PAGE + 1


def test_more_room_is_taken_when_the_first_is_used_up(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    file = create(path)
    size = file.on_disk
    file.append(bytes(size))
    assert path.stat().st_size == file.on_disk == 2 * size
    file.close()


def test_a_failed_append_leaves_nothing_and_the_next_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "segment"
    fails = [False]

    def write(fd: int, data: bytes) -> int:
        if fails[0] and len(data) < 1_000:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return os.write(fd, data[:1_000])

    file = create(path, write=write)
    file.append(b"a" * 1_500)
    fails[0] = True
    with pytest.raises(OSError, match="Input/output error"):
        file.append(b"b" * 2_500)
    assert path.stat().st_size == file.on_disk == file.used
    assert b"b" not in path.read_bytes()
    fails[0] = False
    assert file.append(b"c" * 10) == PAGE
    file.close()


def test_on_a_disk_that_is_nearly_full_just_the_room_that_is_needed_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = os.posix_fallocate, [3 * PAGE]

    def posix_fallocate(fd: int, offset: int, length: int) -> None:
        if length > left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= length
        real(fd, offset, length)

    monkeypatch.setattr(os, "posix_fallocate", posix_fallocate)
    file = create(tmp_path / "segment")
    file.append(b"x" * 5_000)
    with pytest.raises(OSError, match="No space left"):
        file.append(b"x" * 5_000)
    file.close()


def test_a_file_system_that_reserves_nothing_is_written_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def posix_fallocate(*_: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "posix_fallocate", posix_fallocate)
    path = tmp_path / "segment"
    file = create(path)
    assert [file.append(b"x" * 10), file.append(b"y" * 10)] == [len(TOP), PAGE]
    assert path.stat().st_size == file.on_disk == PAGE + 10
    file.close()
