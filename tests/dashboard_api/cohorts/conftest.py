"""A cohort that is being formed, with browsers of its coach and two teachers, and of a coach beside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.lessons.records import Lesson
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import COACH, TEACHER, add_person, cookie

ADA, ANOTHER = "ada-t", "another-coach"
WORDS = "Nobody spoke for four seconds after my question."


@dataclass
class Group:
    """A coach who leads, two teachers, a coach beside, and the store."""

    lead: Pages
    teacher: Pages
    ada: Pages
    other: Pages
    stores: Any
    id: str = ""

    def page(self, pages: Pages) -> str:
        answer = pages.get(f"/cohorts/{self.id}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, pages: Pages, path: str, **data: Any) -> Any:
        return pages.post(f"/cohorts/{self.id}{path}", data=data)

    def task(self) -> str:
        made = self.post(self.lead, "/tasks", question="How long do you wait?", due="2025-11-30")
        assert made.status_code == 303, made.text
        (task,) = self.stores.cohorts.tasks(self.id)
        return str(task.id)

    def answer(self, pages: Pages, task: str, **other: str) -> Any:
        data = {"lesson": "sample", "start": "1:00", "end": "2:00", "words": WORDS} | other
        return self.post(pages, f"/tasks/{task}/answer", **data)


@pytest.fixture
def group(client, filled, stores, clock) -> Iterator[Group]:
    now = clock.utc_ns()
    add_person(stores.people, COACH, "coach")
    add_person(stores.people, ADA, "teacher")
    add_person(stores.people, ANOTHER, "coach", "administrator", "privacy_officer")
    stores.sharing.tie_name("Ms Ada", ADA, Actor(name="a test", utc_ns=0))
    stores.lessons.put(
        Lesson(
            id="of-ada", room="room-9", teacher="Ms Ada", title="Poems", starts_utc_ns=START_NS,
            ends_utc_ns=START_NS + 600 * SECOND_NS, source="timetable",
        )
    )  # fmt: skip
    with ExitStack() as stack:
        pages = [
            stack.enter_context(client.browser(cookie(stores.people, now, person)))
            for person in (COACH, ADA, ANOTHER)
        ]
        made = Group(pages[0], client, pages[1], pages[2], stores)
        answer = made.lead.post("/cohorts", data={"title": "Wait time", "focus": "Think first"})
        assert answer.status_code == 303, answer.text
        made.id = answer.headers["location"].rpartition("/")[2]
        for person in (TEACHER, ADA):
            assert made.post(made.lead, "/invite", person=person).status_code == 303
        assert made.post(made.teacher, "/join").status_code == 303
        yield made
