"""A room as a technician needs it: its kits, live or not, since when, and what to do.

Nothing of a lesson stands here but that one is on: no title, no teacher, no movement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from contract.language import N_, _
from dashboard_api.live.pauses import kit_pause_words
from dashboard_api.live.sentences import RoomFacts, room_sentence, when_text
from dashboard_api.live.view import NodeReport
from dashboard_api.rooms.kit_lines import kit_lines
from ingest.fleet.facts import KitFacts
from ingest.fleet.preflight import Preflight
from ingest.fleet.trouble import Trouble, locked_out_text
from school.control.records import KitRequest

__all__ = [
    "KitCard",
    "Mark",
    "RoomCard",
    "advice_text",
    "asked_text",
    "kit_card",
    "planned_card",
    "room_card",
]

_SILENT: Final = N_("Check the cables between the kit and its sensors, and its network connection.")
_NOT_SENSING: Final[Mapping[str, str]] = MappingProxyType({
    "serial": N_("The sensors’ cable or hub does not answer: check the cable between kit and seats."),
    "unused": N_("Its sensors send data that can’t be used: check their firmware and their cables."),
    "off": N_("It does not know of the lesson: if this lasts, check its network connection."),
    "paused": N_("Someone has paused it: resume it if the lesson is to be sensed."),
})  # fmt: skip
"""What to do about a kit that answers without readings, for the reasons of `NOT_SENSING`."""

Mark = Literal["fine", "check", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KitCard:
    """A kit: whether it is live, since when not, and what to do."""

    node: str
    is_live: bool
    words: str
    since: str
    seats: int
    to_do: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What can wait."""
    lines: tuple[tuple[str, str], ...] = ()
    """What it reports of itself: a word and its value each."""
    asked: str = ""
    """What it was asked to do last, and what became of that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomCard:
    """A room with its kits."""

    room: str
    mark: Mark
    sentence: str
    kits: tuple[KitCard, ...]
    title: str = ""
    school: str = ""
    """Which one it is of; empty for a room that is not described."""
    is_described: bool = False
    ready: Preflight | None = None
    """Whether it is ready for a lesson; None for a room of the timetable alone."""
    to_do: tuple[str, ...] = ()
    """What is wrong between its kits."""

    @property
    def live(self) -> int:
        """How many of its kits are live."""
        return sum(kit.is_live for kit in self.kits)


def room_card(
    facts: RoomFacts,
    kits: Sequence[KitCard],
    *,
    ready: Preflight | None = None,
    troubles: Sequence[Trouble] = (),
    title: str | None = None,
    school: str = "",
) -> RoomCard:
    """The room; it is to be checked if a kit is, or if nothing is sensed in a lesson.

    `title` is None for one that is not described.
    """
    is_wrong = any(kit.to_do for kit in kits) or facts.state == "silent" or bool(troubles)
    return RoomCard(
        room=facts.room,
        mark="none" if not kits else "check" if is_wrong else "fine",
        sentence=room_sentence(facts),
        kits=tuple(kits),
        title=title or "",
        school=school,
        is_described=title is not None,
        ready=ready if kits else None,
        to_do=tuple(trouble.text for trouble in troubles),
    )


def asked_text(request: KitRequest | None, time: str) -> str:
    """The last command to a kit, asked for at `time`, and its answer in the kit's own words."""
    if request is None:
        return ""
    if request.command == "identify":
        text = _("Asked at {time} to show itself", time=time)
    elif request.command == "restart":
        text = _("Asked at {time} to start again", time=time)
    elif request.command == "release":
        text = _("Asked at {time} that its button pauses the room no longer", time=time)
    else:
        text = _("Asked at {time}: “{command}”", time=time, command=request.command)
    if request.is_done is None:
        return _("{asked}: no answer yet.", asked=text)
    if request.is_done:
        return _("{asked}: done.", asked=text)
    return _("{asked}: not done ({why}).", asked=text, why=request.why)


def planned_card(kit: KitFacts, troubles: Sequence[Trouble]) -> KitCard:
    """A kit that is described and has never reported."""
    return KitCard(
        node=kit.node, is_live=False, words=_("Not set up yet"), since=_("none yet"),
        seats=len(kit.seats), to_do=tuple(trouble.text for trouble in troubles),
    )  # fmt: skip


def kit_card(
    node: NodeReport,
    facts: RoomFacts,
    findings: Sequence[tuple[str, str]],
    *,
    kit: KitFacts | None = None,
    troubles: Sequence[Trouble] = (),
    is_locked_out: bool = False,
) -> KitCard:
    """A kit; `findings` are what `roomtone doctor` says of it, each with its advice."""
    has_lesson = facts.state != "off"
    to_do = [trouble.text for trouble in troubles if trouble.state == "wrong"]
    to_do += [advice_text(*each) for each in findings]
    is_live, words = node.is_up, _("On; it waits for the next lesson")
    if not node.is_up and is_locked_out:
        words = _("Locked out")
        to_do.insert(0, locked_out_text(node.node))
    elif not node.is_up:
        words = _("Off or out of reach")
        to_do.insert(
            0,
            _("A lesson is on: switch it on, and check its power and its network connection.")
            if has_lesson
            else _(
                "Before the next lesson: switch it on, and check its power and its network connection."
            ),
        )
    elif facts.state == "not_received":
        is_live, words = False, _("Not known: the server receives nothing")
    elif pause_words := kit_pause_words(node):
        words = f"{pause_words[:1].upper()}{pause_words[1:]}"
        if facts.pause is None:  # the room's other kits sense
            to_do.append(_(_NOT_SENSING["paused"]))
    elif facts.pause is not None and node.node in facts.pause.still:
        words = _("Still senses: it has not heard of the pause yet") if has_lesson else words
    elif has_lesson and node.is_heard and not facts.not_sensing:
        words = _("Sensing")
    elif facts.state == "waiting":
        words = _("On; the lesson has just started")
    elif has_lesson:
        is_live, words = False, _("On, but no readings arrive")
        if not to_do:
            to_do.append(_(_NOT_SENSING.get(facts.not_sensing, _SILENT)))
    seats = set() if node.birth is None else {s for hub in node.birth.hubs for s in hub.seats}
    return KitCard(
        node=node.node, is_live=is_live, words=words, since=_since(node, facts),
        seats=len(seats), to_do=tuple(to_do),
        notes=tuple(trouble.text for trouble in troubles if trouble.state == "note"),
        lines=() if kit is None else tuple(kit_lines(kit, facts)),
    )  # fmt: skip


def advice_text(said: str, advice: str) -> str:
    """A finding of the doctor as sentences; its commands stand in quotation marks."""
    text = _("{said}. To do: {advice}.", said=f"{said[:1].upper()}{said[1:]}", advice=advice)
    return re.sub("`([^`]*)`", r"“\1”", text)


def _since(node: NodeReport, facts: RoomFacts) -> str:
    newest = node.newest_utc_ns
    if newest is None:
        return _("none yet")
    if node.is_heard and facts.state in {"sensing", "unscored"} and not facts.not_sensing:
        return _("now")
    return when_text(newest, facts)
