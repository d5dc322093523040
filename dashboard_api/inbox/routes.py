"""Whether somebody gets what is new by mail."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from dashboard_api.web.access import SignedIn
from dashboard_api.web.store_thread import StoreDep

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.post("/inbox/mail")
async def choose_mail(
    viewer: SignedIn, store: StoreDep, is_on: Annotated[bool, Form()]
) -> Response:
    await store.run(
        lambda stores: stores.sharing.inbox.mail(
            viewer.person.id, viewer.people_utc_ns, is_on=is_on
        )
    )
    return RedirectResponse("/#inbox", status_code=303)
