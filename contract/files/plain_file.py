"""Reads a file that somebody else may have made, so that nothing in its place can hang the reader.

A FIFO, a socket, a device or a directory is refused before it is opened, and so is a symbolic
link unless the caller follows links. No more bytes are read than the caller allows.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from contract.errors import UnfitFileError

__all__ = ["open_plain_file", "read_plain_file"]

_KINDS: Final = {
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


def open_plain_file(path: Path, *, follow_links: bool = False) -> int:
    """A descriptor of a regular file, opened for reading; the caller closes it.

    Raises UnfitFileError for anything else, and OSError as `os.open` does.
    """
    # Opening a device or a socket can have effects, so check the path first. Check the descriptor
    # too, because the path may be something else by then.
    _check(path, path.stat(follow_symlinks=follow_links))
    with ExitStack() as unless_fit:
        handle = os.open(path, _FLAGS | (0 if follow_links else os.O_NOFOLLOW))
        unless_fit.callback(os.close, handle)
        _check(path, os.fstat(handle))
        unless_fit.pop_all()
    return handle


def read_plain_file(path: Path, *, max_bytes: int, follow_links: bool = False) -> bytes:
    """The content of a regular file of at most `max_bytes`.

    Raises UnfitFileError if it is larger or not a regular file, and OSError as `os.open` does.
    """
    with open(open_plain_file(path, follow_links=follow_links), "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise UnfitFileError(path, f"it is larger than {max_bytes} bytes")
    return content


def _check(path: Path, found: os.stat_result) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        raise UnfitFileError(path, f"it is {_KINDS.get(kind, 'no regular file')}")
