"""A lesson of Ada's that Kim and Lou may be asked to observe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest

from contract.clock import SECOND_NS, ManualClock
from contract.lesson import Zone
from dashboard_api.app import create_app
from dashboard_api.web.store_thread import Stores
from school.audit.actor import Actor
from school.lessons.records import Lesson
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import BY, add_person, cookie

MINUTE_NS = 60 * SECOND_NS
ZONES = tuple(
    Zone(name=name, seats=tuple(range(first, first + 6)))
    for name, first in (("Window", 1), ("Front", 7), ("Door", 13))
)


@dataclass
class Class:
    """The pages of a school, at a minute of the lesson and as somebody."""

    stores: Stores
    pages: Pages
    clock: ManualClock

    def at(self, second: float) -> None:
        self.clock.utc_at_boot_ns = START_NS + round(second * SECOND_NS)

    def browser(self, person: str) -> AbstractContextManager[Pages]:
        return self.pages.browser(cookie(self.stores.people, self.clock.utc_ns(), person))

    def ask(self, *people: str) -> None:
        by = Actor(name="Ada", utc_ns=self.clock.utc_ns(), person="ada")
        for person in people:
            self.stores.sharing.observers.ask("maths", person, by)


@pytest.fixture
def lesson(stores: Stores) -> Iterator[Class]:
    """It lasts 45 minutes, and five have passed."""
    add_person(stores.people, "ada", "teacher")
    stores.sharing.tie_name("Ms Ada", "ada", BY)
    for person, role in (("kim", "coach"), ("lou", "teacher"), ("eve", "technician")):
        add_person(stores.people, person, role)
    stores.lessons.put(
        Lesson(
            id="maths", room="r1", teacher="Ms Ada", title="Fractions", starts_utc_ns=START_NS,
            ends_utc_ns=START_NS + 45 * MINUTE_NS, source="timetable", zones=ZONES,
        )
    )  # fmt: skip
    clock = ManualClock(now_ns=0, utc_at_boot_ns=START_NS + 5 * MINUTE_NS)
    with Pages(create_app(lambda: stores, clock=clock)) as pages:
        yield Class(stores, pages, clock)
