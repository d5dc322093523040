"""A server whose school's data is in PostgreSQL: backup, restore, doctor, and a database down."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import pytest
from pydantic import SecretStr

from contract.clock import ManualClock, SystemClock
from contract.finding import Finding
from contract.settings import BrokerSettings
from ingest.backup import command as backup_command
from ingest.backup import restore_command
from ingest.doctor.checks import findings
from ingest.doctor.command import _opted_out
from ingest.purge.requests import PurgeRequest
from ingest.purge.run import PurgeRun
from ingest.receiving.service import Ingest
from ingest.settings import ServerSettings
from ingest.stores import open_period_store
from roomtone.demo.broker import free_port
from school import open_lesson_store
from school.database_url import postgres_url
from school.lessons.records import Lesson
from school.settings import SchoolSettings
from tests.postgres_server import PostgresServer, postgres_command

pytestmark = pytest.mark.postgres

MATHS = Lesson(
    id="maths", room="r1", teacher="Ada", title="", starts_utc_ns=1_000, ends_utc_ns=2_000,
    source="timetable",
)  # fmt: skip


def settings_file(folder: Path, data: str, url: SecretStr | None) -> Path:
    path = folder / "server.toml"
    text = f'site = "s"\ndata_dir = "{folder / data}"\n'
    if url is not None:
        text += f'[school]\ndatabase_url = "{url.get_secret_value()}"\n'
    path.write_text(text)
    return path


def run(command: Callable[[argparse.Namespace], int], config: Path, **words: object) -> None:
    assert command(argparse.Namespace(config=config, **words)) == 0


def shown_command(said: str) -> list[str]:
    """What the printed line says to run, by the programs of the tests' server."""
    name, *words = shlex.split(said.split("`")[1])
    command = postgres_command(name)
    assert command is not None
    return [command, *words]


def test_a_backup_says_what_to_run_and_that_is_enough_to_restore_it(
    postgres_server: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgres_server.url()
    secret = postgres_url(url.get_secret_value()).set(password="s3cret")
    config = settings_file(
        tmp_path, "data", SecretStr(secret.render_as_string(hide_password=False))
    )
    open_period_store(tmp_path / "data").close()
    # A file of the time before must not be taken for the school's data.
    open_lesson_store(tmp_path / "data").close()
    with closing(open_lesson_store(tmp_path / "data", url)) as lessons:
        lessons.put(MATHS)
        lessons.opt_out("r1", 4)
        run(backup_command.run, config, target=tmp_path / "backup")
        said = capsys.readouterr().out.splitlines()[-1]
        assert said.startswith("Lessons, moments and who opted out are not in this backup: ")
        assert "s3cret" not in said
        assert not (tmp_path / "backup" / "school.db").exists()
        subprocess.run(shown_command(said), cwd=tmp_path, check=True)
        lessons.purge(lessons=["maths"])

    config = settings_file(tmp_path, "restored", url)
    run(restore_command.run, config, source=tmp_path / "backup", purges=None)
    said, *_ = [line for line in capsys.readouterr().out.splitlines() if "pg_restore" in line]
    assert not (tmp_path / "restored" / "school.db").exists()
    subprocess.run(shown_command(said), cwd=tmp_path, check=True)
    with closing(open_lesson_store(tmp_path / "restored", url)) as lessons:
        assert lessons.lessons() == [MATHS]
        assert lessons.opted_out() == [("r1", 4)]


def test_a_restore_into_a_file_says_that_the_backup_has_no_lessons(
    postgres_server: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings_file(tmp_path, "data", postgres_server.url())
    open_period_store(tmp_path / "data").close()
    run(backup_command.run, config, target=tmp_path / "backup")
    config = settings_file(tmp_path, "restored", None)
    run(restore_command.run, config, source=tmp_path / "backup", purges=None)
    assert "The backup has no lessons, moments or opt-outs" in capsys.readouterr().out


def test_the_doctor_checks_the_connection_and_the_version(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    url = postgres_server.url()
    settings = ServerSettings(site="s", data_dir=tmp_path, school=SchoolSettings(database_url=url))

    def found(about: str = "school's database") -> Finding:
        (one,) = [each for each in findings(settings) if each.about == about]
        return one

    def fine() -> set[str]:
        return {each.about for each in findings(settings) if each.state == "fine"}

    assert (found().state, "has no tables yet" in found().said) == ("note", True)
    assert _opted_out(settings, fine()) == []
    assert "no tables yet" in found().said  # looking made none
    with closing(open_lesson_store(tmp_path, url)) as lessons:
        lessons.opt_out("r1", 4)
    assert found().state == "fine"
    assert "answers, PostgreSQL 1" in found().said
    assert _opted_out(settings, fine()) == [("r1", 4)]
    assert not [each for each in findings(settings) if each.about == "school.db"]
    open_lesson_store(tmp_path).close()
    assert "no program reads it" in found("school.db").said
    database = postgres_url(url.get_secret_value()).database
    assert database is not None
    postgres_server.sql("UPDATE alembic_version SET version_num = '9999'", database=database)
    assert (found().state, found().advice) == ("wrong", "install that version")
    settings = settings.model_copy(
        update={"school": SchoolSettings(database_url=SecretStr("postgresql://a:b@127.0.0.1:1/c"))}
    )
    assert found().state == "wrong"
    assert "c on 127.0.0.1:1) can't be reached" in found().said


def test_a_purge_reaches_it(postgres_server: PostgresServer, tmp_path: Path) -> None:
    url = postgres_server.url()
    open_period_store(tmp_path).close()
    with closing(open_lesson_store(tmp_path, url)) as lessons:
        lessons.put(MATHS)
        running = PurgeRun(
            data_dir=tmp_path, clock=ManualClock(), say=lambda _: None, database_url=url
        )
        request = PurgeRequest(
            id="0123456789abcdef", asked_utc_ns=1, room="r1", lesson="maths", from_utc_ns=0, to_utc_ns=3_000,
            lessons=("maths",), scored=("maths",),
        )  # fmt: skip
        removed = running.remove(request)
        assert removed["lessons and moments"] == 1
        assert lessons.lessons() == []


@pytest.mark.slow
def test_ingest_waits_for_a_database_that_is_down(tmp_path: Path) -> None:
    server = PostgresServer()
    stop = threading.Event()
    try:
        server.make()
        server.start()
        url = server.url()
        server.stop("fast")
        settings = ServerSettings(
            site="s", data_dir=tmp_path, broker=BrokerSettings(port=free_port()),
            school=SchoolSettings(database_url=url),
        )  # fmt: skip
        ingest = Ingest(
            settings=settings, clock=SystemClock(), open_store=open_period_store,
            open_lessons=partial(open_lesson_store, database_url=url),
        )  # fmt: skip
        thread = threading.Thread(target=ingest.run, args=(stop,))
        thread.start()
        try:
            until(lambda: any("can't be reached" in why for why in ingest.condition.reasons))
            server.start()
            until(lambda: not any("database" in why for why in ingest.condition.reasons))
            server.stop("fast")
            started = monotonic()
            until(lambda: monotonic() - started > 1)
            assert thread.is_alive()  # what it keeps does not need the lessons
            assert ingest.condition.is_turning
        finally:
            stop.set()
            thread.join(60)
        assert not thread.is_alive()
    finally:
        server.remove()


def until(is_so: Callable[[], bool], within_s: float = 60.0) -> None:
    end = monotonic() + within_s
    while not is_so():
        assert monotonic() < end
        sleep(0.05)
