"""What the interface answers: the typed responses of the OpenAPI description."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "ActivityJson",
    "DriftWeekJson",
    "GapJson",
    "KitJson",
    "LessonJson",
    "LiveJson",
    "ModelJson",
    "MomentJson",
    "MovementJson",
    "NoiseJson",
    "RunningLessonJson",
    "TimelineJson",
    "ZoneJson",
]

Trace = list[float | None]
"""One number a step, null where nothing was sensed."""


class JsonBase(BaseModel):
    """The base of all answers."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class GapJson(JsonBase):
    """A stretch without values."""

    start_s: float
    end_s: float
    reason: str
    """Why, as a code of the data format, or `not_received`."""
    words: str
    """Why, for a person."""


class ActivityJson(JsonBase):
    """What the teacher declared a span to be."""

    start_s: float
    end_s: float
    name: str
    words: str


class MovementJson(JsonBase):
    """The room's movement in dB against its seats' own normal, which is 0 dB; +6 dB is twice."""

    step_s: int
    least: Trace
    mean: Trace
    most: Trace
    low: Trace
    """Lower end of the band of uncertainty."""
    high: Trace
    """Upper end of the band of uncertainty."""


class NoiseJson(JsonBase):
    """Sound levels in dB(A); means are means of energy."""

    step_s: int
    least: Trace
    """The quietest second's LAeq."""
    mean: Trace
    """LAeq over the step."""
    most: Trace
    """The loudest second's LAeq."""
    quiet: Trace
    """L90: exceeded for 90 % of a second."""
    loud: Trace
    """L10: exceeded for 10 % of a second."""


class ZoneJson(JsonBase):
    """A zone of five seats or more: its movement in dB against its own normal."""

    name: str
    seats: int
    cells: Trace


class TimelineJson(JsonBase):
    """A lesson, or a part of it, at one level of detail."""

    lesson: str
    from_s: float
    """Where the traces of movement and noise begin; the zones always begin at 0."""
    length_s: float
    """Length of the lesson, or of what has passed of it."""
    clock_s: int
    """Seconds since midnight, local time of the school, at the lesson's start."""
    is_running: bool
    level_s: int
    movement: MovementJson
    noise: NoiseJson
    zone_step_s: int
    zones: list[ZoneJson]
    gaps: list[GapJson]
    activities: list[ActivityJson]
    summary: list[str]
    """The same in sentences."""


class MomentJson(JsonBase):
    """A span worth talking about: suggested by the system, or marked by a person."""

    id: str
    kind: Literal["suggested", "own"]
    zone: str
    """Whose it is; "room" for the whole room."""
    is_strength: bool
    """A suggestion of something that went well."""
    start_s: float
    end_s: float
    title: str
    note: str
    rest: str
    """The note without the line that is the title."""
    author: str
    because: list[str]
    """The signs that a suggestion rests on."""
    off_task: Annotated[float | None, Field(ge=0, le=1)]
    """The model's estimate of the share of pupils off task during it, for lively suggestions."""
    trust: str
    """How far to trust `off_task`; empty where there is none."""
    is_first: bool
    """False for the up to three suggestions that the page keeps behind the first three."""


class LessonJson(JsonBase):
    """One line of the list of lessons."""

    id: str
    room: str
    teacher: str
    title: str
    starts_at: str
    """ISO 8601 with the school's offset."""
    ends_at: str | None
    """null while the lesson runs."""
    is_running: bool
    length_s: float
    """Length, or what has passed of it; 0 before it begins."""
    sensed_share: Annotated[float | None, Field(ge=0, le=1)]
    """How much of it was sensed; null before it begins."""
    gaps: int
    moments: int
    """Marked by people."""
    alerts: int
    """Raised by the system."""
    signs: int
    """Of these, how many the lesson page suggests: six at most, and none that overlap."""
    has_video: bool


class DriftWeekJson(JsonBase):
    """One ISO week of the school, or of a room, as one model saw it."""

    week: str
    """Such as `2026-W07`."""
    model: str
    room: str | None
    """null for all rooms together."""
    lessons: int
    epochs: int
    """That were looked at, one a minute."""
    abstained: float
    alerts_per_lesson: float
    confirmed: int
    """Suggested moments that people said were worth talking about."""
    dismissed: int
    is_first: bool
    """One of the first weeks, which later ones are held against."""
    psi_trained: dict[str, float] | None
    """Population stability index against the lessons that the model learned from, by quantity."""
    psi_own: dict[str, float] | None
    """The same against the own first weeks."""
    words_trained: str
    words_own: str


class ModelJson(JsonBase):
    """What a model is, how well it does, and whether what it sees has changed."""

    version: str | None
    """null where no manifest can be read; `trouble` says why."""
    trust: str
    scored: str
    """Which models scored the lesson that was asked for."""
    data: dict[str, Any]
    """Whose data it learned from."""
    figures: dict[str, Any]
    """As in the manifest; each set says its source, such as `simulated`."""
    trouble: str
    weeks: list[DriftWeekJson]
    lessons_to_read: int
    """Lessons that the weeks do not hold yet."""


class KitJson(JsonBase):
    """How the kit of a room is doing."""

    node: str
    is_up: bool
    last_seen_s: float | None
    """Seconds since its newest period; null if there is none."""
    seats_sensed: int
    seats: int
    hubs: list[str]
    waiting: int
    """Seat-seconds that the kit still holds, by its last report."""
    words: str
    notices: list[str]
    """What is wrong with it that its technician should see, in sentences."""


class RunningLessonJson(JsonBase):
    """The lesson that is on."""

    id: str
    title: str
    teacher: str
    starts_at: str
    passed_s: float


class LiveJson(JsonBase):
    """The last five minutes of a room."""

    room: str
    state: Literal["sensing", "waiting", "silent", "off"]
    """Sensing; a lesson has just begun; a lesson is on but nothing arrives; no lesson is on."""
    sentence: str
    lesson: RunningLessonJson | None
    clock_s: int
    """Seconds since midnight, local time, at the end of the span."""
    span_s: int
    movement: MovementJson
    noise: NoiseJson
    zone_step_s: int
    zones: list[ZoneJson]
    gaps: list[GapJson]
    kit: list[KitJson]
    words: dict[str, str]
    """The newest readings in words."""
