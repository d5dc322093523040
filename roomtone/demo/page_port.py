"""The port of the pages: chosen, and given to the dashboard before a stranger takes it.

Between the choice and the dashboard's start another program may take the port. Then the dashboard
says so and ends, and another port is chosen. That somebody answers there proves nothing, so the
answer is looked at.
"""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Final

from contract.errors import UsageError
from roomtone.demo.broker import free_port
from roomtone.demo.programs import ProgramError, Programs, wait_until

__all__ = ["USUAL_PORT", "choose_port", "fetch", "is_taken", "serve_pages"]

USUAL_PORT: Final = 8000
_MOST_TRIES: Final = 5
_READY_S: Final = 60.0
_HTTP_S: Final = 10.0


def choose_port(wanted: int | None, say: Callable[[str], None]) -> int:
    """The port that was asked for, 8000, or another if that is taken.

    Raises UsageError when the one that was asked for can't be had.
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
            say(f"port       {port} is taken; the pages are on {other}")
            return other
    return port


def is_taken(port: int) -> bool:
    """Whether somebody listens on this port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def fetch(address: str) -> bytes:
    """A page, as a browser gets it; raises ProgramError when it is not served."""
    try:
        with urllib.request.urlopen(address, timeout=_HTTP_S) as answer:  # noqa: S310
            body: bytes = answer.read()
            return body
    except (OSError, urllib.error.HTTPError) as error:
        raise ProgramError(f"{address} was not served: {error}.") from error


def serve_pages(
    programs: Programs,
    *arguments: str,
    lesson: str,
    choose: Callable[[], int],
    say: Callable[[str], None],
) -> int:
    """Start the dashboard with these arguments and wait until it answers; returns its port.

    Its list names `lesson`, which no other program's page does. Raises ProgramError when it does
    not start, and what `choose` raises.
    """

    def is_ours() -> bool:
        try:
            return lesson.encode() in fetch(f"http://127.0.0.1:{port}/")
        except ProgramError:
            return False

    left = _MOST_TRIES
    while True:
        port, left = choose(), left - 1
        dashboard = programs.start_ours("dashboard", *arguments, "--port", str(port))
        try:
            wait_until(
                is_ours, programs=programs, what="an answer from the dashboard", timeout_s=_READY_S
            )
        except ProgramError:
            has_ended = dashboard.process.poll() is not None
            if not (left and has_ended and is_taken(port)):
                raise
            programs.stop("dashboard")
            say(f"port       {port} was taken meanwhile; choosing another")
        else:
            return port
