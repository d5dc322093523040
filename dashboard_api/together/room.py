"""The debriefs that are on: who is in each, who leads, and where its playhead stands.

All of it is in memory. A debrief is gone when the last one leaves; pages that come back after a
restart say where they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from contract.clock import SECOND_NS, Clock
from contract.language import _
from dashboard_api.together.messages import (
    FULL,
    REPLACED,
    ClosedError,
    Follow,
    Join,
    Known,
    Lead,
    Message,
    Move,
    Ping,
    Turn,
)
from dashboard_api.together.outgoing import Outgoing
from dashboard_api.together.place import Place
from dashboard_api.together.playhead import Playhead, moved

__all__ = ["AWAY_NS", "MAX_MEMBERS", "Member", "Room", "Rooms"]

MAX_MEMBERS: Final = 12
"""Pages in one debrief; it is a talk of two people."""
AWAY_NS: Final = 15 * SECOND_NS
"""Whoever leads and is away keeps the lead for so long, so that they can come back to it."""
_MS_NS: Final = 1_000_000

Key = tuple[str, str]
"""A person and their page."""
_SOMEBODY: Final[Key] = ("", "")
"""Who led before a restart, and is not back yet."""


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    """One page in a debrief."""

    person: str
    client: str
    name: str
    role: Literal["teacher", "coach"]
    outgoing: Outgoing
    number: int = 0
    """What the others know the page by."""
    follows: bool = True
    spare: Outgoing | None = None
    """Of its second socket."""
    last_move: int = 0

    @property
    def key(self) -> Key:
        return self.person, self.client


@dataclass(slots=True)
class Room:
    """The debrief of one lesson."""

    now_ns: Callable[[], int]
    """Since some time before; it never goes back."""
    members: list[Member] = field(default_factory=list)
    playhead: Playhead = field(default_factory=Playhead)
    leader: Key | None = None
    place: Place | None = None
    """In the agenda; None before somebody has begun it."""
    _away_since_ns: int | None = None
    _n: int = 0

    def enter(self, member: Member, join: Join) -> None:
        """Take a page in; it takes the place that it had before it was cut off.

        Raises ClosedError if there is no place.
        """
        for old in [each for each in self.members if each.key == member.key]:
            self.members.remove(old)
            old.outgoing.close(REPLACED, _("This page has connected again."))
        if len(self.members) >= MAX_MEMBERS:
            raise ClosedError(
                FULL, _("{n} pages are in this debrief; close one of them to join.", n=MAX_MEMBERS)
            )
        is_first = not self.members and not self.playhead.revision
        if is_first and join.known is not None:
            self._take_up(join.known)
        if (is_first and join.known is None) or (join.has_led and self.leader in {None, _SOMEBODY}):
            self.leader = member.key
        if self.leader == member.key:
            self._away_since_ns = None
        self._n += 1
        member.number = self._n
        self.members.append(member)
        member.outgoing.put("welcome", you=member.number)
        self._send_playhead(member)
        self._send_place(member)
        self._send_people()

    def attach(self, person: str, client: str, outgoing: Outgoing) -> Member | None:
        """A second socket of a page that is here; None if the page is not."""
        for member in self.members:
            if member.key == (person, client):
                if member.spare is not None:
                    member.spare.close(REPLACED, _("This page has connected again."))
                member.spare = outgoing
                return member
        return None

    def detach(self, member: Member, outgoing: Outgoing) -> None:
        """The second socket is gone; the page goes on without it."""
        if member.spare is outgoing:
            member.spare = None

    def leave(self, member: Member, *, is_for_good: bool) -> None:
        """A page is gone; one that was cut off may come back."""
        if member.spare is not None:
            member.spare.close(REPLACED, _("The page's first connection has ended."))
            member.spare = None
        if member not in self.members:  # it was replaced
            return
        self.members.remove(member)
        if member.key == self.leader:
            if is_for_good:
                self.leader = None
            else:
                self._away_since_ns = self.now_ns()
        self._send_people()

    def heard(self, member: Member, message: Message, heard_ns: int) -> None:
        """Do what one page says, which came at `heard_ns`."""
        if isinstance(message, Ping):
            member.outgoing.put("pong", number=message.number, heard_ms=heard_ns / _MS_NS)
        elif isinstance(message, Move):
            self._move(member, message)
        elif isinstance(message, Lead):
            self._lead(member)
            self._send_people()
        elif isinstance(message, Follow) and member.follows != message.is_on:
            member.follows = message.is_on
            self._send_people()
        elif isinstance(message, Turn):
            now = self.now_ns()
            self.place = (self.place or Place(message.step, now)).moved(message.step, now)
            for each in self.members:
                self._send_place(each)

    def tick(self) -> None:
        """Free the lead of someone who has not come back."""
        since = self._away_since_ns
        if since is not None and self.now_ns() - since >= AWAY_NS:
            self.leader = self._away_since_ns = None
            self._send_people()

    def _move(self, member: Member, said: Move) -> None:
        if said.number is not None:
            if said.number <= member.last_move:
                return
            member.last_move = said.number
        if self.leader is None:
            # Where nobody leads, who plays or seeks does.
            self._lead(member)
            self._send_people()
        if self.leader != member.key:
            self._send_playhead(member)
            return
        now = self.now_ns()
        self.playhead = moved(
            self.playhead,
            position_s=said.position_s,
            is_playing=said.is_playing,
            rate=said.rate,
            at_ns=None if said.at_ms is None else round(said.at_ms * _MS_NS),
            now_ns=now,
        )
        for each in self.members:
            if each is not member:
                self._send_playhead(each)

    def _lead(self, member: Member) -> None:
        self.leader = member.key
        self._away_since_ns = None
        member.follows = True

    def _take_up(self, known: Known) -> None:
        self.playhead = moved(
            self.playhead,
            position_s=known.position_s,
            is_playing=known.is_playing,
            rate=known.rate,
            at_ns=None,
            now_ns=self.now_ns() - round(known.age_ms * _MS_NS),
        )
        # Whoever led before comes back too, sooner or later than the others.
        self.leader, self._away_since_ns = _SOMEBODY, self.now_ns()
        if known.step is not None:
            self.place = Place(known.step, self.now_ns() - round(known.step_age_ms * _MS_NS))

    def _send_playhead(self, member: Member) -> None:
        head = self.playhead
        if not head.revision:
            return
        for outgoing in filter(None, (member.outgoing, member.spare)):
            outgoing.put(
                "playhead", revision=head.revision, position_s=head.position_s,
                is_playing=head.is_playing, rate=head.rate, at_ms=head.at_ns / _MS_NS,
            )  # fmt: skip

    def _send_place(self, member: Member) -> None:
        if self.place is not None:
            since_ms = self.place.since_ns / _MS_NS
            member.outgoing.put("agenda", step=self.place.step, since_ms=since_ms)

    def _send_people(self) -> None:
        people = [
            {
                "number": each.number, "name": each.name, "role": each.role,
                "leads": each.key == self.leader, "follows": each.follows,
            }
            for each in self.members
        ]  # fmt: skip
        for each in self.members:
            each.outgoing.put("people", people=people, has_leader=self.leader is not None)


class Rooms:
    """All debriefs that are on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._zero_ns = clock.elapsed_ns()
        self._rooms: dict[str, Room] = {}

    def now_ns(self) -> int:
        """The rooms' clock: real time since the program began, whatever a simulation does."""
        return self._clock.elapsed_ns() - self._zero_ns

    def enter(self, lesson: str, member: Member, join: Join) -> Room:
        room = self._rooms.setdefault(lesson, Room(self.now_ns))
        room.enter(member, join)
        return room

    def room_of(self, lesson: str) -> Room | None:
        return self._rooms.get(lesson)

    def leave(self, lesson: str, member: Member, *, is_for_good: bool) -> None:
        room = self._rooms.get(lesson)
        if room is None:
            return
        room.leave(member, is_for_good=is_for_good)
        if not room.members:
            del self._rooms[lesson]

    def tick(self) -> None:
        for room in self._rooms.values():
            room.tick()

    def __iter__(self) -> Iterator[tuple[str, Room]]:
        return iter(list(self._rooms.items()))
