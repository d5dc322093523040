"""A step's measure in words: each lesson, both sides, and whether a difference shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType
from typing import Final

from dashboard_api.debrief.before_since import BeforeSince, MeasuredLesson
from dashboard_api.debrief.measuring import kind_of
from dashboard_api.views.text import length_text, local_time_text, title_text, zone_text
from models.measures.compare import MIN_LESSONS, Comparison
from models.measures.records import Measured, MeasureKind
from school.debrief.records import PARTS, ActionStep, StepText

__all__ = ["MeasurePage", "MeasureRow", "comparison_sentences", "measure_page", "measure_words"]

LIMITS: Final[Mapping[MeasureKind, Sequence[str]]] = MappingProxyType({
    "calm": (
        "Calm means: it moves as usual for what comes next. It does not mean that pupils work.",
        "The first minute of a lesson has no movement of its own: what happens in it counts as one.",
        "If a change was declared too early or too late, its seconds are wrong by as much.",
    ),
    "movement": (
        "Usual is the mean of the ten minutes before. What lasts longer becomes usual.",
        "Movement may be work: fetching, writing, helping.",
    ),
    "noise": (
        "A level does not say who was loud, or about what.",
        "If somebody moved the microphone, or a window was open, the level changed with it.",
    ),
})  # fmt: skip
OF_ALL: Final = (
    "A lesson that stood out is often followed by a more ordinary one, without any step.",
    "Lessons differ in class, subject and hour. Whether the step made the difference is for you to say.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRow:
    """One lesson."""

    lesson: str
    at: str
    title: str
    value: str
    interval: str
    of: str
    """How many changes or minutes it rests on."""
    is_counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurePage:
    """All of it."""

    what: str
    """What is measured; empty for a step that the timeline can't show."""
    sides: Sequence[tuple[str, Sequence[MeasureRow]]] = ()
    sentences: Sequence[str] = ()
    unknown: str = ""
    limits: Sequence[str] = ()


def measure_page(step: ActionStep, found: BeforeSince | None, zone: tzinfo | None) -> MeasurePage:
    """What the reader of a step gets."""
    kind = kind_of(step.text)
    if found is None or kind is None:
        return MeasurePage(what="")
    is_beginning = kind == "calm" and step.text.part != "transition"
    sides = [
        (name, [_row(one, zone, is_beginning=is_beginning) for one in lessons])
        for name, lessons in (("Since", found.since), ("Before", found.before))
        if lessons
    ]
    return MeasurePage(
        what=measure_words(step.text),
        sides=sides,
        sentences=comparison_sentences(kind, found.comparison),
        unknown=_unknown(found.unknown, step.text),
        limits=[*LIMITS[kind], *OF_ALL],
    )


def measure_words(text: StepText) -> str:
    """What is measured: "Time until the room is calm after the lesson begins"."""
    kind, part = kind_of(text), PARTS.get(text.part, "the lesson")
    if kind == "calm":
        after = "each change of activity" if text.part == "transition" else "the lesson begins"
        return f"Time until the room is calm after {after}"
    if kind == "movement":
        of = "the lesson" if text.part in {"", "start", "end"} else part
        which = "last" if text.part == "end" else "first"
        minutes = text.shows_minutes or 0
        length = f"{minutes} minute{'' if minutes == 1 else 's'}"
        return (
            f"Time with more movement than usual in {zone_text(text.shows_zone)}, in the {which} "
            f"{length} of {of}"
        )
    if text.part in {"start", "end"}:
        which = "last" if text.part == "end" else "first"
        return f"Noise in the {which} five minutes of the lesson"
    return f"Noise during {part}"


def comparison_sentences(kind: MeasureKind, found: Comparison) -> list[str]:
    """Before, since, and whether a difference shows."""
    n, m = found.n_before, found.n_after
    if (
        found.before is None or found.after is None
        or found.difference is None or found.low is None or found.high is None
    ):  # fmt: skip
        few = f"Too few lessons to compare yet: {n} before and {m} since."
        return [f"{few} It takes {MIN_LESSONS} in all, with one of each at least."]
    typical = (
        f"Before: typically {_amount(kind, found.before)} ({_lessons(n)}). "
        f"Since: typically {_amount(kind, found.after)} ({_lessons(m)})."
    )
    low, high = _signed(kind, found.low), _signed(kind, found.high)
    if found.shows in {"less", "more"}:
        return [
            typical, f"That is {_signed(kind, found.difference)} (95 % interval: {low} to {high})."
        ]  # fmt: skip
    return [
        "No difference that these sensors can show.",
        typical,
        f"The difference may be anything from {low} to {high} (95 % interval).",
    ]


def _row(one: MeasuredLesson, zone: tzinfo | None, *, is_beginning: bool) -> MeasureRow:
    found, lesson = one.found, one.lesson
    value = _amount(found.kind, found.value)
    if found.is_at_least:
        value = f"{value} or more"
    elif is_beginning and found.value < 60:
        value = "within a minute"
    interval = ""
    if found.low is not None and found.high is not None and value != "within a minute":
        interval = f"{_amount(found.kind, found.low)} to {_amount(found.kind, found.high)}"
    return MeasureRow(
        lesson=lesson.id,
        at=local_time_text(lesson.starts_utc_ns, zone),
        title=title_text(lesson.title, lesson.room),
        value=value,
        interval=interval,
        of="" if is_beginning else _of(found),
        is_counted=one.is_counted,
    )


def _of(found: Measured) -> str:
    unit = "change" if found.kind == "calm" else "minute"
    return f"{found.n} {unit}{'' if found.n == 1 else 's'}"


def _unknown(n: int, text: StepText) -> str:
    if not n:
        return ""
    needs = "too little of it was sensed"
    if text.part == "transition":
        needs = f"no change of activity is declared in it, or {needs}"
    elif text.part not in {"", "start", "end"}:
        needs = f"no {PARTS[text.part].removeprefix('the ')} is declared in it, or {needs}"
    which = "1 more lesson has" if n == 1 else f"{n} more lessons have"
    return f"{which} no value: {needs}."


def _lessons(n: int) -> str:
    return f"{n} lesson{'' if n == 1 else 's'}"


def _amount(kind: MeasureKind, value: float) -> str:
    if kind == "calm":
        return length_text(max(0.0, value))
    if kind == "movement":
        return f"{value:.1f} of 10 min"
    return f"{value:.1f} dB(A)"


def _signed(kind: MeasureKind, value: float) -> str:
    if kind == "noise":
        return f"{abs(value):.1f} dB {'quieter' if value < 0 else 'louder'}"
    amount = length_text(abs(value)) if kind == "calm" else f"{abs(value):.1f} of 10 min"
    return f"{amount} {'less' if value < 0 else 'more'}"
