"""Signs in the people of a demo, without a password. Only `roomtone demo` serves this."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from contract.language import _
from dashboard_api.people.sign_in_routes import signed_in
from dashboard_api.web.access import Public
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.store_thread import StoreDep, Stores
from school.people.demo import DemoName, demo_id

__all__ = ["router"]

_DEMO: Final = [Depends(Public("a demo's people have no password, and its data is made up"))]
router = APIRouter(include_in_schema=False, dependencies=_DEMO)


@router.get("/demo/{name}")
async def sign_in_as(
    request: Request,
    name: DemoName,
    store: StoreDep,
    next: str = "/",  # noqa: A002
) -> Response:
    now = store.people_clock.utc_ns()

    def start(stores: Stores) -> str:
        if stores.people.person(demo_id(name)) is None:
            raise NotFoundError(_("There is no such person in this demo."))
        # Nobody can have the second factor that some of these roles need.
        return stores.people.start_session(
            demo_id(name), request.headers.get("user-agent", ""), now, has_second_factor=True
        )

    return signed_in(request, await store.run(start), next)
