"""Reports a program's condition to systemd: ready, a sign of life while its main loop runs, how it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from contract.service_manager import ServiceManager
from ingest.monitoring.condition import Condition

__all__ = ["report", "service_reports"]

_EACH_S: Final = 1.0
_ELSEWHERE: Final = frozenset({"link"})
"""What another service brings. A program that waits for the broker does its work; it says so."""


@contextmanager
def service_reports(manager: ServiceManager, condition: Condition) -> Iterator[None]:
    """Report while the block runs, from a thread of its own; without a manager there is none."""
    if not manager.is_listening:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(
        target=_run, args=(manager, condition, stop), name="service", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        manager.stopping()


def report(manager: ServiceManager, condition: Condition) -> None:
    """Report the condition as it is now.

    The thread that reports is not the one that works: a loop that has not run for `stall_s` gives no
    sign of life, and after `WatchdogSec=` more systemd restarts the program.
    """
    if condition.has_turned and not set(condition.missing) - _ELSEWHERE:
        manager.ready()
    if condition.is_turning:
        manager.alive()
    manager.status("; ".join(condition.reasons) or "everything is there, and it works")


def _run(manager: ServiceManager, condition: Condition, stop: threading.Event) -> None:
    while True:
        report(manager, condition)
        if stop.wait(_EACH_S):
            return
