"""Chooses the port of the pages, and starts the dashboard on it.

Between the choice and the dashboard's start another program may take the port. Then the dashboard
reports it and exits, and another port is chosen. An answer on the port may come from another
program, so its content is checked.
"""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Callable
from typing import Final

from contract.errors import UsageError
from roomtone.demo.broker import free_port
from roomtone.demo.programs import ProgramError, Programs

__all__ = ["USUAL_PORT", "choose_port", "fetch", "is_taken", "serve_pages"]

USUAL_PORT: Final = 8000
_MAX_TRIES: Final = 5
_READY_S: Final = 60.0
_HTTP_S: Final = 10.0


def choose_port(wanted: int | None, report: Callable[[str], None]) -> int:
    """The requested port, or 8000, or another if 8000 is taken.

    Raises UsageError if the requested port can't be used.
    """
    port = wanted or USUAL_PORT
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if wanted is not None:
                raise UsageError(
                    f"--port: {port} can't be used ({error.strerror}); name another."
                ) from error
            other = free_port()
            report(f"port       {port} is taken; the pages are on {other}")
            return other
    return port


def is_taken(port: int) -> bool:
    """Whether a program listens on this port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def fetch(address: str, cookie: str = "") -> bytes:
    """Fetch a page as a browser does; raises ProgramError if it is not served."""
    request = urllib.request.Request(address, headers={"Cookie": cookie})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_HTTP_S) as answer:  # noqa: S310
            body: bytes = answer.read()
            return body
    except OSError as error:
        raise ProgramError(f"{address} was not served: {error}.") from error


def serve_pages(
    programs: Programs,
    *arguments: str,
    lesson: str,
    cookie: str = "",
    choose: Callable[[], int],
    report: Callable[[str], None],
) -> int:
    """Start the dashboard with these arguments and wait until it answers; returns its port.

    The list of who is signed in by `cookie` contains `lesson`, unlike any other program's page. Raises ProgramError if it does not
    start, and what `choose` raises.
    """

    def is_ours() -> bool:
        try:
            return lesson.encode() in fetch(f"http://127.0.0.1:{port}/", cookie)
        except ProgramError:
            return False

    left = _MAX_TRIES
    while True:
        port, left = choose(), left - 1
        dashboard = programs.start_ours("dashboard", *arguments, "--port", str(port))
        try:
            programs.wait_until(is_ours, what="an answer from the dashboard", timeout_s=_READY_S)
        except ProgramError:
            if dashboard.is_running or not left or not is_taken(port):
                raise
            programs.stop("dashboard")
            report(f"port       {port} has been taken by now; choosing another")
        else:
            return port
