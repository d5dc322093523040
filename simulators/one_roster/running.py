"""`roomtone simulate --oneroster`: the server until Ctrl-C."""

from __future__ import annotations

import signal
import threading
from typing import Final

from contract.errors import UsageError
from simulators.one_roster.district import district
from simulators.one_roster.server import OneRosterServer

__all__ = ["serve"]

_HIGHEST: Final = 65_535


def serve(port: int, seed: int, stop: threading.Event | None = None) -> None:
    """Serve a made-up district, and print how to read it."""
    if not 0 <= port <= _HIGHEST:
        raise UsageError(f"--oneroster is {port}, expected a port from 0 to {_HIGHEST}.")
    ended = threading.Event() if stop is None else stop
    before = {
        number: signal.signal(number, lambda _number, _frame: ended.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        try:
            server = OneRosterServer(district(seed), port=port)
        except OSError as error:
            raise UsageError(f"Port {port} is taken ({error.strerror}); name another.") from error
        with server:
            print(f"OneRoster 1.1: {server.url('1.1')}")
            print(f"OneRoster 1.2: {server.url('1.2')}")
            print(f"tokens: {server.token_url}, client {server.client_id}, secret {server.secret}")
            print("Everybody in it is made up. Ctrl-C ends it.", flush=True)
            ended.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
