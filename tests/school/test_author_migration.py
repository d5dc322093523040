"""Whose words become whose when authors become people: only those of which it is sure."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import Connection, create_engine, text

import school.migrating
from ingest.stores.sqlite.database_check import check_database
from school import open_lesson_store
from school.database_url import postgres_url
from school.known_schemas.sqlite import KNOWN_SCHEMAS

PEOPLE = ("ada", "bo", "kim", "lee")
LESSONS = (
    "owned",  # ada's, shared with kim now
    "ended",  # ada's; the share with kim has ended, and only the audit log knows
    "changed",  # ada's; shared with kim before, and with lee now
    "left",  # ada's, shared with kim, and before with someone who has left
    "handed",  # bo's by now
    "taken",  # bo taught it for ada
    "nobodys",
)
OWNERS = {**dict.fromkeys(LESSONS, "ada"), "handed": "bo", "taken": "bo"}
SHARES = (("owned", "kim"), ("changed", "lee"), ("left", "kim"))
LOGGED = (
    ("shared", "person", "t-kim", "owned"),
    ("shared", "person", "t-kim", "owned"),  # again, with another date
    ("shared", "person", "t-kim", "ended"),
    ("shared", "person", "t-kim", "changed"),
    ("shared", "person", "t-lee", "changed"),
    ("shared", "person", "t-kim", "left"),
    ("shared", "person", "t-gone", "left"),
    ("handed_over", "person", "t-bo", "handed"),
    ("took_over", "lesson", "taken", "taken"),
    ("saw", "lesson", "nobodys", "nobodys"),
)
EXPECTED = {
    "owned": ("ada", "kim"),
    "ended": ("ada", "kim"),
    "changed": ("ada", ""),
    "left": ("ada", ""),
    "handed": ("", ""),
    "taken": ("", ""),
    "nobodys": ("", ""),
}
"""Lesson → who its teacher's words are by, and its coach's."""


def fill(run: Connection) -> None:
    """What the program before wrote, with a moment, an answer and a label of each word."""

    def put(statement: str, **values: object) -> None:
        run.execute(text(statement), values)

    for person in PEOPLE:
        put("INSERT INTO people VALUES(:p, :p, :p, NULL, NULL, 0, 0)", p=person)
        put("INSERT INTO audit_names VALUES(:a, :p, :p)", a=f"t-{person}", p=person)
    for lesson in LESSONS:
        put(
            "INSERT INTO lessons VALUES(:l, 'r', 't', '', 1, 2, 'timetable', '[]', '[]', NULL, 0, 0)",
            l=lesson,
        )
        if lesson != "nobodys":
            put("INSERT INTO lesson_owners VALUES(:l, :p)", l=lesson, p=OWNERS[lesson])
        for by in ("teacher", "coach"):
            moment = f"{lesson}-{by}"
            values = {"l": lesson, "m": moment, "b": by}
            put("INSERT INTO moments VALUES(:m, :l, 1, 2, 'note', :b)", **values)
            yes: object = True if run.dialect.name == "postgresql" else 1
            put(
                "INSERT INTO verdicts VALUES(:l, 'x', :b, :y, 'own', 'room', 1, 2)", y=yes, **values
            )
            put(
                "INSERT INTO labels VALUES(:l, 'x', :b, :y, 60, 'm1', 'f1', 1, :rows, 77)",
                y=yes, rows=bytes(8), **values,
            )  # fmt: skip
    for lesson, person in SHARES:
        put("INSERT INTO shares VALUES(:l, :p, 9, 0)", l=lesson, p=person)
    for number, (action, thing, of, lesson) in enumerate(LOGGED, 1):
        put(
            "INSERT INTO audit_events VALUES(:n, 0, 't-ada', :a, :t, :i, :l, '{}', :h)",
            n=number, a=action, t=thing, i=of, l=lesson, h=bytes(32),
        )  # fmt: skip


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SecretStr | None]:
    """A school's data of schema 10 in `tmp_path`, or in a database, whose URL it is."""
    if request.param == "sqlite":
        path = tmp_path / "school.db"
        with closing(sqlite3.connect(path)) as database:
            database.executescript(
                f"{KNOWN_SCHEMAS[10][0]};"
                "INSERT INTO alembic_version VALUES('0006');"
                "INSERT INTO revision VALUES(0, 1);"
                "PRAGMA user_version = 10"
            )
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            fill(connection)
        engine.dispose()
        check_database(path, "school")
        yield None
        return
    url = request.getfixturevalue("postgres_server").url()
    engine = create_engine(postgres_url(url.get_secret_value()))
    with engine.begin() as connection:
        config = Config()
        scripts = Path(school.migrating.__file__).parent / "migrations"
        config.set_main_option("script_location", str(scripts))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        fill(connection)
    engine.dispose()
    yield url


def test_words_become_those_of_who_surely_wrote_them(
    older: SecretStr | None, tmp_path: Path
) -> None:
    with closing(open_lesson_store(tmp_path, older)) as store:
        store.keep_labels("t")
        labels = store.labels()
        for lesson, (teacher, coach) in EXPECTED.items():
            marked = {one.id: (one.author, one.role, one.note) for one in store.moments(lesson)}
            assert marked == {
                f"{lesson}-teacher": (teacher, "teacher", "note"),
                f"{lesson}-coach": (coach, "coach", "note"),
            }
            said = {(one.by, one.role, one.is_confirmed) for one in store.verdicts(lesson)}
            assert said == {(teacher, "teacher", True), (coach, "coach", True)}
            kept = {(one.by, one.role) for one in labels if one.lesson == lesson}
            assert kept == {(teacher, "teacher"), (coach, "coach")}
        assert {one.rows.shape for one in labels} == {(1, 1)}
    if older is None:
        check_database(tmp_path / "school.db", "school")


def test_nothing_of_the_older_tables_stays(older: SecretStr | None, tmp_path: Path) -> None:
    open_lesson_store(tmp_path, older).close()
    address = (
        f"sqlite:///{tmp_path / 'school.db'}"
        if older is None
        else postgres_url(older.get_secret_value())
    )
    engine = create_engine(address)
    tables = "sqlite_schema" if older is None else "pg_class"
    column = "name" if older is None else "relname"
    with engine.connect() as connection:
        found = connection.scalars(
            text(f"SELECT {column} FROM {tables} WHERE {column} LIKE 'older%'")
        ).all()
    engine.dispose()
    assert found == []
