"""The replicating process on a thread of a test, and purges that reach it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contract.clock import SystemClock
from contract.errors import StoreError
from ingest.purge.requests import PurgeFolder, PurgeRequest
from ingest.replicating.service import Replicator
from ingest.settings import ServerSettings
from tests.ingest.school import LENGTH, NODE, School

__all__ = ["PATIENCE_S", "a_lesson", "records", "request", "running", "until"]

PATIENCE_S = 60.0


def a_lesson(data_dir: Path) -> Path:
    """A data directory with a lesson, whose programs do not run."""
    school = School(directory=data_dir)
    school.live(range(LENGTH))
    school.keep(NODE.health(sampled=5))
    school.close()
    return data_dir


@contextmanager
def running(settings: ServerSettings) -> Iterator[Replicator]:
    replicator, stop = Replicator(settings=settings, clock=SystemClock()), threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            replicator.run(stop)
        except StoreError as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield replicator
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        assert not failed


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds that another thread brings about."""
    given_up = threading.Event()
    timer = threading.Timer(PATIENCE_S, given_up.set)
    timer.start()
    try:
        while not holds():
            assert not given_up.wait(0.1)
    finally:
        timer.cancel()


def request(data: Path, **other: object) -> PurgeRequest:
    """Ask for the lesson's end, or for what else is named."""
    asked = PurgeRequest.model_validate(
        {"id": "a" * 16, "asked_utc_ns": 1, "room": "r1", "lesson": "lesson-1",
         "from_utc_ns": 0, "to_utc_ns": SystemClock().utc_ns(), "lessons": ["lesson-1"],
         "scored": ["lesson-1"], **other}
    )  # fmt: skip
    PurgeFolder(data).ask(asked)
    return asked


def records(data: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (data / "purge-log.jsonl").read_text().splitlines()]
