"""What a reader of a lesson sees of the teacher's next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal

from contract.language import _
from dashboard_api.debrief.measuring import kind_of
from dashboard_api.debrief.step_forms import StepForm
from dashboard_api.language.dates import local_time_text
from dashboard_api.moments.judged_moments import JudgedMoment, moments_of, of_people
from dashboard_api.views.movement import shown_zones
from dashboard_api.views.text import position_text, title_text
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from school.audit.entries import SOMEONE_GONE
from school.debrief.records import PARTS, WENT, ActionStep, StepState, shows_sentence, when_sentence

__all__ = ["StepChoices", "StepLine", "StepPage", "open_step_line", "step_of", "step_page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """A step in words."""

    id: str
    revision: int
    state: StepState | Literal["over"]
    what: str
    when: str
    shows: str
    author: str
    """What who wrote it is called; "you" for the reader."""
    changed_by: str
    is_changed_by_you: bool
    is_yours: bool
    from_words: str = ""
    """From which lesson it comes, if that is another one."""
    from_lesson: str | None = None
    """Its id, if the reader may open it."""
    moment: JudgedMoment | None = None
    went: str = ""
    went_words: str = ""
    form: StepForm
    """The fields with which it is changed."""
    is_measured: bool = False
    """Whether the reader can look at its measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChoices:
    """What can be chosen in the form."""

    parts: Sequence[tuple[str, str]]
    zones: Sequence[str]
    moments: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPage:
    """All of it, for a reader of one lesson."""

    lesson: str
    is_own: bool
    last: StepLine | None
    """The teacher's open step, if it comes from another lesson: for the teacher alone."""
    here: Sequence[StepLine]
    """The steps that come from this lesson, and what is proposed."""
    may_write: bool
    """Whether there is room for a new one of the reader's."""
    choices: StepChoices
    is_guessing: bool
    """Nothing that was measured is shown yet."""


def step_page(
    stores: Stores, seen: SeenLesson, zone: tzinfo | None, *, is_guessing: bool = False
) -> StepPage:
    """Someone with whom the lesson is shared sees the steps that come from this lesson alone.

    While its teacher guesses, no suggestion is named.
    """
    is_own = seen.reach == "own"
    listed = moments_of(stores, seen)
    if is_guessing:
        listed = of_people(listed)
    steps = stores.sharing.steps.of_lesson(seen.lesson.id)
    opened = stores.sharing.steps.open_step(seen.viewer) if is_own else None
    is_elsewhere = opened is not None and opened.lesson != seen.lesson.id
    names = _names(stores, steps)
    return StepPage(
        lesson=seen.lesson.id,
        is_own=is_own,
        last=_from_elsewhere(stores, seen.viewer, opened, zone)
        if opened is not None and is_elsewhere
        else None,
        here=[_line(each, seen.viewer, names, listed, is_own=is_own) for each in steps],
        may_write=opened is None
        if is_own
        else not any(each.state in {"proposed", "open"} for each in steps),
        choices=_choices(stores, seen, listed),
        is_guessing=is_guessing,
    )


def step_of(stores: Stores, seen: SeenLesson, step_id: str) -> ActionStep | None:
    """A step of this lesson, or the teacher's own open one, which their other lessons show too."""
    opened = stores.sharing.steps.open_step(seen.viewer) if seen.reach == "own" else None
    known = [*stores.sharing.steps.of_lesson(seen.lesson.id), *([opened] if opened else [])]
    return next((each for each in known if each.id == step_id), None)


def open_step_line(stores: Stores, person: str, zone: tzinfo | None) -> StepLine | None:
    """A teacher's open step, for their start page."""
    opened = stores.sharing.steps.open_step(person)
    return None if opened is None else _from_elsewhere(stores, person, opened, zone)


def _from_elsewhere(stores: Stores, person: str, step: ActionStep, zone: tzinfo | None) -> StepLine:
    """With the lesson that it comes from, as far as that is still there and theirs."""
    lesson = None if step.lesson is None else stores.lesson(step.lesson)
    words, address = _("a lesson that is deleted"), None
    if lesson is not None:
        at = local_time_text(lesson.starts_utc_ns, zone)
        if stores.sharing.reach(lesson.id, person, lesson.starts_utc_ns) == "own":
            words, address = f"{title_text(lesson.title, lesson.room)}, {at}", lesson.id
        else:
            words = _("the lesson of {time}, which is someone else’s now", time=at)
    return _line(
        step, person, _names(stores, [step]), (), is_own=True, from_words=words, from_lesson=address
    )


def _names(stores: Stores, steps: Sequence[ActionStep]) -> dict[str, str]:
    return dict(
        stores.people.names({who for each in steps for who in (each.author, each.changed_by)})
    )


def _line(
    step: ActionStep,
    reader: str,
    names: dict[str, str],
    listed: Sequence[JudgedMoment],
    *,
    is_own: bool,
    from_words: str = "",
    from_lesson: str | None = None,
) -> StepLine:
    """How it went belongs to a later lesson: others read at most that it is over."""

    def name(person: str) -> str:
        return _("you") if person == reader else names.get(person) or _(SOMEONE_GONE)

    return StepLine(
        id=step.id,
        revision=step.revision,
        state="over" if not is_own and step.state in {"done", "dropped"} else step.state,
        what=step.text.what,
        when=when_sentence(step.text),
        shows=shows_sentence(step.text),
        author=name(step.author),
        changed_by=name(step.changed_by),
        is_changed_by_you=step.changed_by == reader,
        is_yours=step.author == reader,
        from_words=from_words,
        from_lesson=from_lesson,
        moment=next((one for one in listed if one.id == step.text.moment), None),
        went=_(WENT[step.went]) if is_own and step.went is not None else "",
        went_words=step.went_words if is_own else "",
        form=StepForm.of(step.text, step.id, step.revision),
        is_measured=kind_of(step.text) is not None
        and (step.state == "open" or (is_own and step.state == "done")),
    )


def _choices(stores: Stores, seen: SeenLesson, listed: Sequence[JudgedMoment]) -> StepChoices:
    """The parts of this lesson first; the zones that may be shown."""
    declared = {one.name for one in seen.activities()}
    known = shown_zones(seen.epochs(stores))
    ordered = [zone.name for zone in seen.lesson.zones if zone.name in known]
    parts = sorted(PARTS.items(), key=lambda part: part[0] not in declared | {"start", "end"})
    return StepChoices(
        parts=[(part, _(words)) for part, words in parts],
        zones=ordered + sorted(known - set(ordered)),
        moments=[(one.id, f"{position_text(one.start_s)} {one.title}") for one in listed],
    )
