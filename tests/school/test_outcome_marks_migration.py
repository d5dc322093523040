"""What a school has of before outcomes were marked: no sheet counts them twice, and no month shows a room."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import Connection, create_engine, select, text

import school.migrating
from school import open_school
from school.database_url import postgres_url
from school.ledger.counted import not_counted
from school.ledger.records import Outcome
from school.ledger.tables import worth_sheets
from school.rooms.tables import sites

SHOWN: Final = Outcome(
    site="ash", teacher=1, is_coached=True, pupils=20, before=50.0, after=55.5
)  # fmt: skip
NOT_SHOWN: Final = Outcome(
    site="ash", teacher=2, is_coached=False, pupils=21, before=50.0, after=54.0
)  # fmt: skip
ROWS: Final = [
    ["district", 15, 14], ["group", 9, 9], ["school", 1, 0], ["school", None, None],
]  # fmt: skip


def fill(run: Connection) -> None:
    run.execute(sites.insert(), {"name": "ash", "title": ""})
    for number, each in enumerate((SHOWN, NOT_SHOWN)):
        run.execute(
            text(
                "INSERT INTO class_outcomes (number, site, teacher, is_coached, class_size,"
                " before_score, after_score, imported_utc_ns) VALUES (:n, 'ash', 1, :c, :p, :b, :a, 7)"
            ),
            {"n": number, "c": each.is_coached, "p": each.pupils, "b": each.before, "a": each.after},
        )  # fmt: skip
    for number in (1, 2):
        run.execute(
            text(
                "INSERT INTO worth_sheets (number, starts_on, first_week, last_week, body,"
                " counted_utc_ns, outcomes_utc_ns)"
                " VALUES (:n, '2026-01-05', '2026-01-05', '2026-03-02', :body, 8, :read)"
            ),
            {"n": number, "body": '{"classes": {"coached": 1}}', "read": 7 if number == 2 else 3},
        )
    for month, rooms in (("2026-01", 15), ("2026-02", 4)):
        rows = [
            {"kind": kind, "rooms": n if kind != "district" else rooms, "running": k}
            for kind, n, k in ROWS
        ]
        run.execute(
            text("INSERT INTO coverage_months VALUES (:month, :body, 8)"),
            {"month": month, "body": json.dumps(rows)},
        )


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> SecretStr | None:
    """A school's data of revision 0042 in `tmp_path`, or in a database, whose URL it is."""
    url = None
    address = f"sqlite:///{tmp_path / 'school.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").url()
        address = postgres_url(url.get_secret_value())
    engine = create_engine(address)
    with engine.begin() as connection:
        config = Config()
        scripts = Path(school.migrating.__file__).parent / "migrations"
        config.set_main_option("script_location", str(scripts))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0042")
        if url is None:
            connection.execute(text("PRAGMA user_version = 46"))
        fill(connection)
    engine.dispose()
    return url


def test_what_is_counted_is_marked_and_single_rooms_are_hidden(
    older: SecretStr | None, tmp_path: Path
) -> None:
    with (
        closing(open_school(tmp_path, older)) as found,
        found.ledger._database.reading() as connection,
    ):
        of_sheets = select(worth_sheets.c.outcome_marks).order_by(worth_sheets.c.number)
        marks = connection.scalars(of_sheets).all()
        bodies = connection.execute(text("SELECT body FROM coverage_months ORDER BY month")).all()
    assert marks[0] == "", "its outcomes are gone"
    assert not_counted([SHOWN, NOT_SHOWN], marks) == [NOT_SHOWN]
    january, february = ([(each["rooms"], each["running"]) for each in json.loads(row.body)]
                         for row in bodies)  # fmt: skip
    assert january == [(15, 14), *[(None, None)] * 3]
    assert february == [(None, None)] * 4
