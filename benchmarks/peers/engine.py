"""The seam: what the comparison asks of a database, and how it is asked over HTTP."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

READY_S = 60.0
_LOOK_S = 0.2


class Engine(Protocol):
    """A database in a directory of its own, on a port of loopback.

    Times are whole UTC seconds; a span has its first second and not its last.
    """

    name: str
    write_url: str
    telegraf_output: str
    """The lines of Telegraf's configuration that write to it."""

    def command(self) -> list[str]:
        """What starts it."""

    def prepare(self) -> None:
        """Wait until it answers, and make what it needs before the first line is written."""

    def seconds(self, room: str, span: tuple[int, int]) -> list[int]:
        """The seconds of a room in which its first seat has a value, repeated if kept twice."""

    def settle(self) -> None:
        """Bring all to disk in its lasting form, and wait for that."""

    def at_rest(self) -> int:
        """Bytes on the disk that hold its data; what waits to be removed or used again is not counted."""

    def read_room(self, room: str, span: tuple[int, int]) -> int:
        """All values of a room over some minutes; returns how many."""

    def read_lesson(self, room: str, span: tuple[int, int], bucket_s: int) -> int:
        """Movement of each seat and level of the room, a mean for each bucket; how many."""

    def read_term(self, span: tuple[int, int]) -> dict[str, float]:
        """The mean probability of each lesson's room."""


def ask(url: str, /, **parameters: object) -> Any:
    """The JSON that a GET answers with."""
    return json.loads(get(url, **parameters))


def get(url: str, /, **parameters: object) -> bytes:
    """The bytes that a GET answers with."""
    with urlopen(f"{url}?{urlencode(parameters)}" if parameters else url, timeout=READY_S) as found:
        body: bytes = found.read()
    return body


def post(url: str, body: bytes = b"", **parameters: object) -> None:
    """Send a body; raises OSError unless it is taken."""
    address = f"{url}?{urlencode(parameters)}" if parameters else url
    with urlopen(Request(address, body, method="POST"), timeout=READY_S) as found:
        found.read()


def wait_for(is_so: Callable[[], bool], what: str, timeout_s: float = READY_S) -> None:
    """Ask until it is so; who does not answer is asked again."""
    until = time.monotonic() + timeout_s
    while True:
        try:
            if is_so():
                return
        except (URLError, HTTPError, ConnectionError, TimeoutError, http.client.HTTPException):
            pass
        if time.monotonic() > until:
            raise SystemExit(f"{what} took more than {timeout_s:g} s")
        time.sleep(_LOOK_S)


def allocated_bytes(folder: Path, *, without: str = "") -> int:
    """What the files take on the disk, as `du` counts it; a pattern leaves out folders by name."""
    return sum(
        path.stat().st_blocks * 512
        for path in folder.rglob("*")
        if path.is_file()
        and not any(fnmatch(part, without) for part in path.relative_to(folder).parts[:-1])
    )


def is_still(folder: Path) -> bool:
    """Whether nothing in it changes for a second."""

    def look() -> dict[Path, tuple[int, int]]:
        found = {}
        for path in folder.rglob("*"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            found[path] = status.st_size, status.st_mtime_ns
        return found

    before = look()
    time.sleep(1.0)
    return look() == before
