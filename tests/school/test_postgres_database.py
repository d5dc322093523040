"""The school's data in PostgreSQL: what goes wrong there, in words, and without any password."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from contract.errors import ConfigurationError, StoreError, UsageError
from ingest.settings import ServerSettings
from roomtone.cli import main
from school import open_lesson_store, postgres_database
from school.database_url import described, postgres_url, public_url, without_secrets
from school.lessons.records import Lesson
from school.postgres_database import postgres_state
from tests.postgres_server import PostgresServer

pytestmark = pytest.mark.postgres

MATHS = Lesson(
    id="maths", room="room-a", teacher="t. okafor", title="Fractions", starts_utc_ns=1_000,
    ends_utc_ns=2_000, source="timetable",
)  # fmt: skip
SECRET = "s3cret%2Fword"


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    server = PostgresServer()
    try:
        server.make()
        server.start()
        yield server
        server.stop()
    finally:
        server.remove()


@pytest.mark.slow
def test_a_server_that_stops_and_comes_back(own_server: PostgresServer, tmp_path: Path) -> None:
    url = own_server.url()
    with closing(open_lesson_store(tmp_path, url)) as store:
        store.put(MATHS)
        own_server.stop("fast")
        for ask in (store.version, store.lessons, lambda: store.put(MATHS)):
            with pytest.raises(StoreError, match=r"can't be reached|ended the connection"):
                ask()
        with pytest.raises(StoreError, match=r"school_1 on .* can't be reached"):
            open_lesson_store(tmp_path, url)
        own_server.start()
        assert store.lessons() == [MATHS]  # over the same store, as a page asks again
        store.put(MATHS)


def url_with(url: SecretStr, **parts: object) -> SecretStr:
    changed = postgres_url(url.get_secret_value()).set(**parts)  # type: ignore[arg-type]
    return SecretStr(changed.render_as_string(hide_password=False))


def test_no_error_and_no_log_shows_a_password(
    postgres_server: PostgresServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = postgres_server.url()
    wrong = [
        url_with(url, password="s3cret/word", database="none-of-this-name"),
        url_with(url, password="s3cret/word", username="nobody-here"),
        SecretStr(f"postgresql://ada:{SECRET}@127.0.0.1:1/school"),
        SecretStr(f"postgresql://ada:{SECRET}@127.0.0.1:1/school?sslpassword=s3cret/word"),
        SecretStr(f"postgresql://ada:{SECRET}@127.0.0.1:1/school?odd=s3cret/word"),
    ]
    with caplog.at_level(logging.DEBUG):
        for each in wrong:
            with pytest.raises(StoreError, match="The school's database") as caught:
                open_lesson_store(tmp_path, each)
            assert "s3cret" not in f"{caught.value!r} {caught.value.__cause__!r}"
            assert len(str(caught.value).splitlines()) == 1
        with closing(open_lesson_store(tmp_path, url_with(url, password="s3cret/word"))) as store:
            store.put(MATHS)
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    "value",
    (
        f"mysql://ada:{SECRET}@db/school",
        f"sqlite:///{SECRET}",
        f"{SECRET}",
        f"postgresql://ada:{SECRET}@db:port/school",
        [f"postgresql://ada:{SECRET}@db/school"],
        "",
    ),
)
def test_a_setting_that_is_no_such_url_is_refused_unseen(value: object) -> None:
    with pytest.raises(
        ConfigurationError, match=r"school\.database_url .* postgresql://"
    ) as caught:
        ServerSettings.checked(
            {"site": "s", "school": {"database_url": value}}, where="server.toml"
        )
    assert "s3cret" not in str(caught.value)


def test_settings_keep_a_password_to_themselves() -> None:
    settings = ServerSettings.checked(
        {"site": "s", "school": {"database_url": f"postgresql://ada:{SECRET}@db/x"}}, where="."
    )
    assert "s3cret" not in f"{settings!r} {settings.model_dump_json()}"


def test_parts_of_a_url_that_may_be_shown() -> None:
    url = postgres_url(f"postgresql://ada:{SECRET}@db.example:5433/school?sslpassword=b%2Fc&x=y")
    assert described(url) == "school on db.example:5433"
    assert public_url(url) == "postgresql://ada@db.example:5433/school?x=y"
    said = "no s3cret/word, no s3cret%2Fword, no b/c or b%2Fc here"
    assert without_secrets(said, url) == "no ***, no ***, no *** or *** here"


def test_tables_of_a_later_version_are_refused(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    url = postgres_server.url()
    open_lesson_store(tmp_path, url).close()
    database = postgres_url(url.get_secret_value()).database
    assert database is not None
    postgres_server.sql("UPDATE alembic_version SET version_num = '9999'", database=database)
    with pytest.raises(StoreError, match=r"later version of Roomtone \(schema 9999"):
        open_lesson_store(tmp_path, url)
    assert postgres_state(url).schema == "9999"


def test_a_database_of_another_encoding_is_refused(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match="has the encoding LATIN1: make one"):
        open_lesson_store(tmp_path, postgres_server.url(encoding="LATIN1"))


def test_a_user_without_rights_is_told_what_is_missing(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    postgres_server.sql("CREATE ROLE guest LOGIN")
    url = postgres_server.url(user="guest")
    with pytest.raises(StoreError, match=r"permission denied .* the owner of the database"):
        open_lesson_store(tmp_path, url)


def test_a_standby_that_takes_no_writes_is_named(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    url = postgres_server.url()
    open_lesson_store(tmp_path, url).close()
    database = postgres_url(url.get_secret_value()).database
    postgres_server.sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    with closing(open_lesson_store(tmp_path, url)) as store:
        assert store.lessons() == []
        with pytest.raises(StoreError, match=r"can't be written .* takes writes"):
            store.put(MATHS)


def test_a_lock_that_is_held_for_long_is_named(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres_database._DEFAULTS, "options", "-c lock_timeout=50ms")
    url = postgres_server.url()
    one = postgres_database.PostgresDatabase(url)
    with closing(open_lesson_store(tmp_path, url)) as store:
        with one.writing(), pytest.raises(StoreError, match="has been locked"):
            store.put(MATHS)
        assert store.lessons() == []
        store.put(MATHS)
    one.close()


def test_what_was_purged_is_in_no_table_file(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    url = postgres_server.url()
    with closing(open_lesson_store(tmp_path, url)) as store:
        store.put(replace(MATHS, teacher="n. oneknows"))
        postgres_server.sql("CHECKPOINT")
        assert holds(postgres_server.folder / "data" / "base", b"n. oneknows")
        store.purge(lessons=["maths"])
        postgres_server.sql("CHECKPOINT")
        assert not holds(postgres_server.folder / "data" / "base", b"n. oneknows")


def holds(folder: Path, text: bytes) -> bool:
    return any(text in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_program_without_the_driver_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match="driver is not installed: install it with"):
        open_lesson_store(tmp_path, SecretStr("postgresql://ada@db/school"))


def write_settings(folder: Path, url: str) -> Path:
    path = folder / "server.toml"
    path.write_text(
        f'site = "s"\ndata_dir = "{folder / "data"}"\n[school]\ndatabase_url = "{url}"\n'
    )
    return path


def test_commands_work_on_it(
    postgres_server: PostgresServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(write_settings(tmp_path, postgres_server.url().get_secret_value()))
    start = ("start", "--room", "room-a", "--teacher", "Ada", "--at", "2026-09-30T09:45")
    assert main(["lesson", *start, "--config", config]) == 0
    assert main(["seat", "opt-out", "room-a:4", "--config", config]) == 0
    assert main(["lesson", "list", "--config", config]) == 0
    said = capsys.readouterr().out
    assert "room-a-20260930T094500Z  2026-09-30 09:45–21:45 (nobody ended it)  room room-a" in said
    assert not (tmp_path / "data" / "school.db").exists()


@pytest.mark.slow
@pytest.mark.parametrize("command", (("lesson", "list"), ("dashboard",)))
def test_a_program_that_reaches_no_server_says_so_in_a_line(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    config = write_settings(tmp_path, f"postgresql://ada:{SECRET}@127.0.0.1:1/school")
    done = subprocess.run(
        [sys.executable, "-m", "roomtone", *command, "--config", str(config)],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(
        "roomtone: The school's database (school on 127.0.0.1:1) can't be reached ("
    )
    assert done.stderr.count("\n") == 1
    assert "s3cret" not in done.stderr + done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's tests run the server as another user")
def test_the_servers_folder_is_its_users_alone(postgres_server: PostgresServer) -> None:
    assert stat.S_IMODE(postgres_server.folder.stat().st_mode) == 0o700
