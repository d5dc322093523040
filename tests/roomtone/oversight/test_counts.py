"""What is counted of people: nobody is found in a group below the limit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.settings import ServerSettings
from roomtone.oversight.blocks import Grid
from roomtone.oversight.inventory import inventory
from roomtone.oversight.kept import kept
from roomtone.oversight.rights import _with_factor, rights
from roomtone.oversight.situation import Situation
from roomtone.oversight.use import use
from school import School, open_school
from school.audit.actor import Actor
from school.database import open_school_database
from school.moments.records import Moment
from school.rooms.records import Site
from school.settings import SchoolSettings
from tests.full_school import lesson
from tests.postgres_server import PostgresServer
from tests.signed_in import TEACHER_NAMES, open_test_school

NOW_NS = 1_763_460_300_000_000_000
END_NS = NOW_NS + 86_400_000_000_000


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    open_test_school(tmp_path).close()
    with closing(open_school(tmp_path)) as made:
        yield made


def situation(folder: Path, *more_sites: str) -> Situation:
    settings = ServerSettings(site="hill", more_sites=more_sites, data_dir=folder)
    return Situation.of(settings, open_school_database(folder), utc_ns=NOW_NS, version="")


def by(name: str) -> Actor:
    return Actor(name=name, utc_ns=NOW_NS, person=name)


def teachers(school: School, n: int) -> list[str]:
    """So many teachers, each with a lesson."""
    names = [f"teacher-{at}" for at in range(n)]
    for name in names:
        school.people.add(name, name, ("teacher",), by(name), person_id=name)
        school.sharing.tie_name(name, name, by(name))
        school.lessons.put(lesson(f"of-{name}", name, NOW_NS))
    return names


def sharing(folder: Path, *more_sites: str) -> dict[str, str]:
    return {row[0]: row[1] for row in grid(folder, "sharing", *more_sites).rows}


def rows(folder: Path, name: str, *more_sites: str) -> dict[tuple[str, str], str]:
    return {(row[0], row[1]): row[2] for row in grid(folder, name, *more_sites).rows}


def grid(folder: Path, name: str, *more_sites: str) -> Grid:
    now = situation(folder, *more_sites)
    with closing(now.database):
        document, _is_whole = use(now)
    return next(each for each in document.grids() if each.name == name)


def test_of_a_district_that_a_roster_describes_ten_are_needed(
    school: School, tmp_path: Path
) -> None:
    """Its server may name one site alone, that of which it keeps rooms."""
    counts = []
    for name in ("hill", "lake"):
        school.rooms.add_site(Site(name=name), by("admin"))
        now = situation(tmp_path)
        with closing(now.database):
            counts.append(now.count(6))
    assert counts == ["6", "fewer than ten"]


def test_who_shares_is_counted_and_a_small_group_is_not_even_a_difference(
    school: School, tmp_path: Path
) -> None:
    for coach in ("kim", "rob"):
        school.people.add(coach, coach, ("coach",), by(coach), person_id=coach)
    school.lessons.put(lesson("of-all-roles", TEACHER_NAMES[0], NOW_NS))
    names = teachers(school, 12)
    for name in names[:6]:
        school.sharing.share(f"of-{name}", "kim", by(name), until_utc_ns=END_NS)
    nobody, coach = "have lessons and share with nobody", "share with someone who is coach"
    assert sharing(tmp_path) == {
        "are teachers": "13", "have lessons": "13", nobody: "7", coach: "6",
    }  # fmt: skip
    # Of thirteen, ten share: 13 - 10 would show three.
    for name in names[6:10]:
        school.sharing.share(f"of-{name}", "rob", by(name), until_utc_ns=END_NS)
    assert sharing(tmp_path) == {
        "are teachers": "13", "have lessons": "13", nobody: "not shown", coach: "not shown",
    }  # fmt: skip
    # Two without a lesson would show, too, as how many teachers there are is in the pack.
    for name in ("new", "newer"):
        school.people.add(name, name, ("teacher",), by(name), person_id=name)
    assert sharing(tmp_path) == {
        "are teachers": "15", "have lessons": "not shown", nobody: "not shown", coach: "10",
    }  # fmt: skip
    # Where several schools read the pack, six are few.
    assert set(sharing(tmp_path, "river").values()) == {"15", "not shown"}


def test_a_month_is_shown_from_five_people_on(school: School, tmp_path: Path) -> None:
    names = teachers(school, 6)
    for name in names[:4]:
        school.audit.record_export(
            by(name), "lesson", f"of-{name}", lesson=f"of-{name}", file="table"
        )
    for name in names[:5]:
        school.audit.record_look(by(name), "lesson", f"of-{name}", lesson=f"of-{name}")
    found = rows(tmp_path, "audit")
    assert found["saw", "2025-11"] == "5"
    few = "not shown: fewer than five people"
    assert rows(tmp_path, "exports") == {("table", "2025-11"): few}
    assert rows(tmp_path, "audit", "river")["saw", "2025-11"] == "not shown: fewer than ten people"
    # A program is nobody.
    program = Actor(name="roomtone people", utc_ns=NOW_NS)
    school.audit.record_export(program, "lesson", "x", lesson="x", file="table")
    assert rows(tmp_path, "exports") == {("table", "2025-11"): few}
    school.audit.record_export(by(names[4]), "lesson", "x", lesson=f"of-{names[4]}", file="table")
    school.audit.record_export(by(names[5]), "lesson", "x", lesson=f"of-{names[5]}", file="notes")
    assert rows(tmp_path, "exports") == {("table", "2025-11"): "6", ("notes", "2025-11"): few}
    # All exports together would show those of the notes.
    assert not [what for what, _month in rows(tmp_path, "audit") if "export" in what]


def test_how_many_entries_there_are_would_show_the_one_number_that_is_hidden(
    school: School, tmp_path: Path
) -> None:
    def said() -> str:
        now = situation(tmp_path)
        with closing(now.database):
            return str(use(now)[0].blocks)

    def hidden() -> list[str]:
        found = [*rows(tmp_path, "audit").values(), *rows(tmp_path, "exports").values()]
        return [each for each in found if each.startswith("not shown")]

    assert len(hidden()) == 1  # a program gave the one person of the test school a second factor
    names = teachers(school, 5)
    for name in names:
        early = Actor(name=name, utc_ns=1, person=name)
        with school.audit._database.recording() as connection:
            early.record(connection, "changed_second_factor", "settings")
    assert hidden() == []
    assert re.search(r"entries: \d+\. All are as they were written", said())
    school.audit.record_export(by(names[0]), "lesson", "x", lesson="x", file="table")
    assert len(hidden()) == 1
    assert "entries: not said, since a number below is not shown" in said()


def test_roles_and_tables_are_counted_by_the_same_rule(school: School, tmp_path: Path) -> None:
    def counted() -> tuple[dict[str, str], dict[str, str]]:
        now = situation(tmp_path)
        with closing(now.database):
            role_rows = next(each for each in rights(now).grids() if each.name == "roles").rows
            tables = next(each for each in inventory(now).grids() if each.name == "tables").rows
        return {row[0]: row[1] for row in role_rows}, {row[0]: row[2] for row in tables}

    teachers(school, 3)
    people_of, rows_of = counted()
    # One person of the test school has every role.
    assert people_of["teacher"] == "fewer than five"
    assert people_of["administrator"] == "1"
    assert rows_of["lesson_owners"] == "fewer than ten"
    assert rows_of["former_people"] == "0"
    for at in range(3):
        school.people.add(f"t{at}", f"t{at}", ("teacher",), by("t"), person_id=f"t{at}")
    people_of, rows_of = counted()
    assert people_of["teacher"] == "7"
    assert rows_of["people"] == "fewer than ten"
    for at in range(3, 10):
        school.people.add(f"t{at}", f"t{at}", ("teacher",), by("t"), person_id=f"t{at}")
    assert counted()[1]["people"] == "about 10"


@pytest.mark.postgres
@pytest.mark.slow
def test_a_school_in_postgresql_gets_the_same_documents(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    found = []
    for url in (None, postgres_server.url()):
        folder = tmp_path / ("sqlite" if url is None else "postgresql")
        with closing(open_school(folder, url)) as school:
            school.people.add("kim", "kim", ("coach",), by("kim"), person_id="kim")
            for name in teachers(school, 6):
                school.sharing.share(f"of-{name}", "kim", by(name), until_utc_ns=END_NS)
                school.audit.record_look(by(name), "lesson", f"of-{name}", lesson=f"of-{name}")
                note = Moment(
                    id=f"note-{name}", lesson=f"of-{name}", start_s=1.0, end_s=2.0, note="",
                    author=name, role="teacher",
                )  # fmt: skip
                school.lessons.put_moment(note)
        settings = ServerSettings(
            site="hill", data_dir=folder, school=SchoolSettings(database_url=url)
        )
        with closing(open_school_database(folder, url)) as database:
            now = Situation(settings=settings, database=database, utc_ns=NOW_NS, version="")
            found.append([inventory(now), kept(now), rights(now), use(now)[0]])
    assert found[0] == found[1]
    assert "'share with someone who is coach', '6', '6'" in str(found[1])
    assert "'notes', '2025-11-18', '0', 'within the setting'" in str(found[1])


@given(n=st.integers(0, 40), has=st.integers(0, 40), several=st.booleans())
def test_neither_with_nor_without_a_factor_is_a_small_group_shown(
    n: int, has: int, several: bool
) -> None:
    has = min(n, has)
    settings = ServerSettings(site="hill", more_sites=("river",) if several else ())
    now = Situation(settings=settings, database=None, utc_ns=0, version="")  # type: ignore[arg-type]
    if _with_factor(now, "teacher", n, has) != "not shown":
        limit = 10 if several else 5
        assert all(not 0 < group < limit for group in (n, has, n - has))


def test_the_pack_is_of_every_school_of_the_server(school: School, tmp_path: Path) -> None:
    school.rooms.add_site(Site(name="river", title="River School"), by("ada"))
    for more, words in (
        ((), "hill"),
        (("river",), "hill, River School"),
        (tuple(f"s{number}" for number in range(7)), "hill, s0, s1, s2, s3, s4 +2"),
    ):
        with closing((now := situation(tmp_path, *more)).database):
            assert now.school == words
