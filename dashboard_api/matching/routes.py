"""What somebody looks for and offers, whom that suggests, and whom to invite to one lesson."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from dashboard_api.matching.view import colleague_lines, guest_of, own_parts
from dashboard_api.web.access import FindsColleagues
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.matching.records import (
    AUDIENCES,
    KINDS,
    MAX_TOPICS,
    SUBJECTS,
    TOPICS,
    Audience,
    Kind,
)

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/colleagues")
async def shown(
    viewer: FindsColleagues, store: StoreDep, guest: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """With `guest`, the lessons to which this person can be invited."""
    return await store.run(lambda stores: _shown(stores, viewer, guest=guest))


@router.post("/colleagues")
async def choose(
    viewer: FindsColleagues,
    store: StoreDep,
    kind: Annotated[Kind, Form()],
    audience: Annotated[Audience, Form()],
    topic: Annotated[list[str], Form(max_length=50)] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Say it of oneself, in the place of what was said of this kind."""

    def change(stores: Stores) -> Response:
        try:
            stores.colleagues.put(
                viewer.person.id, kind, [each for each in topic if each], audience
            )
        except UsageError as error:
            return _shown(stores, viewer, trouble=str(error))
        return RedirectResponse(f"/colleagues#{kind}", status_code=303)

    return await store.run(change)


def _shown(stores: Stores, viewer: Viewer, *, guest: str = "", trouble: str = "") -> Response:
    lines = colleague_lines(stores, viewer)
    return page(
        "matching/page.html", viewer=viewer, status_code=422 if trouble else 200, trouble=trouble,
        suggested=[each for each in lines if each.reasons],
        others=[each for each in lines if not each.reasons],
        guest=guest_of(stores, viewer, lines, guest), own=own_parts(stores, viewer),
        kinds=KINDS, audiences=AUDIENCES, lists=(TOPICS, SUBJECTS), most=MAX_TOPICS,
    )  # fmt: skip
