"""Waves of a roll-out are alike in SQLite and in PostgreSQL, and in two programs at once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert

from contract.errors import UsageError
from school.programme.tables import coverage_months
from school.programme.waves import Criterion, Wave
from school.rooms.records import Site
from tests.conformance.ada import BY

WAVE = Wave(
    name="first", title="First", starts_on=date(2026, 1, 12), sites=frozenset({"ash", "birch"}),
    criteria=(
        Criterion(figure="running", at_least=80.0),
        Criterion(figure="own", at_least=2.5, words="Schools with a coach"),
        Criterion(figure="own", at_least=1.0, words="Agreed", value=0.0),
    ),
)  # fmt: skip
LATER = Wave(name="a-later-one", title="Second", starts_on=date(2026, 8, 31))


@pytest.fixture
def schools(programs: Any) -> Any:
    for name, title in (("ash", "Ash School"), ("birch", ""), ("cedar", "")):
        programs[0].rooms.add_site(Site(name=name, title=title), BY)
    programs[0].waves.put(WAVE, BY)
    return programs


def test_a_wave_comes_back_as_it_was_put_and_the_first_one_first(schools: Any) -> None:
    one, other = schools
    one.waves.put(LATER, BY)
    assert other.waves.waves() == [WAVE, LATER]
    changed = replace(WAVE, title="New", sites=frozenset({"ash"}), criteria=WAVE.criteria[1:])
    other.waves.put(changed, BY)
    assert one.waves.waves() == [changed, LATER]
    said = [entry.sentence for entry in one.audit.latest(limit=2)]
    assert "changed the description of wave first of the roll-out" in said[0]
    assert "described wave a-later-one of the roll-out" in said[1]


def test_the_same_again_is_no_change(schools: Any) -> None:
    one, _ = schools
    before = one.audit.latest(limit=1)
    one.waves.put(WAVE, BY)
    assert one.audit.latest(limit=1) == before


@pytest.mark.parametrize(
    ("wave", "sentence"),
    (
        (replace(LATER, sites=frozenset({"nowhere"})), "no school nowhere"),
        (replace(LATER, sites=frozenset({"cedar", "ash"})), "Ash School is in the wave First already"),
        (replace(LATER, title="x" * 200), "A title has at most"),
        (replace(LATER, name="Not A Name"), "name"),
    ),
)  # fmt: skip
def test_what_may_not_be_leaves_nothing(schools: Any, wave: Wave, sentence: str) -> None:
    one, other = schools
    with pytest.raises(UsageError, match=sentence):
        one.waves.put(wave, BY)
    assert other.waves.waves() == [WAVE]


def test_a_wave_never_takes_over_the_months_of_a_removed_one(schools: Any) -> None:
    one, other = schools
    row = {"kind": "wave", "name": "first"}
    month = {"month": "2026-02", "body": json.dumps([row]), "counted_utc_ns": 1}
    with one.waves._database.writing() as connection:
        connection.execute(insert(coverage_months), month)
    changed = replace(WAVE, title="Still the same")
    one.waves.put(changed, BY)
    one.waves.remove("first", BY)
    with pytest.raises(UsageError, match="earlier wave are counted under the name first"):
        other.waves.put(WAVE, BY)
    assert other.waves.waves() == []
    assert other.waves.add(WAVE, BY) == replace(WAVE, name="first-2")
    long = replace(LATER, name="l" * 32)
    assert [one.waves.add(long, BY).name for _ in range(2)] == ["l" * 32, "l" * 30 + "-2"]
    assert next(each.name for each in one.waves.waves()) == "first-2"


def test_a_wave_that_is_removed_frees_its_schools(schools: Any) -> None:
    one, other = schools
    assert one.waves.remove("first", BY)
    assert not other.waves.remove("first", BY)
    other.waves.put(replace(LATER, sites=WAVE.sites), BY)
    assert [each.name for each in one.waves.waves()] == ["a-later-one"]
    assert {site.name for site in one.rooms.sites()} == {"ash", "birch", "cedar"}
