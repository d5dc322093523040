"""What the record of a debrief holds, for one reader of the lesson: what they see of it, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from contract.clock import SECOND_NS
from contract.language import N_, _, ngettext
from dashboard_api.debrief.guess_view import awaits_guess
from dashboard_api.debrief.step_view import StepLine, step_page
from dashboard_api.forms.view import Forms
from dashboard_api.language.dates import local_time_text
from dashboard_api.lessons.timeline_view import lesson_span
from dashboard_api.moments.judged_moments import JudgedMoment, moments_of, of_people
from dashboard_api.record.compared_forms import ComparedForm, compared_forms
from dashboard_api.record.planned_phases import RecordedPlan, recorded_plan
from dashboard_api.record.talks import seen_talks, talk_text
from dashboard_api.sharing.page_view import day_text, parts_text
from dashboard_api.views.text import (
    joined_text,
    length_text,
    position_text,
    sensed_text,
    title_text,
    zone_text,
)
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer

__all__ = [
    "DebriefRecord",
    "RecordedForm",
    "RecordedItem",
    "RecordedMoment",
    "RecordedStep",
    "Said",
    "answer_words",
    "choice_and_words",
    "debrief_record",
    "note_by",
    "step_lines",
    "taken_moments",
]

_NOTE_BY: Final[Mapping[str, str]] = {
    "observation": N_("Observation by {author}"),
    "question": N_("Question by {author}"),
    "strength": N_("Strength by {author}"),
    "suggestion": N_("Suggestion by {author}"),
    "note": N_("Note by {author}"),
}
_SAYS: Final[Mapping[str, str]] = {
    "confirmed": N_("worth talking about"),
    "dismissed": N_("not really"),
}
_ROLES: Final[Mapping[str, str]] = {"teacher": N_("teacher"), "coach": N_("coach")}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStep:
    """A next step in words."""

    what: str
    lines: Sequence[str]
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody said below a moment."""

    who: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMoment:
    """A note, or a suggestion that somebody found worth talking about."""

    place: str
    title: str
    who: str
    words: str
    lines: Sequence[str]
    replies: Sequence[Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedItem:
    """An item of a form, with what each said of it."""

    label: str
    said: Sequence[Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedForm:
    """A form that both are done with."""

    title: str
    items: Sequence[RecordedItem]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebriefRecord:
    """All of it; each text is data, with line ends and without markup."""

    title: str
    about: str
    steps: Sequence[RecordedStep]
    moments: Sequence[RecordedMoment]
    rest: str
    """How many suggestions are not in it."""
    plan: RecordedPlan
    forms: Sequence[RecordedForm]
    shared: Sequence[str]
    taken: str


def taken_moments(stores: Stores, seen: SeenLesson, now_utc_ns: int) -> list[JudgedMoment]:
    """A lesson's moments on their way into a file.

    Before a guess that comes first there is nothing of the system's in it, as on the page.
    """
    moments = moments_of(stores, seen)
    return of_people(moments) if awaits_guess(stores, seen, now_utc_ns) else moments


def debrief_record(
    stores: Stores, seen: SeenLesson, viewer: Viewer, zone: tzinfo | None, forms: Forms
) -> DebriefRecord:
    now, lesson = viewer.utc_ns, seen.lesson
    moments = taken_moments(stores, seen, now)
    kept = [one for one in moments if one.kind == "own" or _is_confirmed(one)]
    more = sum(one.kind == "suggested" for one in moments) - sum(
        one.kind == "suggested" for one in kept
    )
    is_guessing = awaits_guess(stores, seen, now)
    steps = step_page(stores, seen, zone, is_guessing=is_guessing)
    shown = [*steps.here, *([] if steps.last is None else [steps.last])]
    return DebriefRecord(
        title=title_text(lesson.title, lesson.room),
        about=_about(stores, seen, now, zone),
        steps=[_step(each, viewer.person.name) for each in shown],
        moments=[_moment(one, zone) for one in kept],
        rest=_rest(more),
        plan=recorded_plan(seen.planned(stores, now)),
        forms=[_form(each) for each in compared_forms(stores, seen, forms)],
        shared=_shared(stores, seen, viewer, zone),
        taken=_(
            "Roomtone: record of a debrief. Taken by {name} on {time}.",
            name=viewer.person.name,
            time=local_time_text(viewer.people_utc_ns, zone),
        ),
    )


def _is_confirmed(moment: JudgedMoment) -> bool:
    return any(answer.says == "confirmed" for answer in moment.answers)


def _about(stores: Stores, seen: SeenLesson, now_utc_ns: int, zone: tzinfo | None) -> str:
    lesson = seen.lesson
    start, end, is_running = lesson_span(lesson, now_utc_ns)
    sensed_s, _known_s, seen_s = seen.sensed(stores, start, end)
    until = datetime.fromtimestamp(end // SECOND_NS, tz=UTC).astimezone(zone)
    length = length_text((end - start) / SECOND_NS)
    parts = [lesson.teacher, lesson.room, f"{local_time_text(start, zone)}–{until:%H:%M}",
             _("{length} so far", length=length) if is_running else length,
             sensed_text(sensed_s / seen_s if seen_s else None)]  # fmt: skip
    about = " · ".join(part for part in parts if part)
    about = "\n".join((about, *(talk_text(each) for each in seen_talks(stores, seen))))
    if seen.cut.shared is not None:
        words = _("This record holds the parts that are shared with who took it.")
        return f"{about}\n{words}"
    if seen.cut.excluded:
        words = _("Parts that the teacher leaves out are not in it.")
        return f"{about}\n{words}"
    return about


def _step(step: StepLine, reader: str) -> RecordedStep:
    author = reader if step.is_yours else step.author
    states = {
        "proposed": _("Proposed by {author}, and not taken over yet.", author=author),
        "open": _("Open. Written by {author}.", author=author),
        "done": _("Done. Written by {author}.", author=author),
        "dropped": _("Dropped. Written by {author}.", author=author),
        "over": _("Over. Written by {author}.", author=author),
    }
    lines = step_lines(step.when, step.shows, step.went, step.went_words)
    if step.from_words:
        lines.append(_("From {lesson}", lesson=step.from_words))
    return RecordedStep(what=step.what, lines=lines, state=states[step.state])


def step_lines(when: str, shows: str, went: str, went_words: str) -> list[str]:
    """What stands below a step; an empty text is left out."""
    lines = [
        _("When: {words}", words=when) if when else "",
        _("How it will show: {words}", words=shows) if shows else "",
        _("How it went: {words}", words=went) if went else "",
        went_words,
    ]
    return [line for line in lines if line]


def _moment(one: JudgedMoment, zone: tzinfo | None) -> RecordedMoment:
    if one.kind == "own":
        who = _with_role(note_by(one.note_kind, one.author), one.author_role)
        lines: list[str] = []
    else:
        who = _("Suggested by the system")
        lines = [
            *one.because,
            one.claim,
            f"{one.trust[:1].upper()}{one.trust[1:]}." if one.trust else "",
        ]
    about = [who, *(tag.label for tag in one.tags)]
    if one.kind != "own" and zone_text(one.zone) not in one.title:
        about.append(zone_text(one.zone))
    return RecordedMoment(
        place=f"{position_text(one.start_s)}–{position_text(one.end_s)}",
        title=one.title,
        who=" · ".join(about),
        words=one.rest if one.kind == "own" else "",
        lines=[line for line in lines if line],
        replies=[
            *(
                Said(
                    who=_with_role(each.name, each.role),
                    words=answer_words(each.says, each.reason_words),
                )
                for each in one.answers
            ),
            *(
                Said(
                    who=f"{_with_role(each.author, each.author_role)}, "
                    f"{_written(each.written_at, zone)}",
                    words=each.text,
                )
                for each in one.replies
            ),
        ],
    )


def _form(form: ComparedForm) -> RecordedForm:
    return RecordedForm(
        title=form.name,
        items=[
            RecordedItem(
                label=item.label,
                said=[
                    Said(
                        who=_with_role(one.author, one.role),
                        words=choice_and_words(one.choice, one.words),
                    )
                    for one in item.said
                ],
            )
            for item in form.items
        ],
    )


def note_by(kind: str | None, author: str) -> str:
    """What a note is, and who wrote it."""
    return _(_NOTE_BY[kind or "note"], author=author)


def answer_words(says: str, reason: str) -> str:
    """What somebody answered about a suggestion."""
    return ": ".join(filter(None, (_(_SAYS[says]), reason)))


def _with_role(name: str, role: str | None) -> str:
    return f"{name} ({_(_ROLES[role])})" if role else name


def choice_and_words(choice: str, words: str) -> str:
    """What somebody said of a form's item, as one text."""
    return ". ".join(filter(None, (choice, words)))


def _written(iso: str, zone: tzinfo | None) -> str:
    return local_time_text(int(datetime.fromisoformat(iso).timestamp()) * SECOND_NS, zone)


def _rest(more: int) -> str:
    if not more:
        return ""
    return ngettext(
        "The system suggested {n} more place that nobody said to be worth talking about. "
        "They are not in this record.",
        "The system suggested {n} more places that nobody said to be worth talking about. "
        "They are not in this record.",
        more,
    )


def _shared(stores: Stores, seen: SeenLesson, viewer: Viewer, zone: tzinfo | None) -> list[str]:
    lesson, now = seen.lesson.id, viewer.utc_ns
    if seen.reach != "own":
        until = stores.sharing.shared_until(seen.viewer, now, [lesson]).get(lesson)
        parts = [
            f"{position_text(one.start_s)}–{position_text(one.end_s)}"
            for one in seen.cut.shared or ()
        ]
        name, what = viewer.person.name, joined_text(parts) or _("the whole lesson")
        if until is None:
            return [_("Its teacher shares it with {name}: {parts}.", name=name, parts=what)]
        return [
            _(
                "Its teacher shares it with {name}: {parts} until the end of {day}.",
                name=name,
                parts=what,
                day=day_text(until - SECOND_NS, zone),
            )
        ]
    shares = stores.sharing.shares(lesson, now)
    if not shares or stores.sharing.teacher.is_hidden(lesson):
        return [_("Its teacher alone.")]
    return [
        _("Its teacher, and:"),
        *(
            _(
                "{name}: {parts}, until the end of {day}.",
                name=share.name,
                parts=parts_text(share),
                day=day_text(share.until_utc_ns - SECOND_NS, zone),
            )
            for share in shares
        ),
    ]
