"""What the live page says about a room: the headline, and what else is wrong.

A sentence says what happened, since when, and what to do. If several things fail, the one that
explains the others comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Final, Literal

from contract.clock import SECOND_NS
from dashboard_api.live.program_state import ProgramState
from dashboard_api.views.text import title_text
from school.lessons.records import Lesson

__all__ = [
    "LiveState",
    "RoomFacts",
    "room_sentence",
    "sentences",
    "server_sentences",
    "since_text",
]

LiveState = Literal["sensing", "unscored", "waiting", "silent", "not_received", "off"]

NOT_SENSING: Final[Mapping[str, str]] = MappingProxyType({
    "serial": "the sensors’ cable or hub does not answer. Check the cable between kit and seats",
    "unused": "its sensors send data that can’t be used. Ask a technician to check it",
    "off": "it does not know of the lesson yet. If this lasts, ask a technician to check it",
    "paused": "someone has paused it. Resume it if the lesson is to be sensed",
})  # fmt: skip
"""Why a kit that answers has no readings, and what to do, for the reasons that may last."""
_MEANWHILE: Final = "The kits keep what they sense, and send it later."
_ASK: Final = "Ask the person who runs the server to"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomFacts:
    """What the headline is made of."""

    state: LiveState
    room: str
    lesson: Lesson | None
    coming: Lesson | None
    now_utc_ns: int
    zone: tzinfo | None
    ingest: ProgramState
    score: ProgramState
    has_kit: bool = True
    """Whether any kit of this room has ever reported."""
    silent_since_utc_ns: int | None = None
    """When the last reading arrived, if none arrives."""
    unscored_since_utc_ns: int | None = None
    """When the last score came, if none comes."""
    not_sensing: str = ""
    """Why a kit that answers has no readings; a gap's reason."""
    is_kit_off: bool = False
    """Whether the room's kits have said that they are off, or the broker has for them."""
    wrong_clock: str = ""
    """The kit whose clock is wrong, and how, in words."""
    silent_kits: tuple[tuple[str, int], ...] = ()
    """Kits that fell silent in this lesson while others of the room are heard."""


def sentences(facts: RoomFacts) -> tuple[str, ...]:
    """The headline, then what else is wrong."""
    server = _server(facts)
    score = _score(facts, is_second=bool(server) or facts.state == "silent")
    lines: tuple[str, ...]
    match facts.state:
        case "off":
            lines = (_off(facts), server, score)
        case "not_received":
            lines = (server, score)
        case "unscored":
            lines = (score, server)
        case _:
            lines = (_kit(facts), server, score)
    others = [
        f"Nothing has arrived from the kit {name} since {since_text(since, facts)}, though another "
        "kit of this room is heard. Check that it has power and a network connection."
        for name, since in (facts.silent_kits if facts.state in {"sensing", "unscored"} else ())
    ]
    return tuple(line for line in (*lines, *others) if line)


def room_sentence(facts: RoomFacts) -> str:
    """What there is to know of a room for whoever looks after its kits."""
    if not facts.has_kit:
        return "No kit in this room has ever reported."
    if facts.state == "off":
        return "No lesson is on." + _next(facts)
    if facts.state == "not_received":
        return "A lesson is on, but the server receives nothing."
    if facts.state in {"sensing", "unscored"}:
        return "A lesson is on, and the room is being sensed."
    if facts.state == "waiting":
        return "A lesson has just started."
    return "A lesson is on, but nothing is being sensed."


def server_sentences(facts: RoomFacts) -> tuple[str, ...]:
    """What is wrong with the server's programs; `facts` are of no lesson."""
    return tuple(line for line in (_server(facts), _score(facts, is_second=False)) if line)


def since_text(utc_ns: int, facts: RoomFacts) -> str:
    """A time of day, with its day if that is not today."""
    then, now = (
        datetime.fromtimestamp(ns // SECOND_NS, tz=UTC).astimezone(facts.zone)
        for ns in (utc_ns, facts.now_utc_ns)
    )
    days = (now.date() - then.date()).days
    if days == 0:
        return f"{then:%H:%M}"
    if 0 < days < 7:
        return f"{then:%A}, {then:%H:%M}"
    return f"{then.day} {then:%B %Y}"


def _since(utc_ns: int | None, facts: RoomFacts) -> str:
    return "" if utc_ns is None else f" since {since_text(utc_ns, facts)}"


def _title(facts: RoomFacts) -> str:
    lesson = facts.lesson
    return "" if lesson is None else f"“{title_text(lesson.title, lesson.room)}”"


def _off(facts: RoomFacts) -> str:
    return f"Nothing is being sensed: no lesson is on in this room.{_next(facts)}"


def _next(facts: RoomFacts) -> str:
    if facts.coming is None:
        return ""
    starts, now = (
        datetime.fromtimestamp(ns // SECOND_NS, tz=UTC).astimezone(facts.zone)
        for ns in (facts.coming.starts_utc_ns, facts.now_utc_ns)
    )
    days = (starts.date() - now.date()).days
    day = f"{starts:%A}" if days < 7 else f"{starts.day} {starts:%B}"
    when = f"at {starts:%H:%M}" if days == 0 else f"on {day} at {starts:%H:%M}"
    return f" The next one starts {when}."


def _server(facts: RoomFacts) -> str:
    """What is wrong with receiving and keeping, if anything."""
    ingest = facts.ingest
    since = ingest.since_utc_ns
    missing: Sequence[tuple[str, int]] = ()
    if ingest.state == "gone":
        why = "its program “roomtone ingest” is not running"
        advice = f"{_ASK} start it."
    elif ingest.state == "hangs":
        why = "its program “roomtone ingest” does not answer"
        advice = f"{_ASK} restart it."
    elif ingest.state == "works" and ingest.missing:
        missing = sorted(ingest.missing, key=lambda each: each[0] == "link")
        name, since = missing[0]
        why = (
            "it has no connection to its message broker"
            if name == "link"
            else "it can’t write its data"
        )
        advice = f"{_ASK} look at “roomtone doctor”."
    else:
        return ""
    verb = "kept" if missing and missing[0][0] != "link" else "received"
    if since is None:
        since = facts.silent_since_utc_ns
    if facts.lesson is None:
        is_not = "is not" if since is None else "has not been"
        begin = f"The server {is_not} ready for the next lesson{_since(since, facts)}: {why}."
        return f"{begin} {advice}"
    begin = f"{_title(facts)} is on, but the server has {verb} nothing"
    return f"{begin}{_since(since, facts)}: {why}. {_MEANWHILE} {advice}"


def _score(facts: RoomFacts, *, is_second: bool) -> str:
    """What is wrong with scoring, if anything; short if the reader knows of something worse."""
    score = facts.score
    since = facts.unscored_since_utc_ns if score.since_utc_ns is None else score.since_utc_ns
    if score.state == "gone":
        why, advice = "the program “roomtone score” is not running", f"{_ASK} start it."
    elif score.state == "hangs":
        why, advice = "the program “roomtone score” does not answer", f"{_ASK} restart it."
    elif score.state == "works" and score.missing:
        since = score.missing[0][1]
        why = "“roomtone score” can’t read or write its data"
        advice = f"{_ASK} look at “roomtone doctor”."
    elif facts.unscored_since_utc_ns is not None:
        since = facts.unscored_since_utc_ns
        why, advice = (
            "the server is behind",
            "If this lasts, ask the person who runs it to look at “roomtone score”.",
        )
    else:
        return ""
    if facts.lesson is None:
        return f"Scores of the next lesson would be late: {why}. {advice}"
    if is_second:
        is_scored = "is" if since is None else "has been"
        return f"Nothing {is_scored} scored either{_since(since, facts)}: {why}. {advice}"
    return (
        f"The readings of {_title(facts)} arrive, but nothing has scored "
        f"them{_since(since, facts)}: {why}. They are kept, and scored later. {advice}"
    )


def _kit(facts: RoomFacts) -> str:
    """The room's kit in a lesson, as far as the server's programs work."""
    title = _title(facts)
    if facts.state == "sensing":
        return f"The room is being sensed: {title} is on."
    if not facts.has_kit:
        return f"{title} is on, but no kit in this room has ever reported."
    if facts.state == "waiting":
        return f"{title} has just started; the first readings are on their way."
    if facts.wrong_clock:
        return f"{title} is on, but {facts.wrong_clock}."
    if facts.not_sensing:
        return f"{title} is on, and the kit answers, but {NOT_SENSING[facts.not_sensing]}."
    since = _since(facts.silent_since_utc_ns, facts)
    if facts.is_kit_off:
        return (
            f"{title} is on, but the kit has been switched off or out of reach{since}. Check that "
            "it has power and a network connection; while it has power, it keeps what it senses."
        )
    return (
        f"{title} is on, but nothing has arrived from the kit{since}. Check that it has power and "
        "a network connection; while it has power, it keeps what it senses."
    )
