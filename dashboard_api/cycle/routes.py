"""A teacher's own cycle: begun, changed, shared with a coach, closed; and what coaches propose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.cycle.forms import CycleForm
from dashboard_api.cycle.view import coaches_for, cycle_page
from dashboard_api.web.access import KeepsCycle
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores, StoreThread
from dashboard_api.web.viewer import Viewer
from school.cycle.records import Cycle, CycleChangedError, CycleGoneError
from school.cycle.store import CycleStore

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Form(max_length=200)]


@router.get("/cycle")
async def own_cycle(request: Request, viewer: KeepsCycle, store: StoreDep) -> Response:
    return await store.run(lambda stores: _shown(request, stores, viewer))


@router.post("/cycle")
async def write(
    request: Request, viewer: KeepsCycle, store: StoreDep, form: Annotated[CycleForm, Form()]
) -> Response:
    """Begin one, or change it. What another window changed meanwhile comes back beside what was sent."""

    def change(stores: Stores) -> Response:
        try:
            _write(stores, viewer, form)
        except CycleChangedError as error:
            again = form.model_copy(update={"revision": error.now.revision})
            return _shown(request, stores, viewer, form=again, kept=error.now, status=409)
        except UsageError as error:
            return _shown(request, stores, viewer, form=form, trouble=str(error), status=422)
        return _back()

    return await store.run(change)


@router.post("/cycle/lesson")
async def choose_lesson(
    request: Request, viewer: KeepsCycle, store: StoreDep, cycle: Id = "", lesson: Id = ""
) -> Response:
    """Which lesson it is about: one of the teacher's own."""

    def change(stores: Stores) -> None:
        if stores.sharing.cycles.open_cycle(viewer.person.id) is None:
            raise CycleGoneError
        if stores.sharing.reach(lesson, viewer.person.id, viewer.utc_ns) != "own":
            raise UsageError(_("Choose one of your own lessons."))
        stores.sharing.cycles.look_at(cycle, lesson, viewer.actor)

    return await _change(request, viewer, store, change)


@router.post("/cycle/talked")
async def talked(request: Request, viewer: KeepsCycle, store: StoreDep, cycle: Id = "") -> Response:
    return await _change(request, viewer, store, _of(viewer, cycle, CycleStore.talk))


@router.post("/cycle/close")
async def close(request: Request, viewer: KeepsCycle, store: StoreDep, cycle: Id = "") -> Response:
    return await _change(request, viewer, store, _of(viewer, cycle, CycleStore.close))


@router.post("/cycle/accept")
async def accept(request: Request, viewer: KeepsCycle, store: StoreDep, cycle: Id = "") -> Response:
    """Take over what a coach proposes."""

    def change(stores: Stores) -> None:
        stores.sharing.cycles.accept(cycle, viewer.actor)

    return await _change(request, viewer, store, change)


@router.post("/cycle/remove")
async def remove(request: Request, viewer: KeepsCycle, store: StoreDep, cycle: Id = "") -> Response:
    """Decline what is proposed, or remove one's own."""

    def change(stores: Stores) -> None:
        stores.sharing.cycles.remove(cycle, viewer.actor)

    return await _change(request, viewer, store, change)


def _of(
    viewer: Viewer, cycle: str, do: Callable[..., None]
) -> Callable[[Stores], None]:  # fmt: skip
    return lambda stores: do(stores.sharing.cycles, cycle, viewer.actor)


async def _change(
    request: Request, viewer: Viewer, store: StoreThread, do: Callable[[Stores], None]
) -> Response:
    """Do it and show the page again, with a sentence if it did not work."""

    def change(stores: Stores) -> Response:
        try:
            do(stores)
        except CycleGoneError:
            return _back()  # the page shows what there is
        except UsageError as error:
            return _shown(request, stores, viewer, trouble=str(error), status=422)
        return _back()

    return await store.run(change)


def _write(stores: Stores, viewer: Viewer, form: CycleForm) -> None:
    text, coach = form.text(), form.coach or None
    if coach is not None and coach not in {one.id for one in coaches_for(stores, viewer)}:
        raise UsageError(_("Choose a coach, or nobody."))
    if form.cycle:
        stores.sharing.cycles.change(form.cycle, form.revision, text, coach, viewer.actor)
    else:
        stores.sharing.cycles.write(text, coach, viewer.actor)


def _back() -> Response:
    return RedirectResponse("/cycle", status_code=303)


def _shown(
    request: Request,
    stores: Stores,
    viewer: Viewer,
    *,
    form: CycleForm | None = None,
    kept: Cycle | None = None,
    trouble: str = "",
    status: int = 200,
) -> Response:
    """The page; with `form`, what was sent and not kept stands in the fields again."""
    shown = cycle_page(stores, viewer, request.app.state.zone)
    if form is None and shown.opened is not None:
        one = shown.opened.cycle
        form = CycleForm(
            focus=one.text.focus, debrief_on=one.text.debrief_on, again_on=one.text.again_on,
            cycle=one.id, revision=one.revision, coach=one.coach or "",
        )  # fmt: skip
    return page(
        "cycle/page.html", viewer=viewer, status_code=status, shown=shown, form=form, kept=kept,
        trouble=trouble,
    )  # fmt: skip
