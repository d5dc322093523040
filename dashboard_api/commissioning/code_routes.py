"""A code for a kit: six digits and a QR code, how long they are valid, and whether the kit is there."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import segno
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from contract.errors import LinkError, StoreError, UsageError
from contract.language import _
from dashboard_api.commissioning.authority import authority_of, kits_of, known_nodes
from dashboard_api.commissioning.routes import room_of, setup_page
from dashboard_api.commissioning.view import step_state
from dashboard_api.web.access import SetsUpRooms
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from ingest.authority.records import NodeState
from ingest.fleet.facts import KitFacts
from ingest.fleet.reading import room_kits
from school.rooms.records import Room

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_NO_STORE = {"Cache-Control": "no-store"}


@router.post("/rooms/{room}/setup/kits/{node}/code")
async def make_code(
    request: Request, viewer: SetsUpRooms, room: str, node: str, store: StoreDep
) -> Response:
    """The answer has the code, and nothing else ever has: a new one is made each time."""
    found = await store.run(lambda stores: _kit_of(stores, room, node))
    maker = authority_of(request.app)
    if maker is None:
        said = _("These pages have no authority, so they can’t make codes.")
        return await setup_page(request, viewer, store, room, trouble=said, status_code=409)
    try:
        made = await asyncio.to_thread(maker.new_code, found, node)
        # First of all recorded: no code is shown of which the log has nothing.
        await store.run(lambda stores: stores.audit.record_code(viewer.actor, room, node))
    except (UsageError, LinkError, StoreError) as error:
        return await setup_page(request, viewer, store, room, trouble=str(error), status_code=409)
    left_s = max(0, round((made.expires - datetime.now(UTC)).total_seconds()))
    zone = request.app.state.zone
    answer = page(
        "commissioning/code.html", viewer=viewer, room=found, node=node,
        code=f"{made.code[:3]} {made.code[3:]}", digits=made.code, picture=_picture(made.qr_text),
        until=f"{made.expires.astimezone(zone):%H:%M}", left_s=left_s,
        server=kits_of(request.app).server, step=step_state(await _node(request, node), None),
    )  # fmt: skip
    answer.headers.update(_NO_STORE)
    return answer


@router.get("/rooms/{room}/setup/kits/{node}/state")
async def code_state(
    request: Request, viewer: SetsUpRooms, room: str, node: str, store: StoreDep
) -> Response:
    """A part of the page of a code: how far its kit is."""

    def query(stores: Stores) -> KitFacts | None:
        _kit_of(stores, room, node)
        kits = room_kits(stores.periods, room, stores.rooms.rooms(), (), viewer.utc_ns)
        return next((kit for kit in kits if kit.node == node), None)

    kit = await store.run(query)
    step = step_state(await _node(request, node), kit)
    answer = page("commissioning/_state.html", viewer=viewer, room=room, node=node, step=step)
    answer.headers.update(_NO_STORE)
    return answer


@router.post("/rooms/{room}/setup/kits/{node}/revoke")
async def revoke(
    request: Request, viewer: SetsUpRooms, room: str, node: str, store: StoreDep
) -> Response:
    await store.run(lambda stores: _kit_of(stores, room, node))
    maker = authority_of(request.app)
    if maker is None:
        said = _("These pages have no authority, so they can’t lock a kit out.")
        return await setup_page(request, viewer, store, room, trouble=said, status_code=409)
    try:
        await asyncio.to_thread(maker.authority.revoke, node)
        await store.run(lambda stores: stores.audit.record_lock_out(viewer.actor, room, node))
    except (UsageError, LinkError, StoreError) as error:
        return await setup_page(request, viewer, store, room, trouble=str(error), status_code=409)
    return RedirectResponse(f"/rooms/{room}/setup", status_code=303)


def _kit_of(stores: Stores, room: str, node: str) -> Room:
    found = room_of(stores, room)
    if node not in {kit.node for kit in found.kits}:
        raise NotFoundError(_("There is no such kit."))
    return found


async def _node(request: Request, node: str) -> NodeState | None:
    return (await known_nodes(request.app))[0].get(node)


def _picture(text: str) -> str:
    """An SVG; empty without a text."""
    return str(segno.make(text, error="m").svg_inline(border=2, omitsize=True)) if text else ""
