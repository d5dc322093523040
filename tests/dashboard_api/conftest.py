"""The pages on stores in memory, with the sample lesson in them."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from dashboard_api.web.store_thread import Stores
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from school.lessons.memory import MemoryLessonStore

START_NS = 1_763_460_300 * SECOND_NS  # Tuesday, 18 November 2025, 11:05 in Berlin


def _sample_module() -> object:
    """tests/browser/sample_lesson.py; the folder is not a package."""
    if "sample_lesson" not in sys.modules:
        path = Path(__file__).parents[1] / "browser" / "sample_lesson.py"
        spec = importlib.util.spec_from_file_location("sample_lesson", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["sample_lesson"] = module
        spec.loader.exec_module(module)
    return sys.modules["sample_lesson"]


@pytest.fixture(scope="session")
def sample_lesson():
    return _sample_module()


@pytest.fixture
def stores() -> Stores:
    return Stores(
        periods=MemoryPeriodStore(), scores=MemoryScoreStore(), lessons=MemoryLessonStore()
    )


@pytest.fixture
def clock() -> ManualClock:
    """One hour after the sample lesson started."""
    return ManualClock(now_ns=0, utc_at_boot_ns=START_NS + 3600 * SECOND_NS)


class Pages:
    """A client of the application, in this process and without a port."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000"
        )

    def __enter__(self) -> Self:
        self._runner.run(self.app.state.store_thread.open())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._client.aclose())
        self._runner.run(self.app.state.store_thread.close())
        self._runner.close()

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, path, **given))

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.request("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.request("POST", path, **given)


@pytest.fixture
def client(stores, clock) -> Iterator[Pages]:
    app = create_app(lambda: stores, clock=clock, zone=ZoneInfo("Europe/Berlin"))
    with Pages(app) as pages:
        yield pages


@pytest.fixture
def filled(stores, sample_lesson) -> SimpleNamespace:
    """The stores with one lesson that is over."""
    lesson = sample_lesson.write(
        stores.periods, stores.scores, stores.lessons, sample_lesson.Sample(start_utc_ns=START_NS)
    )
    sample_lesson.add_moments(stores.lessons, lesson.id)
    return SimpleNamespace(lesson=lesson, stores=stores, start_ns=START_NS)
