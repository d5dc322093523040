"""Claims of docs/privacy.md that no other test holds."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from school.people.passwords import hash_password
from school.people.store import SESSION_NS
from tests.dashboard_api.conftest import START_NS, Pages
from tests.full_school import columns_with
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie

PASSWORD = "tuba glacier mitten 94"
YEAR_NS = 365 * 86_400 * SECOND_NS


def test_no_network_address_is_stored(
    stores, clock, filled, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stores.people.add("Bo", "bo@school.example", ["teacher"], BY, person_id="bo")
    stores.people.set_password("bo", hash_password(PASSWORD), BY)
    with Pages(create_app(lambda: stores, clock=clock)) as pages:
        pages._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(pages.app, client=("127.0.0.77", 40_123)),
            base_url="http://127.0.0.1:8000", headers={"Sec-Fetch-Site": "same-origin"},
        )  # fmt: skip
        for password, status in (("wrong", 403), (PASSWORD, 303)):
            form = {"name": "bo@school.example", "password": password}
            assert pages.post("/sign-in", data=form).status_code == status
        assert pages.get("/account").status_code == 200
        assert pages.post("/account/export").status_code == 200
        assert stores.people.sessions("bo", clock.utc_ns())
        found = [
            path
            for path in tmp_path.rglob("*")
            if path.is_file() and b"127.0.0.77" in path.read_bytes()
        ]
    assert found == []
    ours = "".join(record.getMessage() for record in caplog.records if record.name != "httpx")
    for word in ("127.0.0.77", "school.example", "Bo"):
        assert word not in ours


def test_a_session_that_is_over_is_removed(stores, clock, tmp_path: Path) -> None:
    """The browser's name is all that is kept of it, and a week is the longest."""
    now = clock.utc_ns()
    stores.people.start_session(TEACHER, "Browser of last week", now)
    assert ("sessions", "browser") in columns_with(tmp_path / "school", "Browser of last week")
    stores.people.start_session(TEACHER, "Browser of today", now + SESSION_NS)
    assert columns_with(tmp_path / "school", "Browser of last week") == set()


def test_time_passing_shares_nothing(stores, filled) -> None:
    add_person(stores.people, COACH, "coach")
    add_person(stores.people, "colleague", "teacher")
    for years in (0, 1, 10):
        clock = ManualClock(now_ns=0, utc_at_boot_ns=START_NS + 3600 * SECOND_NS + years * YEAR_NS)
        for person in (COACH, "colleague"):
            app = create_app(lambda: stores, clock=clock)
            runner = Pages(app, cookie(stores.people, clock.utc_ns(), person))
            runner._runner.run(app.state.store_thread.open())
            assert runner.get("/lessons/sample").status_code == 404
            assert runner.get("/api/lessons").json() == []
            runner._runner.run(runner._client.aclose())
            runner._runner.close()


@pytest.mark.parametrize(
    ("path", "words"),
    (
        ("/lessons/sample", "looked at lesson sample"),
        ("/lessons/sample/table", "looked at lesson sample"),
        ("/api/lessons/sample/timeline", "looked at lesson sample"),
        ("/lessons/sample/video", "looked at the video of lesson sample"),
    ),
)
def test_a_look_at_a_lesson_is_recorded(client, coach, stores, path: str, words: str) -> None:
    coach.get(path)
    newest = stores.audit.of_lesson("sample", 1)[0]
    assert newest.sentence == f"{COACH.capitalize()} {words}"
    assert newest.who != TEACHER
