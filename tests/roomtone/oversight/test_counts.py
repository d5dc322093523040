"""What is counted of people: nobody is found in a group below the limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.settings import ServerSettings
from roomtone.oversight.inventory import inventory
from roomtone.oversight.rights import _with_factor, rights
from roomtone.oversight.situation import Situation
from roomtone.oversight.use import use
from school import School, open_school
from school.audit.actor import Actor
from school.database import open_school_database
from tests.full_school import lesson
from tests.signed_in import open_test_school

NOW_NS = 1_763_460_300_000_000_000
END_NS = NOW_NS + 86_400_000_000_000


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    open_test_school(tmp_path).close()
    with closing(open_school(tmp_path)) as made:
        yield made


def situation(folder: Path, *more_sites: str) -> Situation:
    settings = ServerSettings(site="hill", more_sites=more_sites, data_dir=folder)
    return Situation(
        settings=settings, database=open_school_database(folder), utc_ns=NOW_NS, version=""
    )


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


def rows(folder: Path, grid_name: str, *more_sites: str) -> dict[tuple[str, ...], str]:
    now = situation(folder, *more_sites)
    with closing(now.database):
        document, _is_whole = use(now)
    grid = next(each for each in document.grids() if each.name == grid_name)
    return {row[:2] if grid_name != "sharing" else row[:1]: row[-1 if grid_name != "sharing" else 1]
            for row in grid.rows}  # fmt: skip


def test_who_shares_is_counted_and_a_small_group_is_not_even_a_difference(
    school: School, tmp_path: Path
) -> None:
    for coach in ("kim", "rob"):
        school.people.add(coach, coach, ("coach",), by(coach), person_id=coach)
    names = teachers(school, 12)
    for name in names[:6]:
        school.sharing.share(f"of-{name}", "kim", by(name), until_utc_ns=END_NS)
    found = rows(tmp_path, "sharing")
    assert found == {
        ("have lessons",): "12", ("share with nobody",): "6",
        ("share with someone who is coach",): "6",
    }  # fmt: skip
    # Of ten who share, two do not: 12 - 10 would show two.
    for name in names[6:10]:
        school.sharing.share(f"of-{name}", "rob", by(name), until_utc_ns=END_NS)
    assert rows(tmp_path, "sharing") == {
        ("have lessons",): "12", ("share with nobody",): "not shown",
        ("share with someone who is coach",): "not shown",
    }  # fmt: skip
    # Where several schools read the pack, six are few.
    assert set(rows(tmp_path, "sharing", "river").values()) == {"12", "not shown"}


def test_a_month_is_shown_from_five_people_on(school: School, tmp_path: Path) -> None:
    names = teachers(school, 6)
    for name in names[:4]:
        school.audit.record_export(
            by(name), "lesson", f"of-{name}", lesson=f"of-{name}", file="table"
        )
    for name in names[:5]:
        school.audit.record_look(by(name), "lesson", f"of-{name}", lesson=f"of-{name}")
    found = rows(tmp_path, "audit")
    assert found["exported", "2025-11"] == "not shown: fewer than five people"
    assert found["saw", "2025-11"] == "5"
    assert rows(tmp_path, "exports")["table", "2025-11"] == "not shown: fewer than five people"
    assert rows(tmp_path, "audit", "river")["saw", "2025-11"] == "not shown: fewer than ten people"
    school.audit.record_export(by(names[4]), "lesson", "x", lesson=f"of-{names[4]}", file="table")
    assert rows(tmp_path, "exports")["table", "2025-11"] == "5"


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
    assert rows_of["lesson_owners"] == "fewer than five"
    assert rows_of["former_people"] == "0"
    for at in range(3):
        school.people.add(f"t{at}", f"t{at}", ("teacher",), by("t"), person_id=f"t{at}")
    people_of, rows_of = counted()
    assert people_of["teacher"] == "7"
    assert rows_of["people"] == "7"


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
