"""A step's measure in words: each lesson, both sides, and whether a difference shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType
from typing import Final

from contract.language import N_, _, ngettext
from dashboard_api.debrief.before_since import BeforeSince, MeasuredLesson
from dashboard_api.debrief.measuring import kind_of
from dashboard_api.language.dates import local_time_text, number_text
from dashboard_api.views.text import length_text, title_text, zone_text
from models.measures.compare import MIN_LESSONS, Comparison
from models.measures.records import Measured, MeasureKind
from school.debrief.records import PARTS, WHOLE_LESSON, ActionStep, StepText

__all__ = ["MeasurePage", "MeasureRow", "comparison_sentences", "measure_page", "measure_words"]

LIMITS: Final[Mapping[MeasureKind, Sequence[str]]] = MappingProxyType({
    "calm": (
        N_("Calm means: it moves as usual for what comes next. It does not mean that pupils work."),
        N_("The first minute of a lesson has no movement of its own: what happens in it counts as one."),
        N_("If a change was declared too early or too late, its seconds are wrong by as much."),
    ),
    "movement": (
        N_("Usual is the mean of the ten minutes before. What lasts longer becomes usual."),
        N_("Movement may be work: fetching, writing, helping."),
    ),
    "noise": (
        N_("A level does not say who was loud, or about what."),
        N_("If somebody moved the microphone, or a window was open, the level changed with it."),
    ),
})  # fmt: skip
OF_ALL: Final = (
    N_("A lesson that stood out is often followed by a more ordinary one, without any step."),
    N_(
        "Lessons differ in class, subject and hour. Whether the step made the difference is for you to "
        "say."
    ),
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
        for name, lessons in ((_("Since"), found.since), (_("Before"), found.before))
        if lessons
    ]
    return MeasurePage(
        what=measure_words(step.text),
        sides=sides,
        sentences=comparison_sentences(kind, found.comparison),
        unknown=_unknown(found.unknown, step.text),
        limits=[_(each) for each in (*LIMITS[kind], *OF_ALL)],
    )


def measure_words(text: StepText) -> str:
    """What is measured: "Time until the room is calm after the lesson begins"."""
    kind = kind_of(text)
    if kind == "calm":
        if text.part == "transition":
            return _("Time until the room is calm after each change of activity")
        return _("Time until the room is calm after the lesson begins")
    if kind == "movement":
        return _movement_words(text)
    if text.part == "start":
        return _("Noise in the first five minutes of the lesson")
    if text.part == "end":
        return _("Noise in the last five minutes of the lesson")
    return _("Noise during {part}", part=_(PARTS.get(text.part, WHOLE_LESSON)))


def _movement_words(text: StepText) -> str:
    minutes, zone = text.shows_minutes or 0, zone_text(text.shows_zone)
    if text.part == "end":
        return ngettext(
            "Time with more movement than usual in {zone}, in the last {n} minute of the lesson",
            "Time with more movement than usual in {zone}, in the last {n} minutes of the lesson",
            minutes, zone=zone,
        )  # fmt: skip
    if text.part in {"", "start"}:
        return ngettext(
            "Time with more movement than usual in {zone}, in the first {n} minute of the lesson",
            "Time with more movement than usual in {zone}, in the first {n} minutes of the lesson",
            minutes, zone=zone,
        )  # fmt: skip
    return ngettext(
        "Time with more movement than usual in {zone}, in the first {n} minute of {part}",
        "Time with more movement than usual in {zone}, in the first {n} minutes of {part}",
        minutes, zone=zone, part=_(PARTS[text.part]),
    )  # fmt: skip


def comparison_sentences(kind: MeasureKind, found: Comparison) -> list[str]:
    """Before, since, and whether a difference shows."""
    n, m = found.n_before, found.n_after
    if (
        found.before is None or found.after is None
        or found.difference is None or found.low is None or found.high is None
    ):  # fmt: skip
        few = _(
            "Too few lessons to compare yet: {before} before and {since} since. It takes {n} in all, "
            "with one of each at least.",
            before=n, since=m, n=MIN_LESSONS,
        )  # fmt: skip
        return [few]
    typical = _(
        "Before: typically {before} ({lessons_before}). Since: typically {since} ({lessons_since}).",
        before=_amount(kind, found.before), lessons_before=_lessons(n),
        since=_amount(kind, found.after), lessons_since=_lessons(m),
    )  # fmt: skip
    low, high = _signed(kind, found.low), _signed(kind, found.high)
    if found.shows in {"less", "more"}:
        by = _(
            "That is {difference} (95 % interval: {low} to {high}).",
            difference=_signed(kind, found.difference), low=low, high=high,
        )  # fmt: skip
        return [typical, by]
    return [
        _("No difference that these sensors can show."),
        typical,
        _(
            "The difference may be anything from {low} to {high} (95 % interval).",
            low=low, high=high,
        ),
    ]  # fmt: skip


def _row(one: MeasuredLesson, zone: tzinfo | None, *, is_beginning: bool) -> MeasureRow:
    found, lesson = one.found, one.lesson
    value, is_short = _amount(found.kind, found.value), False
    if found.is_at_least:
        value = _("{value} or more", value=value)
    elif is_beginning and found.value < 60:
        value, is_short = _("within a minute"), True
    interval = ""
    if found.low is not None and found.high is not None and not is_short:
        low, high = _amount(found.kind, found.low), _amount(found.kind, found.high)
        interval = _("{low} to {high}", low=low, high=high)
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
    if found.kind == "calm":
        return ngettext("{n} change", "{n} changes", found.n)
    return ngettext("{n} minute", "{n} minutes", found.n)


def _unknown(n: int, text: StepText) -> str:
    if not n:
        return ""
    if text.part == "transition":
        why = _("no change of activity is declared in it, or too little of it was sensed")
    elif text.part not in {"", "start", "end"}:
        part = _(PARTS[text.part]).removeprefix("the ")
        why = _("no {part} is declared in it, or too little of it was sensed", part=part)
    else:
        why = _("too little of it was sensed")
    return ngettext(
        "{n} more lesson has no value: {why}.", "{n} more lessons have no value: {why}.", n, why=why
    )


def _lessons(n: int) -> str:
    return ngettext("{n} lesson", "{n} lessons", n)


def _amount(kind: MeasureKind, value: float) -> str:
    if kind == "calm":
        return length_text(max(0.0, value))
    if kind == "movement":
        return _("{minutes} of 10 min", minutes=number_text(value, 1))
    return f"{number_text(value, 1)} dB(A)"


def _signed(kind: MeasureKind, value: float) -> str:
    amount = _amount(kind, abs(value))
    if kind == "noise":
        level = number_text(abs(value), 1)
        if value < 0:
            return _("{level} dB quieter", level=level)
        return _("{level} dB louder", level=level)
    if value < 0:
        return _("{amount} less", amount=amount)
    return _("{amount} more", amount=amount)
