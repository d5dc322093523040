"""The pages on stores in memory, with the sample lesson in them."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from dashboard_api.web.store_thread import Stores
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from tests.signed_in import BY, COACH, add_person, cookie, open_test_school

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
def stores(tmp_path: Path) -> Iterator[Stores]:
    school = open_test_school(tmp_path / "school")
    yield Stores.of_school(school, periods=MemoryPeriodStore(), scores=MemoryScoreStore())
    school.close()


@pytest.fixture
def clock() -> ManualClock:
    """One hour after the sample lesson started."""
    return ManualClock(now_ns=0, utc_at_boot_ns=START_NS + 3600 * SECOND_NS)


T = TypeVar("T")


class Pages:
    """A browser in this process and without a port, in which a person is signed in."""

    def __init__(self, app: FastAPI, cookies: dict[str, str] | None = None) -> None:
        self.app = app
        self._runner = asyncio.Runner()
        self._client = self._new_client(cookies)

    def __enter__(self) -> Self:
        self._runner.run(self.app.state.store_thread.open())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._client.aclose())
        self._runner.run(self.app.state.store_thread.close())
        self._runner.close()

    @contextmanager
    def browser(self, cookies: dict[str, str] | None = None) -> Iterator[Self]:
        """Another browser on the same application: of someone else, or of nobody."""
        other = copy(self)
        other._client = self._new_client(cookies)
        yield other
        self._runner.run(other._client.aclose())

    def _new_client(self, cookies: dict[str, str] | None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://127.0.0.1:8000",
            cookies=cookies,
            headers={"Sec-Fetch-Site": "same-origin"},
        )

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, path, **given))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Something of the application itself, in its loop."""
        return self._runner.run(work)

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.request("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self.request("POST", path, **given)


@pytest.fixture
def client(stores, clock) -> Iterator[Pages]:
    app = create_app(lambda: stores, clock=clock, zone=ZoneInfo("Europe/Berlin"))
    with Pages(app, cookie(stores.people, clock.utc_ns())) as pages:
        yield pages


@pytest.fixture
def coach(client, filled, stores, clock) -> Iterator[Pages]:
    """The browser of a coach with whom the sample lesson is shared."""
    add_person(stores.people, COACH, "coach")
    now = clock.utc_ns()
    stores.sharing.share(filled.lesson.id, COACH, BY, until_utc_ns=now + 86_400 * SECOND_NS)
    with client.browser(cookie(stores.people, now, COACH)) as pages:
        yield pages


@pytest.fixture
def filled(stores, sample_lesson) -> SimpleNamespace:
    """The stores with one lesson that is over."""
    lesson = sample_lesson.write(
        stores.periods, stores.scores, stores.lessons, sample_lesson.Sample(start_utc_ns=START_NS)
    )
    sample_lesson.add_moments(stores.lessons, lesson.id)
    return SimpleNamespace(lesson=lesson, stores=stores, start_ns=START_NS)
