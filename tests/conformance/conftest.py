"""The school's database as two programs open it, in each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from school import School, open_school
from tests.conformance.ada import BY, LESSON


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def programs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[School, School]]:
    """An empty school, twice."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").url()
    one, other = open_school(tmp_path, url), open_school(tmp_path, url)
    yield one, other
    one.close()
    other.close()


@pytest.fixture
def pair(programs: tuple[School, School]) -> tuple[School, School]:
    """Ada's lessons, and Kim is a coach."""
    one, _ = programs
    for name in ("ada", "kim"):
        one.people.add(name, name, ["teacher", "coach"], BY, person_id=name)
    one.sharing.tie_name("Ms Okafor", "ada", BY)
    one.lessons.put(LESSON)
    one.lessons.put(replace(LESSON, id="art", starts_utc_ns=3_000, ends_utc_ns=4_000))
    return programs
