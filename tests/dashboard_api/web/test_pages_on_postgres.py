"""The pages of a school whose data is in PostgreSQL, also while it is down."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx
import pytest

from dashboard_api.app import create_app
from dashboard_api.command import open_stores
from ingest.stores import open_period_store, open_score_writer
from school import open_school
from school.lessons.records import Lesson
from tests.postgres_server import PostgresServer
from tests.signed_in import BY, TEACHER, add_person, cookie

HOUR_NS = 3_600_000_000_000
MATHS = Lesson(
    id="maths", room="r1", teacher="Ada", title="Fractions", starts_utc_ns=HOUR_NS,
    ends_utc_ns=2 * HOUR_NS, source="timetable",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.postgres
def test_pages_are_served_and_say_when_the_database_is_down(tmp_path: Path) -> None:
    server = PostgresServer()
    try:
        server.make()
        server.start()
        url = server.url()
        open_period_store(tmp_path).close()
        open_score_writer(tmp_path).close()
        with closing(open_school(tmp_path, url)) as school:
            add_person(school.people, TEACHER, "teacher")
            school.sharing.tie_name("Ada", TEACHER, BY)
            school.lessons.put(MATHS)
            cookies = cookie(school.people, time.time_ns())
        app = create_app(partial(open_stores, tmp_path, 12 * HOUR_NS, url))

        async def visit() -> None:
            await app.state.store_thread.open()
            transport = httpx.ASGITransport(app)
            headers = {"origin": "http://127.0.0.1"}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1", headers=headers, cookies=cookies
            ) as client:
                assert "Fractions" in (await client.get("/")).text
                new = {"start_s": 60, "note": "Groups"}
                answer = await client.post("/api/lessons/maths/moments", json=new)
                assert answer.status_code in {200, 201}, answer.text
                assert "Groups" in (await client.get("/lessons/maths")).text
                server.stop("fast")
                down = await client.get("/lessons/maths")
                assert down.status_code == 503
                assert "Traceback" not in down.text
                server.start()
                assert "Groups" in (await client.get("/lessons/maths")).text
            await app.state.store_thread.close()

        asyncio.run(visit())
        server.stop()
    finally:
        server.remove()
