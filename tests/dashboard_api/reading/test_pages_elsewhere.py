"""The pages of a dashboard that has no data directory of ingest's, over a real database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from contract.clock import ManualClock
from dashboard_api.app import create_app
from dashboard_api.command import _opener
from dashboard_api.reading.opening import open_readers
from dashboard_api.reading.settings import ReadsSettings
from dashboard_api.settings import DashboardSettings, checked_dashboard
from dashboard_api.web.store_thread import Stores
from ingest.settings import ServerSettings
from ingest.stores.memory.periods import MemoryPeriodStore
from roomtone.demo.broker import free_port
from school import open_school
from tests.conformance.lesson_lines import lesson_lines, write
from tests.dashboard_api.conftest import Pages
from tests.engines import VictoriaServer
from tests.signed_in import BY, TEACHER, cookie

BERLIN = ZoneInfo("Europe/Berlin")


def elsewhere(stores: Stores, url: str, clock: ManualClock) -> Stores:
    reads = ReadsSettings(kind="victoriametrics", url=url)
    sensed, scores = open_readers(
        reads, SecretStr(""), stores.lesson, sites=["school"], score_days=9_000, clock=clock
    )
    return replace(stores, periods=MemoryPeriodStore(), scores=scores, elsewhere=sensed)


@pytest.fixture
def replica(filled: SimpleNamespace, stores: Stores, victoria_server: VictoriaServer) -> str:
    """The sample lesson in a database, and its address."""
    write(victoria_server.address, lesson_lines(stores.periods, stores.scores, filled.lesson))
    victoria_server.settle()
    return victoria_server.url


def serving(stores: Stores, clock: ManualClock, tmp_path, url: str) -> Pages:
    reads = ReadsSettings(kind="victoriametrics", url=url)
    app = create_app(
        lambda: elsewhere(stores, url, clock), clock=clock, zone=BERLIN, data_dir=tmp_path,
        settings=DashboardSettings(reads=reads),
    )  # fmt: skip
    return Pages(app, cookie(stores.people, clock.utc_ns()))


@pytest.fixture
def there(stores: Stores, clock: ManualClock, replica: str, tmp_path) -> Iterator[Pages]:
    with serving(stores, clock, tmp_path, replica) as pages:
        yield pages


@pytest.mark.victoriametrics
def test_a_lessons_pages_are_the_same_as_beside_the_store(
    client: Pages, there: Pages, filled: SimpleNamespace
) -> None:
    lesson = filled.lesson.id
    for address in (f"/lessons/{lesson}/table", f"/api/lessons/{lesson}/moments"):
        here, other = client.get(address), there.get(address)
        assert here.status_code == other.status_code == 200, other.text
        assert other.text == here.text
    assert there.get(f"/lessons/{lesson}").status_code == 200
    here, other = (each.get(f"/api/lessons/{lesson}/timeline").json() for each in (client, there))
    assert other["gaps"] == here["gaps"]
    assert other["summary"] == here["summary"]
    assert [zone["name"] for zone in other["zones"]] == ["Window", "Front", "Middle", "Door"]
    listed = there.get("/")
    assert listed.status_code == 200
    assert "Fractions, part 2" in listed.text


@pytest.mark.victoriametrics
def test_what_only_the_store_has_is_one_sentence(
    there: Pages, filled: SimpleNamespace, stores: Stores
) -> None:
    lesson = filled.lesson.id
    stores.sharing.seat_rows.switch(TEACHER, BY, is_on=True)
    sentence = "Open the dashboard on the server that keeps the sensors' data."
    rooms = there.get("/rooms")
    assert rooms.status_code == 200
    assert sentence in rooms.text.replace("&#39;", "'")
    assert "No kit has reported" not in rooms.text
    for address in (f"/lessons/{lesson}/seat-rows", f"/api/rooms/{filled.lesson.room}/live"):
        found = there.get(address)
        assert found.status_code == 404
        assert sentence in found.json()["detail"]
    deleting = there.get(f"/lessons/{lesson}/delete")
    assert "Lessons are deleted on the server" in deleting.text
    there.post(f"/lessons/{lesson}/delete")
    assert stores.lesson(lesson) is not None
    assert not stores.sharing.teacher.is_hidden(lesson)


def test_a_database_that_is_down_is_one_sentence(
    stores: Stores, clock: ManualClock, filled: SimpleNamespace, tmp_path
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with serving(stores, clock, tmp_path, address) as pages:
        found = pages.get(
            f"/lessons/{filled.lesson.id}", headers={"Accept": "text/html", "Accept-Language": "es"}
        )
        assert found.status_code == 503
        assert f"No se puede acceder a la base de datos de las lecciones, {address}" in found.text
        assert pages.get("/account").status_code == 200


@pytest.mark.postgres
@pytest.mark.victoriametrics
def test_people_and_lessons_come_from_postgresql(
    postgres_server, replica: str, filled: SimpleNamespace, clock: ManualClock, tmp_path
) -> None:
    url = postgres_server.url()
    school = open_school(tmp_path / "main", url)
    school.lessons.put(filled.lesson)
    school.close()
    config = tmp_path / "server.toml"
    config.write_text(
        f'site = "school"\ndata_dir = "{tmp_path}/other"\n[retention]\nscore_days = 9000\n'
        f'[school]\ndatabase_url = "{url.get_secret_value()}"\n'
        f'[dashboard.reads]\nkind = "victoriametrics"\nurl = "{replica}"\n'
    )
    settings = ServerSettings.load(config)
    opened = _opener(settings, checked_dashboard(settings.dashboard, config), clock)()
    try:
        lesson = opened.lesson(filled.lesson.id)
        assert lesson is not None
        assert len(opened.epochs(lesson.id)) == 600
        readings = opened.sensed.room(lesson.room, lesson.starts_utc_ns, lesson.ends_utc_ns or 0)
        assert [gap.reason for gap in readings.gaps] == ["died", "paused"]
        assert not list((tmp_path / "other").glob("*.db"))
    finally:
        opened.close()
