"""What commands and the scorer change reaches open debriefs, although nothing announces it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from dashboard_api.settings import DashboardSettings
from dashboard_api.together import debriefs
from dashboard_api.together.messages import NOT_OPEN, SIGNED_OUT
from dashboard_api.web.store_thread import Stores
from ingest.stores import open_period_reader, open_period_store, open_score_store, open_score_writer
from ingest.stores.records import AlertRecord
from roomtone.cli import main
from school import open_school
from school.moments.records import Moment
from school.sharing.cut import Span
from tests.dashboard_api.server import Server, serving
from tests.dashboard_api.together.sockets import Page
from tests.full_school import ADA, ADA_SIGNS_IN, KIM, NOW_NS, PAST, fill
from tests.signed_in import BY, COACH, COOKIE_NAME, TEACHER, cookie
from tests.videos import video_settings

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _rounds_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held to here is that one round is enough, whatever its time is."""
    assert debriefs.EVERY_S <= 2.0
    monkeypatch.setattr(debriefs, "EVERY_S", 0.05)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The settings of a server on real files; Kim is shown a part of Ada's lesson."""
    data = tmp_path / "data"
    data.mkdir()
    open_period_store(data).close()
    open_score_writer(data).close()
    fill(data)
    path = tmp_path / "server.toml"
    videos = video_settings(tmp_path / "films")
    path.write_text(f'site = "s"\ndata_dir = "{data}"\n{videos}', encoding="utf-8")
    return path


@pytest.fixture
def server(config: Path) -> Iterator[Server]:
    data, limits = config.with_name("data"), DashboardSettings()

    def open_stores() -> Stores:
        return Stores.of_school(
            open_school(data), periods=open_period_reader(data), scores=open_score_store(data)
        )

    app = create_app(open_stores, settings=limits, clock=ManualClock(utc_at_boot_ns=NOW_NS))
    with serving(app, limits) as served:
        yield served


@pytest.fixture
def joined(config: Path, server: Server) -> Iterator[Callable[[str], Page]]:
    """Somebody's page in the debrief of Ada's lesson."""
    pages: list[Page] = []

    def join(person: str) -> Page:
        with closing(open_school(config.with_name("data"))) as school:
            token = cookie(school.people, NOW_NS, person)[COOKIE_NAME]
        pages.append(Page(server.port, token, lesson=PAST).join(person))
        return pages[-1]

    yield join
    for page in pages:
        page.socket.close()


def run(config: Path, *words: str) -> None:
    assert main([*words, "--yes", "--config", str(config)]) == 0


def test_a_purged_lesson_closes_the_pages_of_both(config, joined) -> None:
    teacher, coach = joined(ADA), joined(KIM)
    run(config, "purge", "--lesson", PAST)
    # Ada reads Spanish.
    assert teacher.closed() == (NOT_OPEN, "Ya no tiene acceso a esta lección.")
    assert coach.closed() == (NOT_OPEN, "This lesson is not open to you any more.")


def test_who_is_removed_by_a_command_is_out_and_so_is_who_sees_their_lessons(
    config, joined
) -> None:
    teacher, coach = joined(ADA), joined(KIM)
    run(config, "people", "anonymise", ADA_SIGNS_IN)
    assert teacher.closed()[0] == SIGNED_OUT
    assert coach.closed()[0] == NOT_OPEN


def alert(debrief: SimpleNamespace, second: int) -> AlertRecord:
    starts_ns = debrief.stores.lessons.get("sample").starts_utc_ns
    raised_ns = starts_ns + second * SECOND_NS
    return AlertRecord(
        id=f"late-{second}", lesson="sample", room="5b", zone="room", raised_utc_ns=raised_ns,
        cleared_utc_ns=raised_ns + 30 * SECOND_NS, because=("Late.",), off_task=0.9, model="m",
    )  # fmt: skip


def test_what_the_scorer_adds_is_announced_to_both(debrief) -> None:
    teacher, coach = debrief.page(TEACHER), debrief.page(COACH)
    debrief.stores.scores.commit(cursor=1, alerts=[alert(debrief, 700)])
    for page in (teacher, coach):
        assert page.hear("changed")["parts"] == ["scores"]


def test_what_is_scored_in_a_part_that_is_not_shared_is_not_announced(debrief) -> None:
    until = debrief.clock.utc_ns() + 86_400 * SECOND_NS
    debrief.stores.sharing.share(
        "sample", COACH, BY, until_utc_ns=until, spans=(Span(600.0, 900.0),)
    )
    teacher, coach = debrief.page(TEACHER), debrief.page(COACH)
    debrief.stores.scores.commit(cursor=1, alerts=[alert(debrief, 100)])
    assert teacher.hear("changed")["parts"] == ["scores"]
    note = Moment(
        id="late", lesson="sample", start_s=700, end_s=720, note="By a command.", author=TEACHER,
        role="teacher",
    )  # fmt: skip
    debrief.stores.lessons.put_moment(note)
    assert coach.hear("changed")["parts"] == ["notes"]
