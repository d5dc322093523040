"""The page of the programme: groups of schools, and the pages that belong to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Form
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import N_, _
from dashboard_api.web.access import ReadsCounts, RunsProgramme
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.ids import id_of
from school.programme.records import SchoolGroup
from school.sharing.policy import may_at_all

__all__ = ["PAGES", "router"]

router = APIRouter(include_in_schema=False)

PAGES: Final[Sequence[tuple[str, str]]] = (
    ("/programme/worth", N_("What it was worth")),
    ("/programme/coverage", N_("How far coaching reaches")),
    ("/programme/waves", N_("Waves of the roll-out")),
    ("/programme/released", N_("What left for a collector")),
    ("/pulse", N_("Short questions: what was answered, and what was done")),
)
"""Address and words of the programme's other pages, for all who read counts."""
_MAX_NAME: Final = 32
Text = Annotated[str, Field(max_length=200)]


class _GroupForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Text = ""
    sites: Annotated[list[Text], Field(max_length=1_000)] = []


@router.get("/programme")
async def programme_page(viewer: ReadsCounts, store: StoreDep) -> Response:
    return await store.run(lambda stores: _page(stores, viewer))


@router.post("/programme/groups")
async def add_group(
    viewer: RunsProgramme, store: StoreDep, form: Annotated[_GroupForm, Form()]
) -> Response:
    """Name a group of schools."""
    title = " ".join(form.title.split())

    def add(stores: Stores) -> Response:
        name = id_of(title)[:_MAX_NAME].strip("-")
        if not name:
            return _page(stores, viewer, _("A group needs a name with a letter or a digit."))
        if name in {group.name for group in stores.programme.groups()}:
            return _page(stores, viewer, _("There is a group of that name already."))
        return _put(stores, viewer, name, title, form.sites)

    return await store.run(add)


@router.post("/programme/groups/{group}")
async def change_group(
    viewer: RunsProgramme, store: StoreDep, group: str, form: Annotated[_GroupForm, Form()]
) -> Response:
    def change(stores: Stores) -> Response:
        if group not in {each.name for each in stores.programme.groups()}:
            raise NotFoundError(_("There is no such group of schools."))
        title = " ".join(form.title.split())
        if not title:
            return _page(stores, viewer, _("A group needs a name with a letter or a digit."))
        return _put(stores, viewer, group, title, form.sites)

    return await store.run(change)


@router.post("/programme/groups/{group}/remove")
async def remove_group(viewer: RunsProgramme, store: StoreDep, group: str) -> Response:
    def remove(stores: Stores) -> Response:
        if not stores.programme.remove_group(group, viewer.actor):
            raise NotFoundError(_("There is no such group of schools."))
        return RedirectResponse("/programme", status_code=303)

    return await store.run(remove)


def _put(stores: Stores, viewer: Viewer, name: str, title: str, sites: Sequence[str]) -> Response:
    try:
        group = SchoolGroup(name=name, title=title, sites=frozenset(sites))
        stores.programme.put_group(group, viewer.actor)
    except UsageError as error:
        return _page(stores, viewer, str(error))
    return RedirectResponse("/programme", status_code=303)


def _page(stores: Stores, viewer: Viewer, trouble: str = "") -> Response:
    sites = [(site.name, site.title or site.name) for site in stores.rooms.sites()]
    return page(
        "programme/page.html", viewer=viewer, status_code=422 if trouble else 200, trouble=trouble,
        sites=sites, groups=stores.programme.groups(), titles=dict(sites), pages=PAGES,
        may_run=may_at_all(viewer.person.roles, "run programme"),
    )  # fmt: skip
