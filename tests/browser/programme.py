"""A small programme for the browser's tests: schools, a group of them, and weeks that people kept."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from school.audit.actor import Actor
from school.ledger.records import Costs, Week
from school.programme.records import SchoolGroup
from school.rooms.records import Site
from tests.signed_in import TEACHER

__all__ = ["BY", "START", "run_a_programme"]

BY = Actor(name="a test", utc_ns=1)
START = date(2025, 11, 3)


def run_a_programme(school: Any) -> None:
    """Twelve people save an hour a week or so, and belong to no school; once for a server."""
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
