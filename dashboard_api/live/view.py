"""The live page: the last five minutes of a room, and the state of its kit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from contract.clock import SECOND_NS
from contract.language import _
from contract.wire.messages import Birth, ConfigReported, Health
from dashboard_api.lessons.timeline_view import (
    clock_seconds,
    gaps_json,
    movement_json,
    noise_json,
    zones_json,
)
from dashboard_api.live.pauses import RoomPause, kit_pause_words, room_pause
from dashboard_api.live.program_state import UNKNOWN, ProgramState
from dashboard_api.live.sentences import NOT_SENSING, LiveState, RoomFacts, sentences, since_text
from dashboard_api.views.movement import CELL_S, zone_cells
from dashboard_api.views.readings import RoomReadings
from dashboard_api.views.schemas import KitJson, LiveJson, RunningLessonJson
from dashboard_api.views.text import factor_text, movement_text, title_text
from ingest.clocks.words import claim_words
from ingest.stores.clock_records import ClockClaim
from ingest.stores.records import EpochRecord
from school.lessons.records import Lesson

__all__ = [
    "SILENT_AFTER_S",
    "SPAN_S",
    "UNSCORED_AFTER_S",
    "NodeReport",
    "live_state",
    "live_view",
    "not_sensing",
    "room_facts",
]

SPAN_S: Final = 300
"""The length of the stretch that the live page shows."""
SILENT_AFTER_S: Final = 3
"""Seconds without a period after which a kit counts as silent."""
UNSCORED_AFTER_S: Final = 20
"""Seconds without an epoch after which scoring counts as late; one comes every 5 s."""
STARTS_IN_S: Final = 10
"""After a lesson's start the first readings may take this long."""
NEWEST_S: Final = 10
"""A reading that is older is not shown as the present one."""
_MIN_GAP_S: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """What the store knows about a node's newest run."""

    node: str
    is_up: bool
    newest_utc_ns: int | None
    silent_since_utc_ns: int | None = None
    """When its last period arrived, if none arrives now."""
    birth: Birth | None
    health: Health | None
    notices: tuple[str, ...] = ()
    """What ingest noticed about it in the last day."""
    clock: ClockClaim | None = None
    """What it says about its clock, if ingest does not believe that."""

    @property
    def reported(self) -> ConfigReported | None:
        """What it said last of what it follows; None from a kit of an earlier version."""
        return None if self.health is None else self.health.reported

    @property
    def is_heard(self) -> bool:
        """Whether its periods arrive."""
        return self.newest_utc_ns is not None and self.silent_since_utc_ns is None


def live_view(
    room: str,
    readings: RoomReadings,
    epochs: Sequence[EpochRecord],
    nodes: Sequence[NodeReport],
    *,
    lesson: Lesson | None,
    coming: Lesson | None,
    now_utc_ns: int,
    zone: tzinfo | None,
    ingest: ProgramState = UNKNOWN,
    score: ProgramState = UNKNOWN,
    unscored_since_utc_ns: int | None = None,
    paused_since_utc_ns: int | None = None,
    ready: str = "",
) -> LiveJson:
    """What the live page shows; `readings` end now, `coming` is the room's next lesson.

    Since `paused_since_utc_ns` a page has paused the lesson. `ready` says between lessons whether the
    room is ready for the next one.
    """
    pause = room_pause(nodes, paused_since_utc_ns, now_utc_ns)
    reason = not_sensing(readings)
    is_scored = (
        score.state not in {"gone", "hangs"} and not score.missing
        and unscored_since_utc_ns is None
    )  # fmt: skip
    state = live_state(
        nodes, lesson, now_utc_ns, reason=reason, ingest=ingest, is_scored=is_scored, pause=pause
    )
    facts = room_facts(
        room, state, nodes, reason, lesson=lesson, coming=coming, now_utc_ns=now_utc_ns, zone=zone,
        ingest=ingest, score=score, unscored_since_utc_ns=unscored_since_utc_ns, pause=pause,
    )  # fmt: skip
    headline, *more = sentences(facts)
    if ready and lesson is None and pause is None:
        more.append(ready)
    start = readings.start_utc_ns
    cells = zone_cells(epochs, start, readings.length_s)
    # Before the lesson there was nothing to sense, and the newest data are still on their way.
    gaps = [
        gap
        for gap in readings.gaps
        if gap.reason != "not_received"
        or (gap.end_s < readings.length_s and lesson is not None and gap.start_s > 0)
        or state in {"silent", "not_received"}
    ]
    words = _newest(readings, epochs) if state in {"sensing", "unscored"} else {}
    if state == "unscored":
        words.pop("movement", None)
        since = score.since_utc_ns or unscored_since_utc_ns
        words["times"] = (
            _("not scored")
            if since is None
            else _("not scored since {since}", since=since_text(since, facts))
        )
    return LiveJson(
        room=room,
        state=state,
        sentence=headline,
        more=more,
        lesson=None
        if lesson is None
        else RunningLessonJson(
            id=lesson.id,
            title=title_text(lesson.title, room),
            teacher=lesson.teacher,
            starts_at=_local(lesson.starts_utc_ns, zone).isoformat(timespec="seconds"),
            passed_s=(now_utc_ns - lesson.starts_utc_ns) / SECOND_NS,
        ),
        clock_s=clock_seconds(start, zone) + readings.length_s,
        span_s=readings.length_s,
        movement=movement_json(epochs, start, readings.length_s, 5),
        noise=noise_json(readings, 0, readings.length_s, 1),
        zone_step_s=CELL_S,
        zones=zones_json(cells),
        gaps=gaps_json(gaps),
        kit=[_kit(node, now_utc_ns, readings, state, reason) for node in nodes],
        words=words,
        is_paused=paused_since_utc_ns is not None,
    )


def room_facts(
    room: str,
    state: LiveState,
    nodes: Sequence[NodeReport],
    reason: str,
    *,
    lesson: Lesson | None,
    coming: Lesson | None,
    now_utc_ns: int,
    zone: tzinfo | None,
    ingest: ProgramState,
    score: ProgramState,
    unscored_since_utc_ns: int | None = None,
    pause: RoomPause | None = None,
) -> RoomFacts:
    """What sentences about a room are made of; `reason` is that of `not_sensing`."""
    return RoomFacts(
        state=state, room=room, lesson=lesson, coming=coming, now_utc_ns=now_utc_ns, zone=zone,
        ingest=ingest, score=score, has_kit=bool(nodes), not_sensing=reason,
        silent_since_utc_ns=max(
            (node.silent_since_utc_ns or node.newest_utc_ns or 0 for node in nodes), default=0
        ) or None,
        unscored_since_utc_ns=unscored_since_utc_ns, pause=pause,
        is_kit_off=not any(node.is_up for node in nodes),
        wrong_clock=next(
            (f"{node.node} {claim_words(node.clock)}" for node in nodes
             if node.is_up and node.clock is not None), "",
        ),
        silent_kits=tuple(
            (node.node, node.silent_since_utc_ns) for node in nodes
            if lesson is not None and node.silent_since_utc_ns is not None
            and node.silent_since_utc_ns > lesson.starts_utc_ns
        ),
    )  # fmt: skip


def live_state(
    nodes: Sequence[NodeReport],
    lesson: Lesson | None,
    now_utc_ns: int,
    *,
    reason: str,
    ingest: ProgramState,
    is_scored: bool,
    pause: RoomPause | None = None,
) -> LiveState:
    """What a room's live page is about; see `LiveState`."""
    if lesson is None:
        return "off"
    if ingest.state in {"gone", "hangs"} or ingest.missing:
        return "not_received"
    if pause is not None:
        return "paused"
    if any(node.is_heard for node in nodes) and not reason:
        return "sensing" if is_scored else "unscored"
    if (now_utc_ns - lesson.starts_utc_ns) / SECOND_NS <= STARTS_IN_S:
        return "waiting"
    return "silent"


def not_sensing(readings: RoomReadings) -> str:
    """Why the newest seconds that have arrived hold no readings; empty if they do.

    What has not arrived yet at the end says nothing.
    """
    gaps = list(readings.gaps)
    end = readings.length_s
    if gaps and gaps[-1].reason == "not_received" and gaps[-1].end_s == end:
        end = gaps.pop().start_s
    if not gaps or gaps[-1].end_s != end or gaps[-1].end_s - gaps[-1].start_s < _MIN_GAP_S:
        return ""
    return gaps[-1].reason if gaps[-1].reason in NOT_SENSING else ""


def _kit(
    node: NodeReport, now_utc_ns: int, readings: RoomReadings, state: LiveState, reason: str
) -> KitJson:
    newest = node.newest_utc_ns
    last_seen = None if newest is None else max(0.0, (now_utc_ns - newest) / SECOND_NS)
    hubs = [] if node.birth is None else [hub.hub for hub in node.birth.hubs]
    seats = 0 if node.birth is None else sum(len(hub.seats) for hub in node.birth.hubs)
    sensed = readings.by_kit.get(node.node, readings.seats_sensed)
    is_sensing = node.is_heard and not reason
    # The newest second may still be empty.
    seats_sensed = int(sensed[-NEWEST_S:].max(initial=0)) if is_sensing else 0
    if state == "not_received":
        words = _("not known: the server receives nothing")
        seats_sensed = 0
    elif not node.is_up:
        words = _("switched off or out of reach")
    elif node.clock is not None:
        words = _("on, but {trouble}", trouble=claim_words(node.clock))
    elif pause_words := kit_pause_words(node):
        words, seats_sensed = pause_words, 0
    elif is_sensing:
        words = _("sensing")
    else:
        words = _("on, but not sensing")
    return KitJson(
        node=node.node,
        is_up=node.is_up,
        last_seen_s=last_seen,
        seats_sensed=seats_sensed,
        seats=seats,
        hubs=hubs,
        waiting=0 if node.health is None else node.health.waiting,
        words=words,
        notices=list(node.notices),
    )


def _newest(readings: RoomReadings, epochs: Sequence[EpochRecord]) -> dict[str, str]:
    words: dict[str, str] = {}
    laeq = readings.levels["laeq_1s"][-NEWEST_S:]
    present = laeq[laeq == laeq]  # noqa: PLR0124 (not NaN)
    if len(present):
        words["noise"] = f"{present[-1]:.0f} dB(A)"
    if epochs:
        latest = epochs[-1]
        age = (readings.start_utc_ns - latest.utc_ns) / SECOND_NS + readings.length_s
        level = latest.zones[0].movement_db
        if age <= 3 * NEWEST_S and level == level:  # noqa: PLR0124 (not NaN)
            words["movement"] = movement_text(level)
            words["times"] = _("{factor} times its own normal", factor=factor_text(level))
    return words


def _local(utc_ns: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).astimezone(zone)
