"""A lesson's plan: its teacher writes it and says when its phases began; who sees the lesson reads it.

Each answer is a part of the lesson page for htmx, otherwise a page of its own, which works without
scripts.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, HTTPException, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import _
from dashboard_api.language.dates import local_time_text
from dashboard_api.plans.view import EXAMPLE, plan_part
from dashboard_api.views.dates import typed_seconds
from dashboard_api.views.text import title_text
from dashboard_api.web.access import ReadsLesson, WritesPlan
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.plans.checking import checked_phases
from school.plans.plan_file import MAX_BYTES, DraftPhase, read_plan, read_plan_file
from school.plans.records import MAX_PHASES, Phase, PlanChangedError

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_MAX_NAME: Final = 60
_MAX_REVISION: Final = 1_000_000_000


class PhaseForm(BaseModel):
    """What a teacher says of one phase, and of which revision of the plan."""

    model_config = ConfigDict(extra="forbid")

    revision: Annotated[int, Field(ge=1, le=_MAX_REVISION)]
    says: Literal["began", "now", "never", "not_known"]
    at: Annotated[str, Field(max_length=8, pattern=r"^\s*(\d{1,3}(:[0-5]?\d){0,2})?\s*$")] = ""
    """When it began, for "began": `m:ss`, `h:mm:ss` or whole minutes."""


@router.get("/lessons/{lesson_id}/plan")
async def plan(request: Request, viewer: ReadsLesson, lesson_id: str, store: StoreDep) -> Response:
    def query(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        stores.audit.record_look(viewer.actor, "lesson", lesson_id, lesson=lesson_id)
        return _shown(request, stores, viewer, seen)

    return await store.run(query)


@router.post("/lessons/{lesson_id}/plan")
async def write(request: Request, viewer: WritesPlan, lesson_id: str, store: StoreDep) -> Response:
    """Keep what was typed, or what the file holds; what is wrong comes back with its line."""
    async with request.form(max_files=1, max_fields=2) as form:
        text, revision = str(form.get("text", "")), str(form.get("revision", "0"))
        file = form.get("file")
        data, name = None, ""
        if isinstance(file, UploadFile) and file.filename:
            data = await file.read(MAX_BYTES + 1)
            name = _("The file {file}", file=" ".join(file.filename.split())[:_MAX_NAME])
    if not re.fullmatch(r"\d{1,10}", revision, re.ASCII) or int(revision) > _MAX_REVISION:
        raise HTTPException(422, _("This page is too old. Open it again."))

    def change(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        try:
            draft = read_plan(text) if data is None else read_plan_file(data, name)
            phases = _checked(stores, seen, draft)
            stores.sharing.plans.write(lesson_id, phases, int(revision), viewer.actor)
        except (UsageError, PlanChangedError) as error:
            return _shown(request, stores, viewer, seen, trouble=str(error), text=text)
        return _after(request, stores, viewer, seen)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/plan/remove")
async def remove(request: Request, viewer: WritesPlan, lesson_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        stores.sharing.plans.remove(lesson_id, viewer.actor)
        return _after(request, stores, viewer, seen)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/plan/phases/{place}")
async def answer(
    request: Request,
    viewer: WritesPlan,
    lesson_id: str,
    place: Annotated[int, Path(ge=0, lt=MAX_PHASES)],
    store: StoreDep,
    form: Annotated[PhaseForm, Form()],
) -> Response:
    """When a phase truly began, or that it never came, or that nobody knows."""

    def change(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        plans, person = stores.sharing.plans, viewer.person.id
        try:
            if form.says == "never":
                plans.leave_out(lesson_id, place, form.revision, person)
            else:
                began = _began(stores, seen, form, viewer.utc_ns)
                plans.begin(lesson_id, place, form.revision, person, began)
        except (UsageError, PlanChangedError) as error:
            return _shown(request, stores, viewer, seen, trouble=str(error))
        return _after(request, stores, viewer, seen)

    return await store.run(change)


@router.get("/lessons/{lesson_id}/plan/standards")
async def standards(
    request: Request,
    viewer: WritesPlan,
    lesson_id: str,
    store: StoreDep,
    wanted: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The school's standards with these words, to name in a plan."""

    def query(stores: Stores) -> Response:
        lesson = see_lesson(stores, viewer, lesson_id).lesson
        is_part = "hx-request" in request.headers
        return page(
            "plans/_standards.html" if is_part else "plans/standards.html",
            viewer=viewer, lesson=lesson, wanted=wanted, found=stores.sharing.standards.search(wanted),
            frameworks=stores.sharing.standards.frameworks(),
        )  # fmt: skip

    return await store.run(query)


def _checked(stores: Stores, seen: SeenLesson, draft: list[DraftPhase]) -> tuple[Phase, ...]:
    lesson = seen.lesson
    length_ns = lesson.over_utc_ns(stores.longest_ns) - lesson.starts_utc_ns
    return checked_phases(draft, length_ns / SECOND_NS, stores.sharing.standards.code_of)


def _began(stores: Stores, seen: SeenLesson, form: PhaseForm, now_utc_ns: int) -> int | None:
    """In seconds since the lesson's start; raises UsageError for a time outside of it."""
    if form.says == "not_known":
        return None
    starts, over = seen.lesson.starts_utc_ns, seen.lesson.over_utc_ns(stores.longest_ns)
    passed = (min(now_utc_ns, over) - starts) // SECOND_NS
    at = passed if form.says == "now" else typed_seconds(form.at)
    if at is None:
        raise UsageError(_("Say when it began, such as 12:30."))
    if not 0 <= at <= passed:
        raise UsageError(_("A phase begins within the lesson, and not later than now."))
    return at


def _after(request: Request, stores: Stores, viewer: Viewer, seen: SeenLesson) -> Response:
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/lessons/{seen.lesson.id}/plan", status_code=303)
    return _shown(request, stores, viewer, seen)


def _shown(
    request: Request,
    stores: Stores,
    viewer: Viewer,
    seen: SeenLesson,
    *,
    trouble: str = "",
    text: str | None = None,
) -> Response:
    lesson, zone = seen.lesson, request.app.state.zone
    is_part = "hx-request" in request.headers
    return page(
        "plans/_plan.html" if is_part else "plans/page.html",
        viewer=viewer, lesson=lesson, part=plan_part(stores, seen, viewer.utc_ns),
        trouble=trouble, text=text, example=_(EXAMPLE), is_part=is_part,
        title=title_text(lesson.title, lesson.room), at=local_time_text(lesson.starts_utc_ns, zone),
        # htmx shows nothing of an answer that says that something is wrong.
        status_code=200 if is_part or not trouble else 422,
    )  # fmt: skip
