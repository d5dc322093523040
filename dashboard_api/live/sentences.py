"""What the live page says about a room: the headline, and what else is wrong.

A sentence says what happened, since when, and what to do. If several things fail, the one that
explains the others comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Final, Literal

from contract.clock import SECOND_NS
from contract.language import N_, _, pgettext
from dashboard_api.language.dates import date_text, day_month_text, weekday_text
from dashboard_api.live.pause_sentences import pause_sentences
from dashboard_api.live.pauses import RoomPause
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
    "when_text",
]

LiveState = Literal["sensing", "unscored", "waiting", "paused", "silent", "not_received", "off"]

NOT_SENSING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "serial": N_(
            "{title} is on, and the kit answers, but the sensors’ cable or hub does not answer. Check the "
            "cable between kit and seats."
        ),
        "unused": N_(
            "{title} is on, and the kit answers, but its sensors send data that can’t be used. Ask a "
            "technician to check it."
        ),
        "off": N_(
            "{title} is on, and the kit answers, but it does not know of the lesson yet. If this lasts, "
            "ask a technician to check it."
        ),
        "paused": N_(
            "{title} is on, and the kit answers, but someone has paused it. Resume it if the lesson is to "
            "be sensed."
        ),
    }
)
"""Why a kit that answers has no readings, and what to do, for the reasons that may last."""
_MEANWHILE: Final = N_("The kits keep what they sense, and send it later.")
_START: Final = N_("Ask the person who runs the server to start it.")
_RESTART: Final = N_("Ask the person who runs the server to restart it.")
_DOCTOR: Final = N_("Ask the person who runs the server to look at “roomtone doctor”.")


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
    pause: RoomPause | None = None
    """What pauses the room, or each of its kits."""


def sentences(facts: RoomFacts) -> tuple[str, ...]:
    """The headline, then what else is wrong."""
    server = _server(facts)
    score = _score(facts, is_second=bool(server) or facts.state == "silent")
    paused = () if facts.pause is None else _paused(facts, facts.pause)
    lines: tuple[str, ...]
    match facts.state:
        case "off":
            lines = (_off(facts), *paused, server, score)
        case "paused":
            lines = (*paused, server)
        case "not_received":
            lines = (server, score)
        case "unscored":
            lines = (score, server)
        case _:
            lines = (_kit(facts), server, score)
    others = [
        _(
            "Nothing has arrived from the kit {name} since {since}, though another kit of this room is "
            "heard. Check that it has power and a network connection.",
            name=name,
            since=since_text(since, facts),
        )
        for name, since in (facts.silent_kits if facts.state in {"sensing", "unscored"} else ())
    ]
    return tuple(line for line in (*lines, *others) if line)


def room_sentence(facts: RoomFacts) -> str:
    """What there is to know of a room for whoever looks after its kits."""
    if not facts.has_kit:
        return _("No kit in this room has ever reported.")
    if facts.state == "off":
        return _joined(_("No lesson is on."), _next(facts))
    if facts.state == "not_received":
        return _("A lesson is on, but the server receives nothing.")
    if facts.state in {"sensing", "unscored"}:
        return _("A lesson is on, and the room is being sensed.")
    if facts.state == "paused":
        return _("A lesson is on, and sensing is paused.")
    if facts.state == "waiting":
        return _("A lesson has just started.")
    return _("A lesson is on, but nothing is being sensed.")


def server_sentences(facts: RoomFacts) -> tuple[str, ...]:
    """What is wrong with the server's programs; `facts` are of no lesson."""
    return tuple(line for line in (_server(facts), _score(facts, is_second=False)) if line)


def when_text(utc_ns: int, facts: RoomFacts) -> str:
    """A time of day, with its day if that is not today."""
    then, days = _then(utc_ns, facts)
    if days == 0:
        return f"{then:%H:%M}"
    if 0 < days < 7:
        return f"{weekday_text(then)}, {then:%H:%M}"
    return date_text(then)


def since_text(utc_ns: int, facts: RoomFacts) -> str:
    """The same behind "since"."""
    then, days = _then(utc_ns, facts)
    if days == 0:
        return pgettext("behind since", "{time}", time=f"{then:%H:%M}")
    if 0 < days < 7:
        return pgettext(
            "behind since", "{day}, {time}", day=weekday_text(then), time=f"{then:%H:%M}"
        )
    return pgettext("behind since", "{date}", date=date_text(then))


def _then(utc_ns: int, facts: RoomFacts) -> tuple[datetime, int]:
    """A time at the school, and how many days ago that is."""
    then, now = (
        datetime.fromtimestamp(ns // SECOND_NS, tz=UTC).astimezone(facts.zone)
        for ns in (utc_ns, facts.now_utc_ns)
    )
    return then, (now.date() - then.date()).days


def _joined(*parts: str) -> str:
    """Sentences one after the other."""
    return " ".join(filter(None, parts))


def _title(facts: RoomFacts) -> str:
    lesson = facts.lesson
    return "" if lesson is None else _("“{title}”", title=title_text(lesson.title, lesson.room))


def _paused(facts: RoomFacts, pause: RoomPause) -> tuple[str, ...]:
    return pause_sentences(pause, _title(facts), lambda utc_ns: since_text(utc_ns, facts))


def _off(facts: RoomFacts) -> str:
    return _joined(_("Nothing is being sensed: no lesson is on in this room."), _next(facts))


def _next(facts: RoomFacts) -> str:
    if facts.coming is None:
        return ""
    starts, ago = _then(facts.coming.starts_utc_ns, facts)
    time = f"{starts:%H:%M}"
    if ago == 0:
        return _("The next one starts at {time}.", time=time)
    day = weekday_text(starts) if -ago < 7 else day_month_text(starts)
    return _("The next one starts on {day} at {time}.", day=day, time=time)


def _server(facts: RoomFacts) -> str:
    """What is wrong with receiving and keeping, if anything."""
    ingest = facts.ingest
    since = ingest.since_utc_ns
    is_received = True
    if ingest.state == "gone":
        why, advice = _("its program “roomtone ingest” is not running"), _(_START)
    elif ingest.state == "hangs":
        why, advice = _("its program “roomtone ingest” does not answer"), _(_RESTART)
    elif ingest.state == "works" and ingest.missing:
        name, since = min(ingest.missing, key=lambda each: each[0] == "link")
        is_received = name == "link"
        why = (
            _("it has no connection to its message broker")
            if is_received
            else _("it can’t write its data")
        )
        advice = _(_DOCTOR)
    else:
        return ""
    since = facts.silent_since_utc_ns if since is None else since
    if facts.lesson is None:
        return _joined(_not_ready(since, facts, why), advice)
    begin = (_received_nothing if is_received else _kept_nothing)(since, facts, why)
    return _joined(begin, _(_MEANWHILE), advice)


def _not_ready(since: int | None, facts: RoomFacts, why: str) -> str:
    if since is None:
        return _("The server is not ready for the next lesson: {why}.", why=why)
    return _(
        "The server has not been ready for the next lesson since {since}: {why}.",
        since=since_text(since, facts),
        why=why,
    )


def _received_nothing(since: int | None, facts: RoomFacts, why: str) -> str:
    title = _title(facts)
    if since is None:
        return _("{title} is on, but the server has received nothing: {why}.", title=title, why=why)
    return _(
        "{title} is on, but the server has received nothing since {since}: {why}.",
        title=title,
        since=since_text(since, facts),
        why=why,
    )


def _kept_nothing(since: int | None, facts: RoomFacts, why: str) -> str:
    title = _title(facts)
    if since is None:
        return _("{title} is on, but the server has kept nothing: {why}.", title=title, why=why)
    return _(
        "{title} is on, but the server has kept nothing since {since}: {why}.",
        title=title,
        since=since_text(since, facts),
        why=why,
    )


def _score(facts: RoomFacts, *, is_second: bool) -> str:
    """What is wrong with scoring, if anything; short if the reader knows of something worse."""
    score = facts.score
    since = facts.unscored_since_utc_ns if score.since_utc_ns is None else score.since_utc_ns
    if score.state == "gone":
        why, advice = _("the program “roomtone score” is not running"), _(_START)
    elif score.state == "hangs":
        why, advice = _("the program “roomtone score” does not answer"), _(_RESTART)
    elif score.state == "works" and score.missing:
        since = score.missing[0][1]
        why, advice = _("“roomtone score” can’t read or write its data"), _(_DOCTOR)
    elif facts.unscored_since_utc_ns is not None:
        since = facts.unscored_since_utc_ns
        why = _("the server is behind")
        advice = _("If this lasts, ask the person who runs it to look at “roomtone score”.")
    else:
        return ""
    if facts.lesson is None:
        return _joined(_("Scores of the next lesson would be late: {why}.", why=why), advice)
    if is_second:
        return _joined(_scored_nothing_either(since, facts, why), advice)
    kept = _("They are kept, and scored later.")
    return _joined(_scored_nothing(since, facts, why), kept, advice)


def _scored_nothing_either(since: int | None, facts: RoomFacts, why: str) -> str:
    if since is None:
        return _("Nothing is scored either: {why}.", why=why)
    return _(
        "Nothing has been scored either since {since}: {why}.",
        since=since_text(since, facts),
        why=why,
    )


def _scored_nothing(since: int | None, facts: RoomFacts, why: str) -> str:
    title = _title(facts)
    if since is None:
        return _(
            "The readings of {title} arrive, but nothing has scored them: {why}.",
            title=title,
            why=why,
        )
    return _(
        "The readings of {title} arrive, but nothing has scored them since {since}: {why}.",
        title=title,
        since=since_text(since, facts),
        why=why,
    )


def _kit(facts: RoomFacts) -> str:
    """The room's kit in a lesson, as far as the server's programs work."""
    title = _title(facts)
    if facts.state == "sensing":
        return _("The room is being sensed: {title} is on.", title=title)
    if not facts.has_kit:
        return _("{title} is on, but no kit in this room has ever reported.", title=title)
    if facts.state == "waiting":
        return _("{title} has just started; the first readings are on their way.", title=title)
    if facts.wrong_clock:
        return _("{title} is on, but {trouble}.", title=title, trouble=facts.wrong_clock)
    if facts.not_sensing:
        return _(NOT_SENSING[facts.not_sensing], title=title)
    advice = _(
        "Check that it has power and a network connection; while it has power, it keeps what it senses."
    )
    return _joined(_silent(facts), advice)


def _silent(facts: RoomFacts) -> str:
    title, since_ns = _title(facts), facts.silent_since_utc_ns
    if since_ns is None:
        if facts.is_kit_off:
            return _(
                "{title} is on, but the kit has been switched off or out of reach.", title=title
            )
        return _("{title} is on, but nothing has arrived from the kit.", title=title)
    since = since_text(since_ns, facts)
    if facts.is_kit_off:
        return _(
            "{title} is on, but the kit has been switched off or out of reach since {since}.",
            title=title,
            since=since,
        )
    return _(
        "{title} is on, but nothing has arrived from the kit since {since}.",
        title=title,
        since=since,
    )
