"""How long teacher and coach were in a debrief together: whole minutes, and for the two alone."""

from __future__ import annotations

from datetime import date
from typing import Literal

import pytest

from contract.clock import SECOND_NS, ManualClock
from contract.errors import StoreError
from dashboard_api.together.messages import Join
from dashboard_api.together.outgoing import Outgoing
from dashboard_api.together.room import Member, Rooms
from dashboard_api.together.talks import EVERY_S, Talks
from tests.signed_in import COACH, TEACHER, add_person

DAY = date(2025, 11, 18)


class Debrief:
    """Rooms of which a test says who is in them, and how time passes."""

    def __init__(self, client) -> None:
        self.clock = ManualClock(now_ns=SECOND_NS)
        self.rooms = Rooms(self.clock)
        self.client = client
        self.talks = Talks(self.rooms, client.app.state.zone)

    def enter(
        self, person: str, role: Literal["teacher", "coach"], page: int = 1, lesson: str = "sample"
    ) -> Member:
        client = f"{page:016x}"
        member = Member(person=person, client=client, name=person, role=role, outgoing=Outgoing())
        self.rooms.enter(lesson, member, Join(type="join", client=client, person=person))
        return member

    def leave(self, member: Member) -> None:
        self.rooms.leave("sample", member, is_for_good=True)

    def passes(self, seconds: float) -> None:
        """In rounds as the program looks."""
        for _ in range(round(seconds / EVERY_S)):
            self.clock.advance(EVERY_S)
            self.look()

    def look(self) -> None:
        self.client.run(self.talks.round(self.client.app.state.store_thread))


@pytest.fixture
def debrief(client, coach, filled) -> Debrief:
    return Debrief(client)


def kept(stores) -> list[tuple[str, date, int]]:
    return [(one.person, one.day, one.minutes) for one in stores.sharing.talks.of_lesson("sample")]


def test_the_time_when_both_are_there_is_added_up(debrief, stores):
    teacher = debrief.enter(TEACHER, "teacher")
    debrief.passes(600)
    assert kept(stores) == []
    coach = debrief.enter(COACH, "coach")
    debrief.look()
    debrief.passes(150)
    assert kept(stores) == [(COACH, DAY, 2)]
    # Alone again; then back for the rest of the third minute.
    debrief.leave(coach)
    debrief.passes(600)
    assert kept(stores) == [(COACH, DAY, 2)]
    debrief.enter(COACH, "coach")
    debrief.look()
    debrief.passes(35)
    assert kept(stores) == [(COACH, DAY, 3)]
    debrief.leave(teacher)
    debrief.passes(120)
    assert kept(stores) == [(COACH, DAY, 3)]


def test_less_than_a_minute_and_one_person_in_two_windows_is_no_talk(debrief, stores):
    first, second = debrief.enter(TEACHER, "teacher"), debrief.enter(TEACHER, "teacher", 2)
    debrief.passes(300)
    coach = debrief.enter(COACH, "coach")
    debrief.passes(60)  # the first round only sees that they are there
    for member in (first, second, coach):
        debrief.leave(member)
    debrief.passes(10)
    debrief.enter(TEACHER, "teacher")
    debrief.enter(COACH, "coach")
    debrief.passes(55)
    assert kept(stores) == []


def test_two_windows_of_one_coach_count_once_and_coaches_alone_not(debrief, stores):
    add_person(stores.people, "another", "coach")
    debrief.enter("another", "coach")
    debrief.enter(COACH, "coach")
    debrief.passes(300)
    assert kept(stores) == []
    debrief.enter(COACH, "coach", 2)
    debrief.enter(TEACHER, "teacher", 3)
    debrief.look()
    debrief.passes(60)
    assert sorted(kept(stores)) == [("another", DAY, 1), (COACH, DAY, 1)]


def test_a_computer_that_slept_was_in_no_talk(debrief, stores):
    debrief.enter(TEACHER, "teacher")
    debrief.enter(COACH, "coach")
    debrief.look()
    debrief.clock.advance(8 * 3_600)
    debrief.look()
    debrief.passes(35)
    assert kept(stores) == [(COACH, DAY, 1)]


def test_what_could_not_be_kept_is_kept_later(debrief, stores, monkeypatch):
    debrief.enter(TEACHER, "teacher")
    debrief.enter(COACH, "coach")
    debrief.look()
    add = stores.sharing.talks.add

    def fail(*_: object) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(stores.sharing.talks, "add", fail)
    debrief.passes(55)
    with pytest.raises(StoreError):
        debrief.passes(5)
    monkeypatch.setattr(stores.sharing.talks, "add", add)
    debrief.passes(60)
    assert kept(stores) == [(COACH, DAY, 2)]
