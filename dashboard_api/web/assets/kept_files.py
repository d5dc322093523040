"""Files that go with the program, kept in memory: a page of fifty scripts reads and compresses none."""

from __future__ import annotations

import gzip
import mimetypes
from functools import cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

__all__ = ["KeptFile", "KeptFiles"]


class KeptFile:
    """An application that answers with one file, compressed for a client that accepts gzip."""

    def __init__(self, content: bytes, media_type: str) -> None:
        self._media_type = media_type
        self._plain = content
        # Without a time in it, a file has the same bytes after each start.
        self._compressed = gzip.compress(content, mtime=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(405)
        headers, content = {}, self._plain
        is_shorter = len(self._compressed) < len(self._plain)
        if is_shorter and "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            content = self._compressed
        await Response(content, media_type=self._media_type, headers=headers)(scope, receive, send)


class KeptFiles:
    """An application that answers with a folder's files, each read when it is first asked for.

    For addresses that change with the files: a file that changes is read after the next start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].removeprefix(scope["root_path"]).lstrip("/")
        path = _paths(self._folder).get(name)
        if path is None:
            raise HTTPException(404)
        await _kept(path)(scope, receive, send)


@cache
def _paths(folder: Path) -> dict[str, Path]:
    """The files by their names in an address; no other name reaches a file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in files}


@cache
def _kept(path: Path) -> KeptFile:
    media_type, _ = mimetypes.guess_type(path.name)
    return KeptFile(path.read_bytes(), media_type or "application/octet-stream")
