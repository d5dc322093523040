"""Adding a room, and the page of its plan, its zones and its kits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.commissioning.authority import authority_of, kits_of, known_nodes
from dashboard_api.commissioning.view import set_up
from dashboard_api.web.access import SetsUpRooms
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores, StoreThread
from dashboard_api.web.viewer import Viewer
from school.rooms.defaults import default_hubs, default_node
from school.rooms.layout import plan_of_size, read_plan, zones_by_layout
from school.rooms.records import Kit, Plan, Room
from school.rooms.typed import read_hubs, read_zones
from school.timetable.entries import as_room

__all__ = ["room_of", "router", "setup_page"]

router = APIRouter(include_in_schema=False)

_Long = Annotated[str, Field(max_length=10_000)]
_Short = Annotated[str, Field(max_length=200)]


class _RoomForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: _Short = ""
    title: _Short = ""
    site: _Short = ""
    seats: Annotated[str, Field(max_length=4)] = ""
    plan: _Long = ""


class _ChangeForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: _Short = ""
    plan: _Long = ""
    zones: _Long = ""
    by_plan: Literal["", "1"] = ""


class _KitForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    node: _Short = ""
    hubs: _Long = ""
    sound: Literal["hub", "microphone", "none"] = "hub"


@router.get("/rooms/new")
async def new_room(request: Request, viewer: SetsUpRooms, store: StoreDep) -> Response:
    return await _new_page(request, viewer, store, _RoomForm(seats="30"))


@router.post("/rooms/new")
async def add_room(
    request: Request, viewer: SetsUpRooms, store: StoreDep, form: Annotated[_RoomForm, Form()]
) -> Response:
    sites = kits_of(request.app).sites
    try:
        name = as_room(form.name, _("Name"))
        plan = _plan(form.plan, form.seats)
        room = Room(
            name=name, site=form.site if form.site in sites else sites[0], title=form.title.strip(),
            plan=plan, zones=zones_by_layout(plan),
        )  # fmt: skip
        kit = Kit(
            node=default_node(name), hubs=default_hubs(sorted(room.seats)),
            added_utc_ns=viewer.people_utc_ns,
        )  # fmt: skip
        await store.run(
            lambda stores: stores.rooms.add_room(
                room, kit if len(kit.hubs) <= _MAX_HUBS else None, viewer.actor,
                now_utc_ns=viewer.utc_ns,
            )
        )  # fmt: skip
    except UsageError as error:
        return await _new_page(request, viewer, store, form, trouble=str(error))
    return _to(name)


_MAX_HUBS = 8


@router.get("/rooms/{room}/setup")
async def room_setup(request: Request, viewer: SetsUpRooms, room: str, store: StoreDep) -> Response:
    return await setup_page(request, viewer, store, room)


@router.post("/rooms/{room}/setup")
async def change_room(
    request: Request, viewer: SetsUpRooms, room: str, store: StoreDep,
    form: Annotated[_ChangeForm, Form()],
) -> Response:  # fmt: skip
    def change(stores: Stores) -> None:
        plan = _plan(form.plan, "")
        zones = zones_by_layout(plan) if form.by_plan else read_zones(_lines(form.zones))
        changed = replace(room_of(stores, room), title=form.title.strip(), plan=plan, zones=zones)
        stores.rooms.put_room(changed, viewer.actor, now_utc_ns=viewer.utc_ns)

    return await _changed(request, viewer, store, room, change)


@router.post("/rooms/{room}/setup/kits")
async def put_kit(
    request: Request, viewer: SetsUpRooms, room: str, store: StoreDep,
    form: Annotated[_KitForm, Form()],
) -> Response:  # fmt: skip
    def change(stores: Stores) -> None:
        room_of(stores, room)
        kit = Kit(
            node=form.node.strip(), hubs=read_hubs(_lines(form.hubs)), sound=form.sound,
            added_utc_ns=viewer.people_utc_ns,
        )  # fmt: skip
        stores.rooms.put_kit(room, kit, viewer.actor)

    return await _changed(request, viewer, store, room, change)


@router.post("/rooms/{room}/setup/kits/{node}/remove")
async def remove_kit(
    request: Request, viewer: SetsUpRooms, room: str, node: str, store: StoreDep
) -> Response:
    def change(stores: Stores) -> None:
        if node not in {kit.node for kit in room_of(stores, room).kits}:
            raise NotFoundError(_("There is no such kit."))
        stores.rooms.remove_kit(node, viewer.actor)

    return await _changed(request, viewer, store, room, change)


@router.post("/rooms/{room}/setup/remove")
async def remove_room(viewer: SetsUpRooms, room: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> None:
        room_of(stores, room)
        stores.rooms.remove_room(room, viewer.actor)

    await store.run(change)
    return RedirectResponse("/rooms", status_code=303)


async def setup_page(
    request: Request, viewer: Viewer, store: StoreThread, room: str,
    *, trouble: str = "", status_code: int = 200,
) -> Response:  # fmt: skip
    """The page of a room, perhaps with what could not be done; raises NotFoundError."""
    found = await store.run(lambda stores: room_of(stores, room))
    nodes, said = await known_nodes(request.app)
    return page(
        "commissioning/room.html", viewer=viewer, shown=set_up(found, nodes, request.app.state.zone),
        trouble=trouble, authority=said, can_make_codes=authority_of(request.app) is not None,
        status_code=status_code,
    )  # fmt: skip


def room_of(stores: Stores, name: str) -> Room:
    """A room that is described; raises NotFoundError."""
    found = stores.rooms.rooms().get(name)
    if found is None:
        raise NotFoundError(_("This room is not described."))
    return found


async def _changed(
    request: Request, viewer: Viewer, store: StoreThread, room: str,
    change: Callable[[Stores], None],
) -> Response:  # fmt: skip
    try:
        await store.run(change)
    except UsageError as error:
        return await setup_page(request, viewer, store, room, trouble=str(error), status_code=422)
    return _to(room)


async def _new_page(
    request: Request, viewer: Viewer, store: StoreThread, form: _RoomForm, trouble: str = ""
) -> Response:
    def query(stores: Stores) -> dict[str, Any]:
        titles = {site.name: site.title for site in stores.rooms.sites()}
        named = sorted(set(stores.sharing.all_rooms()) - set(stores.rooms.rooms()))
        return {
            "sites": [(name, titles.get(name) or name) for name in kits_of(request.app).sites],
            "named": named,
        }

    values = await store.run(query)
    return page(
        "commissioning/new.html", viewer=viewer, form=form, trouble=trouble,
        status_code=422 if trouble else 200, **values,
    )  # fmt: skip


def _plan(text: str, seats: str) -> Plan:
    if text.strip():
        return read_plan(text, _("The plan"))
    if not seats.strip().isdecimal():
        raise UsageError(_("Say how many seats the room has, or draw its plan."))
    return plan_of_size(int(seats))


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _to(room: str) -> Response:
    return RedirectResponse(f"/rooms/{quote(room)}/setup", status_code=303)
