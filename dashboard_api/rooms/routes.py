"""The page of all rooms and their kits."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from dashboard_api.commissioning.authority import locked_out_nodes
from dashboard_api.live.routes import live_facts
from dashboard_api.rooms.read_rooms import read_rooms
from dashboard_api.web.access import ReadsKits
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/rooms")
async def rooms_page(request: Request, viewer: ReadsKits, store: StoreDep) -> HTMLResponse:
    found = await read_rooms(store, live_facts(request.app), await locked_out_nodes(request.app))
    return page("rooms/page.html", viewer=viewer, found=found)
