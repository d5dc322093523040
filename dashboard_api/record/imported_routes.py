"""Lessons that somebody reads back from bundles: documents of their own, which open nothing."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import N_, _
from dashboard_api.language.dates import local_time_text
from dashboard_api.record.imported_view import imported_page
from dashboard_api.views.text import title_text
from dashboard_api.web.access import ImportsLessons
from dashboard_api.web.files import saved_file
from dashboard_api.web.limits.export_places import export_places, without_place
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.bundle.file_format import MAX_BYTES, bundle_text, read_bundle
from school.bundle.records import Content

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_GONE: Final = N_("There is no such imported lesson. It may have been deleted.")
_MAX_NAME: Final = 60


@router.get("/imported")
async def imported(request: Request, viewer: ImportsLessons, store: StoreDep) -> Response:
    return await store.run(lambda stores: _listed(request, stores, viewer))


@router.post("/imported")
async def read_back(request: Request, viewer: ImportsLessons, store: StoreDep) -> Response:
    """Read a file, and open what is in it. What does not fit is refused with a sentence."""
    if (refusal := without_place(request, viewer.person.id)) is not None:
        return refusal
    with export_places(request).held(viewer.person.id):
        try:
            content = await _content(request)
            made = await store.run(
                lambda stores: stores.sharing.imported.add(viewer.person.id, content, viewer.actor)
            )
        except UsageError as error:
            trouble = str(error)
            return await store.run(
                lambda stores: _listed(request, stores, viewer, trouble=trouble, status=422)
            )
    return RedirectResponse(f"/imported/{made}", status_code=303)


@router.get("/imported/{imported_id}")
async def one_imported(
    request: Request, viewer: ImportsLessons, imported_id: str, store: StoreDep
) -> Response:
    zone = request.app.state.zone

    def query(stores: Stores) -> Response:
        content = _own(stores, viewer, imported_id)
        shown = imported_page(content, zone)
        return page("record/imported_lesson.html", viewer=viewer, shown=shown, id=imported_id)

    return await store.run(query)


@router.get("/imported/{imported_id}/lesson.json")
async def taken_again(viewer: ImportsLessons, imported_id: str, store: StoreDep) -> Response:
    """The file again, without the names that are not kept."""
    text = await store.run(lambda stores: bundle_text(_own(stores, viewer, imported_id)))
    return saved_file("lesson.json", text, "application/json")


@router.post("/imported/{imported_id}/delete")
async def delete(viewer: ImportsLessons, imported_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> None:
        if not stores.sharing.imported.remove(imported_id, viewer.person.id, viewer.actor):
            raise NotFoundError(_(_GONE))

    await store.run(change)
    return RedirectResponse("/imported", status_code=303)


async def _content(request: Request) -> Content:
    """What the form's file holds; raises UsageError."""
    async with request.form(max_files=1, max_fields=1) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise UsageError(_("Choose a file first: one that was taken as “All of it”."))
        data = await file.read(MAX_BYTES + 1)
        name = _("The file {file}", file=" ".join(file.filename.split())[:_MAX_NAME])
    # A large one takes a while.
    return await asyncio.to_thread(read_bundle, data, name)


def _own(stores: Stores, viewer: Viewer, imported_id: str) -> Content:
    found = stores.sharing.imported.get(imported_id, viewer.person.id)
    if found is None:
        raise NotFoundError(_(_GONE))
    return found


def _listed(
    request: Request, stores: Stores, viewer: Viewer, *, trouble: str = "", status: int = 200
) -> Response:
    zone = request.app.state.zone
    lines = [
        (each.id, title_text(each.title, each.room), local_time_text(each.starts_utc_ns, zone),
         local_time_text(each.imported_utc_ns, zone))
        for each in stores.sharing.imported.of_person(viewer.person.id)
    ]  # fmt: skip
    return page(
        "record/imported.html", viewer=viewer, lines=lines, trouble=trouble, status_code=status
    )
