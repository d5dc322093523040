"""The teacher's next step: written by them, or proposed by a coach; and how it went.

Each answer is the view of the step: a part of the lesson page for htmx, otherwise a page of its own.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import N_, _
from dashboard_api.debrief.step_forms import StepForm, WentForm
from dashboard_api.debrief.step_view import step_of, step_page
from dashboard_api.language.dates import local_time_text
from dashboard_api.moments.judged_moments import is_guessing
from dashboard_api.views.text import title_text
from dashboard_api.web.access import DecidesStep, ReadsNotes, WritesNotes
from dashboard_api.web.lookup import NotFoundError, see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.debrief.records import WHOLE_ROOM, ActionStep, ChangedMeanwhileError

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_GONE: Final = N_("There is no such step; somebody may have removed it.")


@router.get("/lessons/{lesson_id}/step")
async def step(request: Request, viewer: ReadsNotes, lesson_id: str, store: StoreDep) -> Response:
    return await store.run(
        lambda stores: _shown(request, stores, viewer, see_lesson(stores, viewer, lesson_id))
    )


@router.post("/lessons/{lesson_id}/step")
async def write(
    request: Request,
    viewer: WritesNotes,
    lesson_id: str,
    store: StoreDep,
    form: Annotated[StepForm, Form()],
) -> Response:
    """Write or change one. What somebody else changed meanwhile comes back beside what was sent."""

    def change(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        try:
            _write(stores, viewer, seen, form)
        except ChangedMeanwhileError as error:
            return _shown(request, stores, viewer, seen, form=form, now=error.now, status=409)
        except UsageError as error:
            return _shown(request, stores, viewer, seen, form=form, trouble=str(error), status=422)
        return _after(request, stores, viewer, seen, _("Saved."))

    return await store.run(change)


@router.post("/lessons/{lesson_id}/step/{step_id}/accept")
async def accept(
    request: Request,
    viewer: DecidesStep,
    lesson_id: str,
    step_id: str,
    store: StoreDep,
    revision: Annotated[int, Form(ge=0)],
) -> Response:
    """The teacher takes over what is proposed, as they see it."""

    def change(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        _here(stores, seen, step_id)
        try:
            stores.sharing.steps.accept(step_id, revision, viewer.actor)
        except ChangedMeanwhileError as error:
            return _shown(request, stores, viewer, seen, now=error.now, status=409)
        except UsageError as error:
            return _shown(request, stores, viewer, seen, trouble=str(error), status=422)
        return _after(request, stores, viewer, seen, _("Saved. This is your next step now."))

    return await store.run(change)


@router.post("/lessons/{lesson_id}/step/{step_id}/went")
async def report(
    request: Request,
    viewer: DecidesStep,
    lesson_id: str,
    step_id: str,
    store: StoreDep,
    form: Annotated[WentForm, Form()],
) -> Response:
    """In a later lesson of theirs the teacher says how their open step went."""

    def change(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        opened = stores.sharing.steps.open_step(viewer.person.id)
        if opened is None or opened.id != step_id:
            raise NotFoundError(_(_GONE))
        stores.sharing.steps.report(step_id, form.went, form.words.strip(), lesson_id, viewer.actor)
        return _after(request, stores, viewer, seen, _("Saved."))

    return await store.run(change)


@router.post("/lessons/{lesson_id}/step/{step_id}/remove")
async def remove(
    request: Request, viewer: WritesNotes, lesson_id: str, step_id: str, store: StoreDep
) -> Response:
    """The teacher removes each of theirs; a coach withdraws what they proposed."""

    def change(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        known = _mine(stores, seen, step_id)
        is_withdrawn = known.state == "proposed" and known.author == viewer.person.id
        if seen.reach != "own" and not is_withdrawn:
            raise HTTPException(403, _("This step is the teacher’s, who alone may remove it"))
        stores.sharing.steps.remove(step_id, viewer.actor)
        return _after(request, stores, viewer, seen, _("Removed."))

    return await store.run(change)


def _write(stores: Stores, viewer: Viewer, seen: SeenLesson, form: StepForm) -> None:
    steps, text = stores.sharing.steps, form.text()
    choices = step_page(stores, seen, None).choices
    known = _mine(stores, seen, form.step) if form.step else None
    before = None if known is None else known.text
    if text.shows_zone not in {
        "",
        WHOLE_ROOM,
        *choices.zones,
        "" if before is None else before.shows_zone,
    }:
        raise UsageError(_("There is no such zone in this lesson. Choose another one."))
    if text.moment not in {"", *dict(choices.moments), "" if before is None else before.moment}:
        raise UsageError(_("There is no such moment any more. Choose another one, or none."))
    if known is None:
        steps.write(seen.lesson.id, text, viewer.actor)
        return
    if seen.reach != "own" and known.state != "proposed":
        raise HTTPException(403, _("The teacher has taken this step over: only they change it now"))
    if seen.reach != "own" and known.author != viewer.person.id:
        raise HTTPException(
            403, _("Somebody else proposes this step: only they and the teacher change it")
        )
    changed = steps.change(known.id, form.revision, text, viewer.actor)
    if form.takes_over and seen.reach == "own":
        steps.accept(changed.id, changed.revision, viewer.actor)


def _here(stores: Stores, seen: SeenLesson, step_id: str) -> ActionStep:
    """A step that comes from this lesson."""
    for each in stores.sharing.steps.of_lesson(seen.lesson.id):
        if each.id == step_id:
            return each
    raise NotFoundError(_(_GONE))


def _mine(stores: Stores, seen: SeenLesson, step_id: str) -> ActionStep:
    found = step_of(stores, seen, step_id)
    if found is None:
        raise NotFoundError(_(_GONE))
    return found


def _after(
    request: Request, stores: Stores, viewer: Viewer, seen: SeenLesson, notice: str
) -> Response:
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/lessons/{seen.lesson.id}/step", status_code=303)
    return _shown(request, stores, viewer, seen, notice=notice)


def _shown(
    request: Request,
    stores: Stores,
    viewer: Viewer,
    seen: SeenLesson,
    *,
    form: StepForm | None = None,
    now: ActionStep | None = None,
    trouble: str = "",
    notice: str = "",
    status: int = 200,
) -> Response:
    """The view; with `form`, what was sent and not kept stands in the fields again."""
    zone, lesson = request.app.state.zone, seen.lesson
    shown = step_page(stores, seen, zone, is_guessing=is_guessing(request))
    theirs = None
    if now is not None:
        theirs = next(
            (each for each in [*shown.here, shown.last] if each and each.id == now.id), None
        )
        if form is not None and theirs is not None and (shown.is_own or theirs.is_yours):
            # Saved again it replaces what is there, which its writer has seen now.
            form = form.model_copy(update={"step": now.id, "revision": now.revision})
    return page(
        "debrief/_step.html" if "hx-request" in request.headers else "debrief/step.html",
        viewer=viewer, status_code=status, lesson=lesson, shown=shown, form=form, theirs=theirs,
        trouble=trouble, notice=notice, title=title_text(lesson.title, lesson.room),
        at=local_time_text(lesson.starts_utc_ns, zone),
    )  # fmt: skip
