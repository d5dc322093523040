"""The scoring process around it all: it waits for what is missing, and stops when asked to."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.errors import StoreError
from ingest.scoring.service import Scorer
from ingest.settings import ServerSettings
from ingest.stores.memory.scores import MemoryScoreStore
from tests.ingest.node import Node
from tests.ingest.school import VALUES, LevelModel, School


class Watched(MemoryScoreStore):
    """Says when something was written, and refuses once."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals = 1
        self.written = threading.Event()

    def commit(self, **words: object) -> None:  # type: ignore[override]
        if self.refusals:
            self.refusals -= 1
            raise StoreError("score.db: the disk is full.")
        super().commit(**words)  # type: ignore[arg-type]
        self.written.set()

    def close(self) -> None:
        """It is opened again."""


def test_it_waits_for_its_stores_and_stops_when_told(caplog: pytest.LogCaptureFixture) -> None:
    school = School()
    school.keep(Node(seats=tuple(range(1, 13)), run_boot_ns=0).batch(0, 10, values=VALUES[:10]))
    school.store.close = school.lessons.close = lambda: None  # type: ignore[method-assign]
    scores = Watched()
    missing = [StoreError("main.db: there is no such disk.")]

    def open_reader(_: Path) -> object:
        if missing:
            raise missing.pop()
        return school.store

    scorer = Scorer(
        settings=ServerSettings(site="school", score={"poll_ms": 1}),  # type: ignore[arg-type]
        model=LevelModel(),
        clock=ManualClock(),
        open_reader=open_reader,  # type: ignore[arg-type]
        open_scores=lambda _: scores,
        open_lessons=lambda _: school.lessons,
    )
    stop = threading.Event()
    thread = threading.Thread(target=scorer.run, args=(stop,))
    thread.start()
    try:
        assert scores.written.wait(60)
    finally:
        stop.set()
        thread.join()
    assert [epoch.first_seq for epoch in scores.epochs("lesson-1")] == [0, 5]
    assert "there is no such disk" in caplog.text
    assert "the disk is full" in caplog.text
