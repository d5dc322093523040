"""The live page: the last five minutes of a room, and the state of its kit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final, Literal

from contract.clock import SECOND_NS
from contract.wire.messages import Birth, Health
from dashboard_api.lessons.timeline_view import (
    clock_seconds,
    gaps_json,
    movement_json,
    noise_json,
    zones_json,
)
from dashboard_api.views.movement import CELL_S, zone_cells
from dashboard_api.views.readings import RoomReadings
from dashboard_api.views.schemas import KitJson, LiveJson, RunningLessonJson
from dashboard_api.views.text import length_text, movement_text, times_text, title_text
from ingest.clocks.words import claim_words
from ingest.stores.clock_records import ClockClaim
from ingest.stores.records import EpochRecord
from school.lessons.records import Lesson

__all__ = ["SILENT_AFTER_S", "SPAN_S", "NodeReport", "live_view"]

SPAN_S: Final = 300
"""The length of the stretch that the live page shows."""
SILENT_AFTER_S: Final = 10
"""Seconds without a period after which a kit counts as silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReport:
    """What the store knows about a node's newest run."""

    node: str
    is_up: bool
    newest_utc_ns: int | None
    birth: Birth | None
    health: Health | None
    notices: tuple[str, ...] = ()
    """What ingest noticed about it in the last day."""
    clock: ClockClaim | None = None
    """What it says about its clock, if ingest does not believe that."""


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
) -> LiveJson:
    """What the live page shows; `readings` end now, `coming` is the room's next lesson."""
    newest = max((node.newest_utc_ns or 0 for node in nodes), default=0)
    since = (now_utc_ns - newest) / SECOND_NS
    state: Literal["sensing", "waiting", "silent", "off"]
    if lesson is None:
        state = "off"
    elif since <= SILENT_AFTER_S:
        state = "sensing"
    elif (now_utc_ns - lesson.starts_utc_ns) / SECOND_NS <= SILENT_AFTER_S:
        state = "waiting"
    else:
        state = "silent"
    start = readings.start_utc_ns
    cells = zone_cells(epochs, start, readings.length_s)
    # Before the lesson there was nothing to sense, and the newest data are still on their way.
    gaps = [
        gap
        for gap in readings.gaps
        if gap.reason != "not_received"
        or (gap.end_s < readings.length_s and lesson is not None and gap.start_s > 0)
        or state == "silent"
    ]
    return LiveJson(
        room=room,
        state=state,
        sentence=_sentence(state, lesson, coming, since, now_utc_ns, zone, nodes),
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
        kit=[_kit(node, now_utc_ns, readings) for node in nodes],
        words=_newest(readings, epochs),
    )


def _sentence(
    state: str,
    lesson: Lesson | None,
    coming: Lesson | None,
    since_s: float,
    now_utc_ns: int,
    zone: tzinfo | None,
    nodes: Sequence[NodeReport],
) -> str:
    if lesson is None:
        text = "Nothing is being sensed: no lesson is on in this room."
        if coming is not None:
            starts = _local(coming.starts_utc_ns, zone)
            is_today = starts.date() == _local(now_utc_ns, zone).date()
            when = f"at {starts:%H:%M}" if is_today else f"on {starts:%A} at {starts:%H:%M}"
            text += f" The next one is “{title_text(coming.title, coming.room)}” {when}."
        return text
    title = title_text(lesson.title, lesson.room)
    if state == "sensing":
        return f"The room is being sensed: “{title}” is on."
    if not nodes:
        return f"“{title}” is on, but no kit in this room has ever reported."
    if state == "waiting":
        return f"“{title}” has just started; the first readings are on their way."
    for node in nodes:
        if node.is_up and node.clock is not None:
            return f"“{title}” is on, but {node.node} {claim_words(node.clock)}."
    return (
        f"“{title}” is on, but nothing has arrived for {length_text(since_s)}. "
        "Check that the kit has power and a network connection; it keeps what it senses meanwhile."
    )


def _kit(node: NodeReport, now_utc_ns: int, readings: RoomReadings) -> KitJson:
    newest = node.newest_utc_ns
    last_seen = None if newest is None else max(0.0, (now_utc_ns - newest) / SECOND_NS)
    hubs = [] if node.birth is None else [hub.hub for hub in node.birth.hubs]
    seats = 0 if node.birth is None else sum(len(hub.seats) for hub in node.birth.hubs)
    sensed = readings.seats_sensed
    is_fresh = last_seen is not None and last_seen <= SILENT_AFTER_S
    # The newest second may still be empty.
    seats_sensed = int(sensed[-SILENT_AFTER_S:].max(initial=0)) if is_fresh else 0
    if not node.is_up:
        words = "switched off or out of reach"
    elif node.clock is not None:
        words = f"on, but {claim_words(node.clock)}"
    elif is_fresh:
        words = "sensing"
    else:
        words = "on, but not sensing"
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
    laeq = readings.levels["laeq_1s"][-SILENT_AFTER_S:]
    present = laeq[laeq == laeq]  # noqa: PLR0124 (not NaN)
    if len(present):
        words["noise"] = f"{present[-1]:.0f} dB(A)"
    if epochs:
        latest = epochs[-1]
        age = (readings.start_utc_ns - latest.utc_ns) / SECOND_NS + readings.length_s
        level = latest.zones[0].movement_db
        if age <= 3 * SILENT_AFTER_S and level == level:  # noqa: PLR0124 (not NaN)
            words["movement"] = movement_text(level)
            words["times"] = f"{times_text(level)} its own normal"
    return words


def _local(utc_ns: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).astimezone(zone)
