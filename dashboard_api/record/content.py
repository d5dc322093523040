"""What the record of a debrief holds, for one reader of the lesson: what they see of it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from contract.clock import SECOND_NS
from dashboard_api.debrief.guess_view import awaits_guess
from dashboard_api.debrief.step_view import StepLine, step_page
from dashboard_api.forms.view import Forms
from dashboard_api.lessons.timeline_view import lesson_span
from dashboard_api.moments.judged_moments import JudgedMoment, moments_of, of_people
from dashboard_api.record.compared_forms import ComparedForm, compared_forms
from dashboard_api.sharing.page_view import day_text, parts_text
from dashboard_api.views.text import (
    joined_text,
    length_text,
    local_time_text,
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
    "choice_and_words",
    "debrief_record",
    "taken_moments",
]


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
        forms=[_form(each) for each in compared_forms(stores, seen, forms)],
        shared=_shared(stores, seen, viewer, zone),
        taken=f"Roomtone: record of a debrief. Taken by {viewer.person.name} on "
        f"{local_time_text(viewer.people_utc_ns, zone)}.",
    )


def _is_confirmed(moment: JudgedMoment) -> bool:
    return any(answer.says == "confirmed" for answer in moment.answers)


def _about(stores: Stores, seen: SeenLesson, now_utc_ns: int, zone: tzinfo | None) -> str:
    lesson = seen.lesson
    start, end, is_running = lesson_span(lesson, now_utc_ns)
    sensed_s, _, seen_s = seen.sensed(stores, start, end)
    until = datetime.fromtimestamp(end // SECOND_NS, tz=UTC).astimezone(zone)
    parts = [lesson.teacher, lesson.room, f"{local_time_text(start, zone)}–{until:%H:%M}",
             f"{length_text((end - start) / SECOND_NS)}{' so far' if is_running else ''}",
             sensed_text(sensed_s / seen_s if seen_s else None)]  # fmt: skip
    about = " · ".join(part for part in parts if part)
    if seen.cut.shared is not None:
        return f"{about}\nThis record holds the parts that are shared with who took it."
    return (
        f"{about}\nParts that the teacher leaves out are not in it." if seen.cut.excluded else about
    )


def _step(step: StepLine, reader: str) -> RecordedStep:
    author = reader if step.author == "you" else step.author
    states = {
        "proposed": f"Proposed by {author}, and not taken over yet.",
        "open": f"Open. Written by {author}.",
        "done": f"Done. Written by {author}.",
        "dropped": f"Dropped. Written by {author}.",
        "over": f"Over. Written by {author}.",
    }
    lines = [f"When: {step.when}" if step.when else "", f"How it will show: {step.shows}",
             f"How it went: {step.went}" if step.went else "", step.went_words,
             f"From {step.from_words}" if step.from_words else ""]  # fmt: skip
    return RecordedStep(
        what=step.what, lines=[line for line in lines if line], state=states[step.state]
    )


def _moment(one: JudgedMoment, zone: tzinfo | None) -> RecordedMoment:
    if one.kind == "own":
        kind = (one.note_kind or "note").capitalize()
        who = f"{kind} by {one.author} ({one.author_role})"
        lines: list[str] = []
    else:
        who = "Suggested by the system"
        lines = [
            *one.because,
            one.claim,
            f"{one.trust[:1].upper()}{one.trust[1:]}." if one.trust else "",
        ]
    about = [who, *(tag.label for tag in one.tags)]
    if one.kind != "own" and zone_text(one.zone) not in one.title:
        about.append(zone_text(one.zone))
    says = {"confirmed": "worth talking about", "dismissed": "not really"}
    return RecordedMoment(
        place=f"{position_text(one.start_s)}–{position_text(one.end_s)}",
        title=one.title,
        who=" · ".join(about),
        words=one.rest if one.kind == "own" else "",
        lines=[line for line in lines if line],
        replies=[
            *(
                Said(
                    who=f"{each.name} ({each.role})",
                    words=": ".join(filter(None, (says[each.says], each.reason_words))),
                )
                for each in one.answers
            ),
            *(
                Said(
                    who=f"{each.author} ({each.author_role}), {_written(each.written_at, zone)}",
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
                        who=f"{one.author} ({one.role})",
                        words=choice_and_words(one.choice, one.words),
                    )
                    for one in item.said
                ],
            )
            for item in form.items
        ],
    )


def choice_and_words(choice: str, words: str) -> str:
    """What somebody said of a form's item, as one text."""
    return ". ".join(filter(None, (choice, words)))


def _written(iso: str, zone: tzinfo | None) -> str:
    return local_time_text(int(datetime.fromisoformat(iso).timestamp()) * SECOND_NS, zone)


def _rest(more: int) -> str:
    if not more:
        return ""
    return (
        f"The system suggested {more} more {'place' if more == 1 else 'places'} that nobody said "
        "to be worth talking about. They are not in this record."
    )


def _shared(stores: Stores, seen: SeenLesson, viewer: Viewer, zone: tzinfo | None) -> list[str]:
    lesson, now = seen.lesson.id, viewer.utc_ns
    if seen.reach != "own":
        until = stores.sharing.shared_until(seen.viewer, now, [lesson]).get(lesson)
        parts = [
            f"{position_text(one.start_s)}–{position_text(one.end_s)}"
            for one in seen.cut.shared or ()
        ]
        what = joined_text(parts) or "the whole lesson"
        end = "" if until is None else f" until the end of {day_text(until - SECOND_NS, zone)}"
        return [f"Its teacher shares it with {viewer.person.name}: {what}{end}."]
    shares = stores.sharing.shares(lesson, now)
    if not shares or stores.sharing.teacher.is_hidden(lesson):
        return ["Its teacher alone."]
    return [
        "Its teacher, and:",
        *(
            f"{share.name}: {parts_text(share)}, until the end of "
            f"{day_text(share.until_utc_ns - SECOND_NS, zone)}."
            for share in shares
        ),
    ]
