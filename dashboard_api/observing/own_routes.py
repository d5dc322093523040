"""What someone is asked to observe and has observed: to open, to download and to take back."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboard_api.observing.own_view import observed_lines
from dashboard_api.web.access import SignedIn
from dashboard_api.web.files import csv_file
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/observing")
async def observing(request: Request, viewer: SignedIn, store: StoreDep) -> Response:
    zone = request.app.state.zone
    lines = await store.run(lambda stores: observed_lines(stores, viewer, zone))
    return page("observing/own.html", viewer=viewer, lines=lines)


@router.get("/observing/looks.csv")
async def download(viewer: SignedIn, store: StoreDep) -> Response:
    """Everything that one has coded oneself."""
    looks = await store.run(lambda stores: stores.sharing.observers.looks_of(viewer.person.id))
    rows = [(look.lesson, look.zone, look.start_s, look.end_s, look.answer) for look in looks]
    return csv_file("looks.csv", [("lesson", "zone", "start_s", "end_s", "answer"), *rows])


@router.post("/lessons/{lesson_id}/looks/withdraw")
async def withdraw(viewer: SignedIn, lesson_id: str, store: StoreDep) -> Response:
    """Nothing happens to a lesson of which they have no look and no request."""
    await store.run(lambda stores: stores.sharing.observers.withdraw(lesson_id, viewer.actor))
    return RedirectResponse("/observing", status_code=303)
