"""The JSON of the interface, with types for the OpenAPI description."""

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
    "ReplyJson",
    "RunningLessonJson",
    "TagJson",
    "TimelineJson",
    "ZoneJson",
]

Trace = list[float | None]
"""One number per step; null where nothing was sensed."""


class JsonBase(BaseModel):
    """The base of all these classes."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class GapJson(JsonBase):
    """A stretch without values."""

    start_s: float
    end_s: float
    reason: str
    """The reason, as a code of the data format or `not_received`."""
    words: str
    """The reason, as text for people."""


class ActivityJson(JsonBase):
    """A span with the activity that the teacher declared."""

    start_s: float
    end_s: float
    name: str
    words: str


class MovementJson(JsonBase):
    """The room's movement in dB, compared with its own normal: 0 dB is normal, +6 dB is twice."""

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
    """A zone of five seats or more: its movement in dB, compared with its own normal."""

    name: str
    seats: int
    cells: Trace


class PlannedJson(JsonBase):
    """A phase of the lesson's plan; in seconds since the lesson's start."""

    start_s: int
    end_s: int
    name: str
    began_s: int | None
    """When it truly began, as its teacher says; null if that is not known."""
    ended_s: int | None
    """Where the next one began, or the lesson ended; null if that is not known."""
    over_s: int | None
    """By how much it took longer than planned; less than 0 for shorter, null if that is not known."""
    is_absent: bool
    """Whether it never came, as its teacher says."""
    words: str
    """How it came, in words."""


class TimelineJson(JsonBase):
    """A lesson, or a part of it, at one level of detail."""

    lesson: str
    from_s: float
    """The start of the traces of movement and noise; the zones always start at 0."""
    length_s: float
    """The length of the lesson, or of the part that has passed."""
    clock_s: int
    """Seconds since midnight, local time of the school, at the lesson's start."""
    is_running: bool
    level_s: int
    movement: MovementJson
    noise: NoiseJson
    zone_step_s: int
    zones: list[ZoneJson]
    gaps: list[GapJson]
    plan: list[PlannedJson]
    """What its teacher planned; empty without a plan."""
    activities: list[ActivityJson]
    summary: list[str]
    """The same as sentences."""


class TagJson(JsonBase):
    """A word of a framework that a note has; it stays when the framework is replaced."""

    id: str
    label: str


class ReplyJson(JsonBase):
    """What somebody says below a note."""

    id: str
    author: str
    """What they are called."""
    author_role: Literal["teacher", "coach"]
    is_yours: bool
    """You wrote it, so you may delete it; the lesson's teacher may delete any."""
    text: str
    written_at: str
    """ISO 8601 with the school's offset."""


class MomentJson(JsonBase):
    """A part of a lesson that is worth talking about: suggested by the system or marked by a person.

    What a person marks is a note: it has a kind, tags, a revision and replies.
    """

    id: str
    kind: Literal["suggested", "routine", "own"]
    """A routine is what most lessons have, such as settling in: it is named and not suggested."""
    zone: str
    """The zone that it is about; "room" means the whole room."""
    is_strength: bool
    """A suggestion of something that went well."""
    start_s: float
    end_s: float
    title: str
    note: str
    rest: str
    """The note without its first line, which is the title."""
    author: str
    """What the person who marked it is called; empty for a suggestion."""
    author_role: Literal["teacher", "coach"] | None
    """As whom they marked it: the lesson's teacher, or "coach" for anybody it was shared with; null
    for a suggestion."""
    is_yours: bool
    """You marked it, so you may change it."""
    because: list[str]
    """Why the system suggests it, as sentences."""
    off_task: Annotated[float | None, Field(ge=0, le=1)]
    """The estimated share of pupils off task in fifths, for lively suggestions."""
    claim: str
    """How often such suggestions are right; empty for any other moment."""
    trust: str
    """How far to trust the suggestion; empty for a person's own moment."""
    is_first: bool
    """False for the suggestions, up to three, that the page folds away after the first three."""
    note_kind: Literal["observation", "question", "strength", "suggestion"] | None = None
    """What a note is; null for what the system says."""
    tags: list[TagJson] = []
    revision: int = 0
    """Higher with each change of a note; who changes it sends the one that they have read."""
    began_at: str | None = None
    """When its writer began to type, of a note that was written during the lesson: ISO 8601."""
    replies: list[ReplyJson] = []
    """Below a note, in order of time."""


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
    """The length, or the part that has passed; 0 before the start."""
    sensed_share: Annotated[float | None, Field(ge=0, le=1)]
    """The share of the lesson that was sensed; null before the start."""
    gaps: int
    moments: int
    """Marked by people."""
    alerts: int
    """Raised by the system."""
    lively: int | None
    """How many lively stretches the lesson page suggests; null while nothing of it is scored."""
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
    """The number of epochs that were compared, one per minute."""
    abstained: float
    alerts_per_lesson: float
    confirmed: int
    """Suggested moments that people said were worth talking about."""
    dismissed: int
    is_first: bool
    """One of the first weeks; later weeks are compared with them."""
    psi_trained: dict[str, float] | None
    """Population stability index compared with the lessons of the training, by quantity."""
    psi_own: dict[str, float] | None
    """The same, compared with the school's own first weeks."""
    words_trained: str
    words_own: str


class ModelJson(JsonBase):
    """A model: its figures, and whether what it sees has changed."""

    version: str | None
    """null if no manifest can be read; `trouble` says why."""
    trust: str
    scored: str
    """Which models scored the requested lesson."""
    data: dict[str, Any]
    """The data that it learned from."""
    figures: dict[str, Any]
    """The same as in the manifest; each set names its source, such as `simulated`."""
    trouble: str
    weeks: list[DriftWeekJson]
    lessons_to_read: int
    """The number of lessons that the weeks do not include yet."""


class KitJson(JsonBase):
    """The state of a room's kit."""

    node: str
    is_up: bool
    last_seen_s: float | None
    """Seconds since its newest period; null if it has none."""
    seats_sensed: int
    seats: int
    hubs: list[str]
    waiting: int
    """Seat-seconds that the kit has not sent yet, according to its last report."""
    words: str
    notices: list[str]
    """Problems that a technician should look at, as sentences."""


class RunningLessonJson(JsonBase):
    """The lesson that is running."""

    id: str
    title: str
    teacher: str
    starts_at: str
    passed_s: float


class LiveJson(JsonBase):
    """The last five minutes of a room."""

    room: str
    state: Literal["sensing", "unscored", "waiting", "paused", "silent", "not_received", "off"]
    """In this order: sensing; readings arrive and nothing scores them; a lesson has just started;
    the room is paused, or each of its kits; nothing arrives from the kit in a lesson; the server can't receive or keep anything; no lesson."""
    sentence: str
    more: list[str]
    """What else is wrong, as sentences."""
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
    """The newest readings as text."""
    is_paused: bool
    """Whether a page has paused the lesson that is on."""
