"""What someone is asked to observe and has observed: to open, to download and to take back."""

from __future__ import annotations

import csv
import io

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboard_api.observing.own_view import observed_lines
from dashboard_api.views.text import cell_text
from dashboard_api.web.access import SignedIn
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores

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

    def query(stores: Stores) -> str:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(("lesson", "zone", "start_s", "end_s", "answer"))
        for look in stores.sharing.observers.looks_of(viewer.person.id):
            writer.writerow(
                (
                    cell_text(look.lesson),
                    cell_text(look.zone),
                    look.start_s,
                    look.end_s,
                    look.answer,
                )
            )
        return text.getvalue()

    headers = {"Content-Disposition": 'attachment; filename="looks.csv"'}
    return Response(await store.run(query), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/lessons/{lesson_id}/looks/withdraw")
async def withdraw(viewer: SignedIn, lesson_id: str, store: StoreDep) -> Response:
    """Nothing happens to a lesson of which they have no look and no request."""
    await store.run(lambda stores: stores.sharing.observers.withdraw(lesson_id, viewer.actor))
    return RedirectResponse("/observing", status_code=303)
