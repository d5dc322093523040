"""The end of a school year: what ends, what stays, and that each change is in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from contract.clock import SECOND_NS, SystemClock
from roomtone.cli import main
from school.audit.actor import Actor
from school.audit.verify import Verification
from school.cycle.tables import cycles
from school.database import SchoolDatabase, open_school_database
from school.schema import audit_events, imported, lessons, offers, opted_out, shares
from school.year.store import YearStore
from tests.full_school import ADA, COMING, KIM, NOW_NS, PAST, fill

LATER_NS = NOW_NS + 60 * SECOND_NS
BY = Actor(name="roomtone school-year", utc_ns=LATER_NS)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SchoolDatabase]:
    fill(tmp_path)
    with closing(open_school_database(tmp_path, None)) as opened:
        yield opened


def count(database: SchoolDatabase, table: object, *where: object) -> int:
    with database.reading() as connection:
        found = select(func.count()).select_from(table).where(*where)  # type: ignore[arg-type]
        return int(connection.scalar(found) or 0)


def actions(database: SchoolDatabase, since: int) -> list[str]:
    with database.reading() as connection:
        found = select(audit_events.c.action).where(audit_events.c.number > since)
        return list(connection.scalars(found.order_by(audit_events.c.number)).all())


def test_shares_offers_and_cycles_of_the_year_end_each_with_its_entry(
    database: SchoolDatabase, tmp_path: Path
) -> None:
    with database.writing() as connection:
        connection.execute(update(shares).values(until_utc_ns=LATER_NS + SECOND_NS))
        connection.execute(
            insert(cycles),
            {
                "id": "of-kim", "person": ADA, "coach": KIM, "state": "proposed", "focus": "f",
                "debrief_on": "", "again_on": "", "author": KIM, "revision": 1,
                "written_utc_ns": NOW_NS - 1, "changed_utc_ns": NOW_NS - 1,
            },
        )  # fmt: skip
    years = YearStore(database)
    found = years.found(LATER_NS, LATER_NS)
    assert found.shares
    assert found.offers
    assert len(found.cycles) >= 2
    newest = count(database, audit_events)
    done = years.end(LATER_NS, BY)
    assert done == found
    assert years.found(LATER_NS, LATER_NS).changes == 0
    assert count(database, cycles, cycles.c.state.in_(("open", "proposed"))) == 0
    assert count(database, cycles, cycles.c.id == "of-kim") == 0
    written = actions(database, newest)
    assert written.count("unshared") == len(found.shares)
    assert written.count("ended_offer") == len(found.offers)
    assert written.count("closed_cycle") + written.count("removed_cycle") == len(found.cycles)
    said: list[str] = []
    verdict = Verification(
        database=database, directory=tmp_path, clock=SystemClock(), say=said.append
    ).run()
    assert verdict.faults == []


def test_the_lessons_of_the_next_year_keep_their_shares_and_offers(
    database: SchoolDatabase,
) -> None:
    with database.writing() as connection:
        connection.execute(update(shares).values(until_utc_ns=LATER_NS + SECOND_NS))
    before = count(database, shares), count(database, offers)
    with database.reading() as connection:
        first = connection.scalar(select(func.min(lessons.c.starts_utc_ns)))
    done = YearStore(database).end(int(first), BY)
    assert (done.shares, done.offers) == ((), ())
    assert (count(database, shares), count(database, offers)) == before


def test_opt_outs_stay_unless_they_are_to_end(database: SchoolDatabase) -> None:
    seats = count(database, opted_out)
    assert seats
    years = YearStore(database)
    assert len(years.end(LATER_NS, BY).opted_out) == seats
    assert count(database, opted_out) == seats
    years.end(LATER_NS, BY, with_opt_outs=True)
    assert count(database, opted_out) == 0


class Server:
    """The same school with settings, for the command."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir()
        fill(self.data)
        self.config = folder / "server.toml"
        self.config.write_text(f'site = "s"\ndata_dir = "{self.data}"\n')

    def run(self, *words: str, ended: str = "2026-07-23") -> int:
        return main(("school-year", "--config", str(self.config), "--ended", ended, *words))

    def plan(self, lesson: str, source: str, starts_ns: int) -> None:
        row = {"lesson": lesson, "source": source, "event": "e", "occurrence": ""}
        with (
            closing(open_school_database(self.data, None)) as database,
            database.writing() as connection,
        ):
            connection.execute(
                update(lessons).where(lessons.c.id == lesson).values(starts_utc_ns=starts_ns)
            )
            connection.execute(imported.delete().where(imported.c.lesson == lesson))
            connection.execute(insert(imported), row)

    def lessons(self) -> set[str]:
        with (
            closing(open_school_database(self.data, None)) as database,
            database.reading() as connection,
        ):
            return set(connection.scalars(select(lessons.c.id)).all())


FAR_NS = 4_000_000_000 * SECOND_NS


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_a_dry_run_lists_and_changes_nothing(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.plan(COMING, "year.ics", FAR_NS)
    before = {path.name: path.read_bytes() for path in server.data.glob("*.db")}
    assert server.run("--dry-run") == 0
    said = capsys.readouterr().out
    assert "Lessons that the timetable year.ics still plans: 1; kept" in said
    assert "Seats that have opted out: " in said
    assert "Offers of the year's lessons that nobody accepted: " in said
    assert {path.name: path.read_bytes() for path in server.data.glob("*.db")} == before


def test_only_the_named_timetable_ends_and_only_what_has_not_begun(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.plan(COMING, "year.ics", FAR_NS)
    server.plan(PAST, "year.ics", NOW_NS)
    before = server.lessons()
    assert server.run("--yes", "--end-timetable", "year.ics") == 0
    assert before - server.lessons() == {COMING}
    assert "removed: 1 planned lessons" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "ended", "says"),
    (
        (("--yes",), "2999-07-23", "not over yet"),
        (("--yes",), "July", "expected a day such as 2027-07-23"),
        (("--yes", "--end-timetable", "no.ics"), "2026-07-23", "timetable 'no.ics'"),
        ((), "2026-07-23", "this is no terminal"),
    ),
)
def test_what_does_not_fit_is_refused_and_nothing_ends(
    server: Server,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    ended: str,
    says: str,
) -> None:
    with closing(open_school_database(server.data, None)) as database:
        before = count(database, offers)
    assert server.run(*words, ended=ended) == 2
    assert says in capsys.readouterr().err
    with closing(open_school_database(server.data, None)) as database:
        assert count(database, offers) == before > 0


def test_a_second_time_nothing_is_left(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert server.run("--yes") == 0
    assert "docs/school-year.md" in capsys.readouterr().out
    assert server.run("--yes") == 0
    assert "Nothing is left to end." in capsys.readouterr().out
