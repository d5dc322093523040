"""What a bundle holds, version 1. Who made it saw no more of the lesson than this."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    model_validator,
)

from contract.lesson import SMALLEST_ZONE, ActivityName
from school.debrief.records import StepState
from school.moments.records import NoteKind, Speaker
from school.plans.records import MAX_PHASES, MAX_TAGS

__all__ = [
    "BundledActivity",
    "BundledAnswer",
    "BundledForm",
    "BundledGap",
    "BundledGuess",
    "BundledItem",
    "BundledLesson",
    "BundledMap",
    "BundledMoment",
    "BundledPhase",
    "BundledReflection",
    "BundledReply",
    "BundledSaid",
    "BundledSegment",
    "BundledSpan",
    "BundledStep",
    "BundledTalk",
    "BundledTimeline",
    "BundledZone",
    "Content",
    "Traces",
]

Line = Annotated[str, StringConstraints(max_length=5_000)]
Words = Annotated[str, StringConstraints(max_length=50_000)]
Second = Annotated[FiniteFloat, Field(ge=0, le=86_400)]
Step = Annotated[int, Field(ge=1, le=3_600)]
Trace = Annotated[list[FiniteFloat | None], Field(max_length=86_400)]
_Many = Field(max_length=100_000)


class Base(BaseModel):
    """A part of a bundle; what a later version adds is not skipped but refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class BundledSpan(Base):
    """A stretch of the lesson, in seconds since its start."""

    start_s: Second
    end_s: Second

    @model_validator(mode="after")
    def _in_order(self) -> BundledSpan:
        if self.end_s < self.start_s:
            raise ValueError("a stretch ends before it starts")
        return self


class BundledActivity(BundledSpan):
    """What the teacher declared."""

    name: ActivityName


class BundledGap(BundledSpan):
    """A stretch without values, and why."""

    words: Line


class BundledPhase(BundledSpan):
    """A phase of the lesson's plan: when it was planned, and how it came, as its teacher said."""

    name: Line
    standards: Annotated[list[Line], Field(max_length=MAX_TAGS)]
    state: Literal["came", "absent", "not_known", "not_shared"]
    began_s: Second | None
    """Of a phase that came."""
    ended_s: Second | None
    """Null if it is not known."""

    @model_validator(mode="after")
    def _came(self) -> BundledPhase:
        if (self.state == "came") != (self.began_s is not None):
            raise ValueError("a phase has a beginning if it came, and only then")
        if self.ended_s is not None and (self.began_s is None or self.ended_s < self.began_s):
            raise ValueError("a phase ends before it begins")
        return self


class BundledLesson(Base):
    """The lesson itself."""

    title: Line
    room: Line
    teacher: Line
    starts_at: AwareDatetime
    length_s: Second
    activities: Annotated[list[BundledActivity], _Many]
    parts: Annotated[list[BundledSpan], _Many] | None
    """Those that were shared with who made the bundle; null for the whole lesson."""


class BundledReply(Base):
    """What somebody said below a note."""

    author: Line
    role: Speaker
    text: Words
    written_at: AwareDatetime


class BundledAnswer(Base):
    """Whether somebody found a moment worth talking about."""

    author: Line
    role: Speaker
    says: Literal["confirmed", "dismissed"]
    words: Words


class BundledMoment(BundledSpan):
    """A note, a suggestion or a routine."""

    kind: Literal["note", "suggested", "routine"]
    zone: Line
    """"room" for the whole room."""
    is_strength: bool
    title: Words
    words: Words
    """Of a note, all of it."""
    note_kind: NoteKind | None
    tags: Annotated[list[Line], Field(max_length=200)]
    author: Line
    role: Speaker | None
    began_at: AwareDatetime | None
    because: Annotated[list[Words], Field(max_length=100)]
    claim: Words
    trust: Words
    replies: Annotated[list[BundledReply], _Many]
    answers: Annotated[list[BundledAnswer], _Many]


class BundledStep(Base):
    """A next step of the teacher, in words."""

    what: Words
    when: Words
    shows: Words
    state: StepState | Literal["over"]
    author: Line
    went: Line
    went_words: Words


class BundledGuess(Base):
    """Where the teacher guessed that the room drifted, and how long settling in took."""

    spans: Annotated[list[BundledSpan], _Many]
    settling_s: Second | None


class BundledReflection(Base):
    """What the teacher wrote for themselves: in their own bundles alone."""

    keep: Words
    surprise: Words
    watch: Words


class BundledTalk(Base):
    """How long teacher and coach talked about the lesson on a day."""

    day: date
    minutes: Annotated[int, Field(ge=1, le=1_440)]
    coach: Line


class BundledSaid(Base):
    """What somebody said of an item of a form."""

    author: Line
    role: Speaker
    choice: Line
    words: Words


class BundledItem(Base):
    """An item of a form, in the words of then."""

    label: Line
    said: Annotated[list[BundledSaid], Field(max_length=200)]


class BundledForm(Base):
    """A form about the lesson that both sides are done with."""

    name: Line
    version: Line
    items: Annotated[list[BundledItem], _Many]


class Traces(Base):
    """Traces of one length, a number for each step; null where nothing is known."""

    step_s: Step
    least: Trace
    mean: Trace
    most: Trace
    low: Trace
    """Of movement the band's lower end; of noise the L90."""
    high: Trace
    """Of movement the band's upper end; of noise the L10."""

    @model_validator(mode="after")
    def _of_one_length(self) -> Traces:
        lengths = {len(one) for one in (self.least, self.mean, self.most, self.low, self.high)}
        if len(lengths) != 1:
            raise ValueError("traces have different lengths")
        return self


class BundledZone(Base):
    """A zone's movement in dB, compared with its own normal."""

    name: Line
    seats: Annotated[int, Field(ge=SMALLEST_ZONE, le=1_000)]
    cells: Trace


class BundledTimeline(Base):
    """What was sensed: movement in dB compared with the room's own normal, noise in dB(A)."""

    from_s: Second
    movement: Traces
    noise: Traces
    zone_step_s: Step
    zones: Annotated[list[BundledZone], Field(max_length=200)]
    gaps: Annotated[list[BundledGap], _Many]
    summary: Annotated[list[Words], Field(max_length=200)]


class BundledSegment(Base):
    """`video_t = offset_s + rate * lesson_t`, from and to these seconds of the lesson."""

    start_s: FiniteFloat | None
    end_s: FiniteFloat | None
    offset_s: FiniteFloat
    rate: FiniteFloat


class BundledMap(Base):
    """How the lesson's video was lined up with it."""

    plus_minus_s: FiniteFloat
    segments: Annotated[list[BundledSegment], _Many]


class Content(Base):
    """All of it."""

    made_at: AwareDatetime
    made_by: Line
    program: Line
    """Which version of Roomtone wrote it."""
    lesson: BundledLesson
    moments: Annotated[list[BundledMoment], _Many]
    steps: Annotated[list[BundledStep], _Many]
    guess: BundledGuess | None
    reflection: BundledReflection | None
    timeline: BundledTimeline | None
    """Null in the bundle of anybody but the lesson's teacher."""
    clock_map: BundledMap | None
    talks: Annotated[list[BundledTalk], _Many] = []
    """Of the reader's; older files have no such key."""
    forms: Annotated[list[BundledForm], _Many] = []
    """Those that the reader sees both sides of; older files have no such key."""
    plan: Annotated[list[BundledPhase], Field(max_length=MAX_PHASES)] = []
    """Its phases in order; older files have no such key."""
