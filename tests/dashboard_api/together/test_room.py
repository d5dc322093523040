"""Who leads a debrief, and what each page hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.together.messages import (
    FULL,
    REPLACED,
    ClosedError,
    Follow,
    Join,
    Known,
    Lead,
    Move,
    Ping,
    Turn,
)
from dashboard_api.together.outgoing import Outgoing
from dashboard_api.together.room import AWAY_NS, MAX_MEMBERS, Member, Room, Rooms
from dashboard_api.views.agenda import AGENDA


class Page:
    """One page, and what it has heard last of each kind."""

    def __init__(self, person: str, number: int = 1) -> None:
        self.join = Join(type="join", client=f"{number:016x}", person=person)
        self.member = self._made()

    def _made(self) -> Member:
        return Member(
            person=self.join.person, client=self.join.client, name=self.join.person.title(),
            role="teacher", outgoing=Outgoing(),
        )  # fmt: skip

    def enters(self, rooms: Rooms, **joined: Any) -> Room:
        self.member = self._made()
        return rooms.enter("lesson", self.member, self.join.model_copy(update=joined))

    def heard(self, kind: str) -> dict[str, Any] | None:
        return self.member.outgoing._waiting.get(kind)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(now_ns=90 * SECOND_NS)


@pytest.fixture
def rooms(clock: ManualClock) -> Rooms:
    return Rooms(clock)


def leader_of(page: Page) -> list[str]:
    people = page.heard("people")
    assert people is not None
    return [each["name"] for each in people["people"] if each["leads"]]


def move(position_s: float, *, is_playing: bool = False, at_ms: float | None = None) -> Move:
    return Move(type="move", position_s=position_s, is_playing=is_playing, rate=1.0, at_ms=at_ms)


def test_the_first_leads_until_another_takes_the_lead(rooms: Rooms) -> None:
    ada, ben = Page("ada"), Page("ben")
    room = ada.enters(rooms)
    ben.enters(rooms)
    assert leader_of(ada) == leader_of(ben) == ["Ada"]
    room.heard(ben.member, move(30.0), 0)
    assert room.playhead.revision == 0, "only who leads moves it"
    room.heard(ben.member, Lead(type="lead"), 0)
    assert leader_of(ada) == ["Ben"]
    room.heard(ben.member, move(30.0, is_playing=True), 0)
    head = ada.heard("playhead")
    assert head is not None
    assert (head["position_s"], head["is_playing"], head["at_ms"]) == (30.0, True, 0.0)
    assert ben.heard("playhead") is None, "who leads knows it"


def test_who_comes_later_hears_where_the_others_are(rooms: Rooms, clock: ManualClock) -> None:
    ada, ben = Page("ada"), Page("ben")
    room = ada.enters(rooms)
    clock.now_ns += 10 * SECOND_NS
    room.heard(ada.member, move(7.0, is_playing=True, at_ms=9_800.0), rooms.now_ns())
    ben.enters(rooms)
    head = ben.heard("playhead")
    assert head == {
        "type": "playhead", "revision": 1, "position_s": 7.0, "is_playing": True, "rate": 1.0,
        "at_ms": 9_800.0,
    }  # fmt: skip


def test_looking_alone_is_shown(rooms: Rooms) -> None:
    ada, ben = Page("ada"), Page("ben")
    ada.enters(rooms)
    room = ben.enters(rooms)
    room.heard(ben.member, Follow(type="follow", is_on=False), 0)
    people = ada.heard("people")
    assert people is not None
    assert [each["follows"] for each in people["people"]] == [True, False]


def test_a_leader_who_is_cut_off_has_the_lead_when_they_come_back(
    rooms: Rooms, clock: ManualClock
) -> None:
    ada, ben = Page("ada"), Page("ben")
    ada.enters(rooms)
    room = ben.enters(rooms)
    rooms.leave("lesson", ada.member, is_for_good=False)
    assert leader_of(ben) == []
    clock.now_ns += AWAY_NS - 1
    rooms.tick()
    ada.enters(rooms)
    assert leader_of(ben) == ["Ada"]
    clock.now_ns += AWAY_NS
    rooms.tick()
    assert leader_of(ben) == ["Ada"]

    rooms.leave("lesson", ada.member, is_for_good=False)
    clock.now_ns += AWAY_NS
    rooms.tick()
    room.heard(ben.member, move(3.0), 0)
    assert leader_of(ben) == ["Ben"], "where nobody leads, who moves does"
    ada.enters(rooms)
    assert leader_of(ada) == ["Ben"]


def test_a_leader_who_leaves_gives_up_the_lead(rooms: Rooms) -> None:
    ada, ben = Page("ada"), Page("ben")
    ada.enters(rooms)
    ben.enters(rooms)
    rooms.leave("lesson", ada.member, is_for_good=True)
    people = ben.heard("people")
    assert people is not None
    assert not people["has_leader"]


def test_a_page_that_connects_again_takes_its_own_place(rooms: Rooms) -> None:
    ada, same = Page("ada"), Page("ada")
    ada.enters(rooms)
    room = same.enters(rooms)
    assert room.members == [same.member]
    assert ada.member.outgoing._close is not None
    assert ada.member.outgoing._close[0] == REPLACED
    rooms.leave("lesson", ada.member, is_for_good=True)
    assert leader_of(same) == ["Ada"], "the old socket ends later and changes nothing"


@pytest.mark.parametrize("leader_first", (True, False))
def test_after_a_restart_all_is_as_it_was(
    rooms: Rooms, clock: ManualClock, *, leader_first: bool
) -> None:
    ada, ben = Page("ada"), Page("ben")
    clock.now_ns += 5 * SECOND_NS
    known = Known(position_s=100.0, is_playing=True, rate=1.0, age_ms=3_000.0)
    coming = [(ada, True), (ben, False)]
    for page, led in coming if leader_first else reversed(coming):
        room = page.enters(rooms, known=known, has_led=led)
    assert leader_of(ada) == leader_of(ben) == ["Ada"]
    assert room.playhead.position_at(rooms.now_ns()) == pytest.approx(103.0)


def test_after_a_restart_the_lead_waits_for_who_led(rooms: Rooms, clock: ManualClock) -> None:
    known = Known(position_s=100.0, is_playing=False, rate=1.0, age_ms=0.0)
    ada, ben = Page("ada"), Page("ben")
    room = ben.enters(rooms, known=known)
    room.heard(ben.member, move(3.0), 0)
    assert leader_of(ben) == []
    assert room.playhead.position_s == 100.0
    ada.enters(rooms, known=known, has_led=True)
    assert leader_of(ben) == ["Ada"]


def test_who_led_and_does_not_come_back_keeps_nobody_waiting(
    rooms: Rooms, clock: ManualClock
) -> None:
    ben = Page("ben")
    known = Known(position_s=100.0, is_playing=False, rate=1.0, age_ms=0.0)
    room = ben.enters(rooms, known=known)
    clock.now_ns += AWAY_NS
    rooms.tick()
    people = ben.heard("people")
    assert people is not None
    assert not people["has_leader"]
    room.heard(ben.member, move(3.0), 0)
    assert leader_of(ben) == ["Ben"]


def test_what_a_page_knows_does_not_move_a_debrief_that_is_on(rooms: Rooms) -> None:
    ada, ben = Page("ada"), Page("ben")
    room = ada.enters(rooms)
    room.heard(ada.member, move(5.0), 0)
    ben.enters(
        rooms, has_led=True, known=Known(position_s=9.0, is_playing=True, rate=1.0, age_ms=0.0)
    )
    assert room.playhead.position_s == 5.0
    assert leader_of(ada) == ["Ada"]


def test_nothing_is_left_when_the_last_one_has_gone(rooms: Rooms) -> None:
    ada = Page("ada")
    room = ada.enters(rooms)
    room.heard(ada.member, move(5.0), 0)
    rooms.leave("lesson", ada.member, is_for_good=True)
    assert list(rooms) == []
    assert Page("ben").enters(rooms).playhead.revision == 0


def test_a_debrief_has_so_many_pages(rooms: Rooms) -> None:
    for number in range(MAX_MEMBERS):
        Page("ada", number).enters(rooms)
    with pytest.raises(ClosedError) as refused:
        Page("ben").enters(rooms)
    assert refused.value.code == FULL


def test_what_waits_for_a_slow_page_does_not_grow(rooms: Rooms) -> None:
    ada, ben = Page("ada"), Page("ben")
    room = ada.enters(rooms)
    ben.enters(rooms)
    for second in range(500):
        room.heard(ada.member, move(float(second)), 0)
        room.heard(ben.member, Ping(type="ping", number=second), 0)
    assert len(ben.member.outgoing._waiting) <= 4
    head = ben.heard("playhead")
    assert head is not None
    assert head["position_s"] == 499.0


def test_the_agenda_is_shared_and_either_goes_on(rooms: Rooms, clock: ManualClock) -> None:
    ada, ben = Page("ada"), Page("ben")
    room = ada.enters(rooms)
    ben.enters(rooms)
    assert ben.heard("agenda") is None
    room.heard(ada.member, Turn(type="turn", step=0), 0)
    clock.now_ns += 300 * SECOND_NS
    for page in (ada, ben):  # both at once: it goes on by one
        room.heard(page.member, Turn(type="turn", step=1), 0)
        clock.now_ns += SECOND_NS
    assert ada.heard("agenda") == ben.heard("agenda")
    assert ben.heard("agenda") == {"type": "agenda", "step": 1, "since_ms": 300_000.0}
    later = Page("cleo")
    later.enters(rooms)
    assert later.heard("agenda") == ben.heard("agenda")


def test_after_a_restart_the_agenda_goes_on(rooms: Rooms, clock: ManualClock) -> None:
    clock.now_ns += 3 * SECOND_NS
    known = Known(
        position_s=1.0, is_playing=False, rate=1.0, age_ms=0.0, step=2, step_age_ms=600_000.0
    )
    ada = Page("ada")
    ada.enters(rooms, known=known, has_led=True)
    assert ada.heard("agenda") == {"type": "agenda", "step": 2, "since_ms": -597_000.0}


def test_the_agenda_is_45_minutes() -> None:
    assert sum(step.minutes for step in AGENDA) == 45
