"""A small programme for the browser's tests: schools, a group of them, and weeks that people kept."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.ledger.records import Costs, Week
from school.programme.coverage import RoomUse, coverage_rows
from school.programme.records import SchoolGroup
from school.programme.tables import coverage_months
from school.programme.waves import Criterion, Wave
from school.rooms.records import Site
from tests.signed_in import TEACHER

__all__ = ["BY", "START", "roll_out", "run_a_programme"]

BY = Actor(name="a test", utc_ns=1)
START = date(2025, 7, 14)
COUNTED_NS = 1_758_531_600 * SECOND_NS
"""Monday, 22 September 2025, in the morning."""


def run_a_programme(school: Any) -> None:
    """Twelve people save an hour a week or so, at no school, in a sheet; once for a server."""
    stores = school.stores
    if stores.ledger.costs().starts_on is not None:
        return
    for name, title in (("ash", "Ash School"), ("birch", "Birch School")):
        stores.rooms.add_site(Site(name=name, title=title), BY)
    group = SchoolGroup(name="north", title="The north", sites=frozenset({"ash"}))
    stores.programme.put_group(group, BY)
    stores.ledger.put_costs(Costs(starts_on=START, hour_cost=45.0, kit_cost=320.0), BY)
    for number in range(12):
        person = f"keeper-{number}" if number else TEACHER
        if number:
            stores.people.add(person, person, ["coach"], BY, person_id=person)
        weeks = [
            Week(
                monday=START + timedelta(days=7 * at), visiting=90,
                travelling=60 + 10 * number if at < 0 else 20,
            )
            for at in (-2, -1, 0, 1)
        ]  # fmt: skip
        stores.ledger.put_weeks(person, weeks, 1)
    last_day = START + timedelta(weeks=8, days=-1)
    counted = replace(BY, utc_ns=COUNTED_NS)
    stores.worth_sheets.count(last_day, counted, zone=None, today=last_day + timedelta(days=1))


def roll_out(school: Any) -> None:
    """A wave of each of two schools, and two months of these and a third one that are counted."""
    run_a_programme(school)
    stores = school.stores
    if stores.waves.waves():
        return
    criteria = (
        Criterion(figure="with_cycle", at_least=40.0),
        Criterion(figure="running", at_least=95.0),
        Criterion(figure="own", at_least=2.0, words="Schools with a coach"),
    )
    waves = [
        Wave(name="first", title="First wave", starts_on=date(2025, 9, 1),
             sites=frozenset({"ash"}), criteria=criteria),
        Wave(name="second", title="Second wave", starts_on=date(2025, 10, 6),
             sites=frozenset({"birch"})),
    ]  # fmt: skip
    for wave in waves:
        stores.waves.put(wave, BY)
    sites_of = {f"{site}-{number}": site
                for site, size in (("ash", 31), ("birch", 28), ("cedar", 12))
                for number in range(size)}  # fmt: skip
    titles = {"ash": "Ash School", "birch": "Birch School", "cedar": "Cedar School"}
    rooms = [RoomUse(site=site, lessons=20, sensed=20 - at) for site in titles for at in range(6)]
    for month, every in (("2025-09", 5), ("2025-10", 2)):
        with_cycle = {person for at, person in enumerate(sites_of) if at % every == 0}
        rows = coverage_rows(
            list(sites_of), with_cycle, rooms, sites_of, stores.programme.groups(), titles,
            [SchoolGroup(name=wave.name, title=wave.title, sites=wave.sites) for wave in waves],
        )  # fmt: skip
        body = json.dumps([asdict(row) for row in rows])
        with stores.coverage._database.writing() as connection:
            values = {"month": month, "body": body, "counted_utc_ns": school.clock.utc_ns()}
            connection.execute(insert(coverage_months), values)
