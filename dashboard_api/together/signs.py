"""Signs of what one reader sees of a lesson: they differ once something of it has changed.

A page hears that a part has changed, and asks for it as always. It hears nothing of what its person
does not see: a reflection, a guess that is not shown, a note in a part that is not shared with them.
"""

from __future__ import annotations

from typing import Literal

from dashboard_api.clock_maps.routes import line_up_of
from dashboard_api.debrief.guess_view import seen_guess
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from school.debrief.records import ActionStep

__all__ = ["Part", "Signs", "changed_parts", "signs_of"]

Part = Literal["lesson", "notes", "step", "guess", "video", "line_up", "scores"]
Signs = dict[Part, object]


def signs_of(stores: Stores, seen: SeenLesson) -> Signs:
    """One value for each part of the page; equal values mean that nothing has changed."""
    is_own = seen.reach == "own"
    steps = stores.sharing.steps.of_lesson(seen.lesson.id)
    return {
        "lesson": (seen.reach, seen.cut),
        "notes": (
            [(one.id, one.revision) for one in seen.moments(stores)],
            [(note, [one.id for one in said]) for note, said in seen.replies(stores).items()],
            seen.verdicts(stores),
        ),
        "step": [_step_sign(each, is_own=is_own) for each in steps],
        # The teacher's own page shows their guess itself.
        "guess": None if is_own else seen_guess(stores, seen),
        "video": seen.has_video,
        "line_up": line_up_of(stores, seen),
        "scores": seen.scores_sign(stores),
    }


def changed_parts(before: Signs, now: Signs) -> list[Part]:
    return [part for part, sign in now.items() if before.get(part) != sign]


def _step_sign(step: ActionStep, *, is_own: bool) -> object:
    """As `step_view.py` shows it: how it went is the teacher's alone."""
    if is_own:
        return step.id, step.revision, step.state, step.went, step.went_words
    state = "over" if step.state in {"done", "dropped"} else step.state
    return step.id, step.text, step.author, step.changed_by, state
