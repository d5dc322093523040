"""One page's socket in a debrief, from its first message to its close."""

from __future__ import annotations

import asyncio
import json
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from contract.language import _, language, speaking
from dashboard_api.together.messages import (
    FLOOD,
    GARBAGE,
    REPLACED,
    SIGNED_OUT,
    TOO_LARGE,
    Allowance,
    ClosedError,
    Join,
    Move,
    Spare,
    read_message,
)
from dashboard_api.together.outgoing import Outgoing
from dashboard_api.together.rights import Pass
from dashboard_api.together.room import Member, Room, Rooms
from dashboard_api.together.signs import Signs, changed_parts
from dashboard_api.web.lookup import speaker_of
from dashboard_api.web.refusals import RefusalCounts
from school.sharing.policy import Reach

__all__ = ["JOIN_S", "Conversation"]

JOIN_S: Final = 10.0
"""The first message comes within this time."""
_LEFT: Final = frozenset({1000, 1001})
"""The page was closed, or its person left the debrief."""
_BAD: Final = frozenset({GARBAGE, TOO_LARGE, FLOOD})
_MS_NS: Final = 1_000_000


class Conversation:
    """Reads what a page says, and sends it what there is to say."""

    def __init__(
        self, socket: WebSocket, rooms: Rooms, card: Pass, reach: Reach, counts: RefusalCounts
    ) -> None:
        self.card = card
        self.outgoing = Outgoing()
        self._socket = socket
        self._rooms = rooms
        self._role = speaker_of(reach)
        self._counts = counts
        self._allowance = Allowance()
        self._member: Member | None = None
        self._is_left = False
        self._language = language()
        self._signs: Signs | None = None
        """What its person saw when we looked last."""

    async def run(self) -> None:
        writing = asyncio.create_task(self._write(), name="debrief")
        try:
            await self._read()
        except ClosedError as error:
            self.end(error)
        except BaseException:
            # Else the writer would wait for ever, and the page with it.
            self.outgoing.end()
            raise
        else:
            self.outgoing.end()
        finally:
            if self._member is not None:
                self._rooms.leave(self.card.lesson_id, self._member, is_for_good=self._is_left)
            await writing

    async def look(self, *, for_changes: bool) -> None:
        """Close the socket of who may not see the lesson any more; announce what has changed."""
        with speaking(self._language):
            await self._look(for_changes=for_changes)

    async def _look(self, *, for_changes: bool) -> None:
        try:
            if self._signs is None or not for_changes:
                await self.card.check()
                return
            signs = await self.card.signs()
        except ClosedError as error:
            self.end(error)
            return
        parts = changed_parts(self._signs, signs)
        self._signs = signs
        self.outgoing.changed(parts)

    def end(self, error: ClosedError) -> None:
        """Close the socket with a sentence for the page."""
        if error.code in _BAD:
            self._counts.add("messages")
        self.outgoing.close(error.code, str(error))

    async def _read(self) -> None:
        """Until the page is gone; raises ClosedError."""
        try:
            async with asyncio.timeout(JOIN_S):
                first = await self._next()
        except TimeoutError:
            raise ClosedError(
                GARBAGE, _("The page did not join within {s} s.", s=f"{JOIN_S:g}")
            ) from None
        if first is None:
            return
        room: Room | None = None
        member: Member | None = None
        while first is not None:
            heard_ns = self._rooms.now_ns()
            self._allowance.take(heard_ns)
            message = read_message(first)
            if room is None and isinstance(message, Join):
                self._signs = await self.card.signs()
            else:
                await self.card.check()
            if room is None or member is None:
                if isinstance(message, Spare):
                    await self._read_spare(message)
                    return
                if not isinstance(message, Join):
                    raise ClosedError(GARBAGE, _("The first message of a debrief is to join it."))
                member = self._member_of(message)
                room = self._rooms.enter(self.card.lesson_id, member, message)
                self._member = member
            elif isinstance(message, Join | Spare):
                raise ClosedError(GARBAGE, _("The page is in the debrief already."))
            else:
                room.heard(member, message, heard_ns)
            first = await self._next()

    async def _read_spare(self, spare: Spare) -> None:
        """The moves that come on a page's second socket, as long as both are open."""
        self._check_person(spare)
        room = self._rooms.room_of(self.card.lesson_id)
        member = None
        if room is not None:
            member = room.attach(spare.person, spare.client, self.outgoing)
        if room is None or member is None:
            raise ClosedError(REPLACED, _("The page's first connection has ended."))
        try:
            while (text := await self._next()) is not None:
                heard_ns = self._rooms.now_ns()
                self._allowance.take(heard_ns)
                message = read_message(text)
                await self.card.check()
                if not isinstance(message, Move):
                    raise ClosedError(GARBAGE, _("A second connection carries moves alone."))
                if member.spare is self.outgoing:
                    room.heard(member, message, heard_ns)
        finally:
            room.detach(member, self.outgoing)

    def _check_person(self, first: Join | Spare) -> None:
        if first.person != self.card.viewer.person.id:
            raise ClosedError(SIGNED_OUT, _("Somebody else is signed in in this browser by now."))

    def _member_of(self, join: Join) -> Member:
        self._check_person(join)
        person = self.card.viewer.person
        return Member(
            person=person.id, client=join.client, name=person.name, role=self._role,
            outgoing=self.outgoing,
        )  # fmt: skip

    async def _next(self) -> str | None:
        """The next message; None when the page is gone."""
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            self._is_left = message.get("code") in _LEFT
            return None
        text = message.get("text")
        # Bytes are refused with everything else that is no message.
        return "" if text is None else str(text)

    async def _write(self) -> None:
        while True:
            messages, close = await self.outgoing.next()
            try:
                for message in messages:
                    if message["type"] == "pong":
                        message["sent_ms"] = self._rooms.now_ns() / _MS_NS
                    await self._socket.send_text(json.dumps(message))
                if close is not None:
                    await self._socket.close(*close)
            except WebSocketDisconnect:
                return  # the reader notices it too
            if close is not None or not messages:
                return
