"""Passes on what people ask of single kits as commands, and keeps the kits' answers.

The school's database has the last command to each kit. It is sent again until the kit answers, which
obeys it once; after a minute it counts as not answered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.errors import DecodeError
from contract.topics import Topic
from contract.wire.messages import Command, CommandResult
from ingest.nodes.message import NodeMessage
from school.control.records import KitRequest
from school.lessons.protocol import RoomSchedule

__all__ = ["RELEASE", "KitRequests"]

RELEASE: Final = "release"
"""What no kit is asked: that its button pauses its room no longer."""

_LOG = logging.getLogger("ingest")
_LOOK_EACH_NS: Final = SECOND_NS // 2
_SEND_EACH_NS: Final = 5 * SECOND_NS
_GIVE_UP_NS: Final = 60 * SECOND_NS
_NO_ANSWER: Final = "the kit did not answer within a minute"
_UNKNOWN: Final = "no kit of this name has reported from this room"
_MAX_ANSWERS: Final = 64


class KitRequests:
    """Owned by ingest's loop."""

    def __init__(self, *, lessons: RoomSchedule, clock: Clock) -> None:
        self._lessons = lessons
        self._clock = clock
        self._version: int | None = None
        self._looked_ns: int | None = None
        self._open: dict[str, KitRequest] = {}
        self._sent_ns: dict[str, int] = {}
        self._answers: list[CommandResult] = []
        self._releases: dict[str, tuple[str, KitRequest]] = {}

    def take(self, message: NodeMessage) -> bool:
        """Take a kit's answer; False if the message is something else."""
        if not message.topic.endswith("/command/result"):
            return False
        try:
            result = CommandResult.decode(message.payload)
        except DecodeError as error:
            _LOG.warning("An answer on %s is not usable: %s", message.topic, error)
            return True
        kit = Topic.parse(message.topic)
        asked = self._open.get(result.id)
        # Only the kit that was asked answers; results of other programs' commands are not kept here.
        if asked is not None and (asked.room, asked.node) == (kit.room, kit.node):
            self._answers.append(result)
            del self._answers[:-_MAX_ANSWERS]
        return True

    def due(
        self, sites_of: Callable[[], dict[tuple[str, str], str]]
    ) -> Iterator[tuple[str, Command]]:
        """(topic, command) of what is to be sent now; `sites_of` gives the site of each room's kit."""
        now_ns = self._clock.elapsed_ns()
        if self._looked_ns is not None and now_ns - self._looked_ns < _LOOK_EACH_NS:
            return
        self._looked_ns = now_ns
        self._keep_answers()
        version = self._lessons.version()
        if version != self._version:
            self._open = {each.id: each for each in self._lessons.orders.requests()}
            self._sent_ns = {id_: at for id_, at in self._sent_ns.items() if id_ in self._open}
            self._version = version
        known = sites_of() if self._open else {}
        for request in list(self._open.values()):
            site = known.get((request.room, request.node))
            if site is None:
                self._close(request.id, _UNKNOWN)
            elif self._clock.utc_ns() - request.asked_utc_ns > _GIVE_UP_NS:
                self._releases.pop(request.id, None)
                self._close(request.id, _NO_ANSWER)
            elif request.command == RELEASE:
                self._releases[request.id] = site, request
            elif now_ns - self._sent_ns.get(request.id, -_SEND_EACH_NS) >= _SEND_EACH_NS:
                self._sent_ns[request.id] = now_ns
                command = Command.from_map(
                    {"id": request.id, "command": request.command, "hub": request.hub}
                )
                yield str(Topic(site, request.room, request.node, "command")), command

    def releases(self) -> list[tuple[str, KitRequest]]:
        """The kits with their sites whose buttons are to pause their rooms no longer."""
        return list(self._releases.values())

    def close_release(self, request: str, why: str) -> None:
        """It is done, or `why` says what keeps it from being done."""
        self._lessons.orders.answer(request, is_done=not why, why=why)
        self._releases.pop(request, None)
        self._open.pop(request, None)

    def _keep_answers(self) -> None:
        while self._answers:
            answer = self._answers[0]
            self._lessons.orders.answer(answer.id, is_done=answer.is_done, why=answer.why)
            self._open.pop(answer.id, None)
            self._answers.pop(0)

    def _close(self, request: str, why: str) -> None:
        self._lessons.orders.answer(request, is_done=False, why=why)
        self._open.pop(request, None)
