"""What the tests of the chain have in common: a broker and an ingest that run."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.clock import SystemClock
from contract.settings import BrokerSettings
from ingest.receiving.service import Ingest
from ingest.settings import ServerSettings
from ingest.stores import open_period_store
from roomtone.demo.broker import broker_command, free_port
from school import open_lesson_store


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[ServerSettings]:
    """A school whose broker and ingest run."""
    port = free_port()
    _, command = broker_command(python=sys.executable, port=port, folder=tmp_path)
    broker = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    school = ServerSettings(
        site="school", data_dir=tmp_path / "data", broker=BrokerSettings(port=port)
    )
    ingest = Ingest(
        settings=school, clock=SystemClock(), open_store=open_period_store,
        open_lessons=open_lesson_store,
    )  # fmt: skip
    stop = threading.Event()
    thread = threading.Thread(target=ingest.run, args=(stop,))
    thread.start()
    yield school
    stop.set()
    thread.join()
    broker.kill()
    broker.wait()
