"""Whatever lies where a file should be: reading it ends at once, with a sentence."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from contract.errors import StoreError, UnfitFileError
from contract.files.plain_file import read_plain_file


def test_a_regular_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    assert read_plain_file(path, max_bytes=5) == b"12345"
    with pytest.raises(UnfitFileError, match="larger than 4 bytes"):
        read_plain_file(path, max_bytes=4)
    with pytest.raises(FileNotFoundError):
        read_plain_file(tmp_path / "none", max_bytes=4)


def test_nothing_else_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(tmp_path)  # a socket's address has to be short
        listener.bind("socket")
    for name, words in (
        ("fifo", "a named pipe"),
        ("directory", "a directory"),
        ("link", "a symbolic link"),
        ("socket", "a socket"),
    ):
        with pytest.raises(StoreError, match=words):
            read_plain_file(tmp_path / name, max_bytes=10)
    with pytest.raises(UnfitFileError, match="a named pipe"):
        read_plain_file(tmp_path / "link", max_bytes=10, follow_links=True)
    with pytest.raises(UnfitFileError, match="a device"):
        read_plain_file(Path("/dev/zero"), max_bytes=10)


def test_a_link_is_followed_where_the_caller_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    assert read_plain_file(tmp_path / "link", max_bytes=10, follow_links=True) == b"x"
