"""Asks a kit to show itself or to start again: its technician, from the page of rooms."""

from __future__ import annotations

import secrets
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from pydantic import BaseModel, ConfigDict
from starlette.responses import RedirectResponse, Response

from contract.language import _
from dashboard_api.web.access import SetsUpRooms
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.store_thread import StoreDep, Stores
from school.control.records import KitRequest

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


class _CommandForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    command: Literal["identify", "restart"]


@router.post("/rooms/{room}/kits/{node}/command")
async def command(
    viewer: SetsUpRooms,
    room: str,
    node: str,
    store: StoreDep,
    form: Annotated[_CommandForm, Form()],
) -> Response:
    """Write down what is asked; ingest passes it on, and keeps the kit's answer."""

    def ask(stores: Stores) -> Response:
        described = stores.rooms.rooms().get(room)
        known = {stream.node for stream in stores.periods.newest_runs(room)}
        known |= {kit.node for kit in described.kits} if described is not None else set()
        if node not in known:
            raise NotFoundError(_("There is no such kit."))
        request = KitRequest(
            room=room, node=node, id=secrets.token_hex(8), command=form.command,
            asked_utc_ns=viewer.utc_ns,
        )  # fmt: skip
        stores.control.ask(request, viewer.actor)
        return RedirectResponse("/rooms", status_code=303)

    return await store.run(ask)
