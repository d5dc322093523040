"""Deep linking: a teacher chooses one of their lessons, and a course gets a link to it.

The link opens nothing by itself: whoever follows it signs in, and sees what the policy allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from contract.clock import SECOND_NS
from contract.language import N_, _
from dashboard_api.language.dates import date_text
from dashboard_api.lti.content_item import link_claims
from dashboard_api.lti.launch_token import DeepLinking
from dashboard_api.lti.refused import LaunchRefusedError, lost, unknown_platform
from dashboard_api.lti.routes import CHOOSE, cookie_of, launches, refused
from dashboard_api.lti.service import Waiting
from dashboard_api.lti.tool_keys import ToolKeys
from dashboard_api.views.days import day_of
from dashboard_api.views.text import title_text
from dashboard_api.web.access import Public, SharesLesson
from dashboard_api.web.lookup import get_lesson
from dashboard_api.web.network.callers import address_for_people
from dashboard_api.web.network.security import leaving_policy
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.sharing.listing import Wanted

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_MAX_LESSONS: Final = 100
_MAX_TITLE: Final = 100
_NO_KEY: Final = N_(
    "This server has no key yet to sign links with. An administrator makes one with `roomtone lti rotate`."
)
_NO_TITLE: Final = N_("Write what the link is called in your course.")


class _ChoiceForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    launch: Annotated[str, Field(max_length=100)] = ""
    lesson: Annotated[str, Field(max_length=200)] = ""
    title: Annotated[str, Field(max_length=_MAX_TITLE)] = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    waiting: Waiting
    settings: DeepLinking


@router.get(CHOOSE)
async def choose_page(
    request: Request,
    viewer: SharesLesson,
    store: StoreDep,
    launch: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """One's own lessons that have begun, the latest first."""
    return await _page(request, viewer, store, launch)


@router.post(CHOOSE)
async def choose(
    request: Request, viewer: SharesLesson, store: StoreDep, form: Annotated[_ChoiceForm, Form()]
) -> Response:
    """Sign a link to the lesson, and return it to the platform."""
    service, title = launches(request), form.title.strip()
    if not title or not title.isprintable():
        return await _page(request, viewer, store, form.launch, trouble=_(_NO_TITLE))
    try:
        asked = await _asked(request, viewer, store, form.launch)
        token = await store.run(
            lambda stores: _signed(request, stores, viewer, asked, form.lesson, title)
        )
    except LaunchRefusedError as error:
        return refused(request, error)
    return_url, name = asked.settings.return_url, asked.waiting.title
    if service.end(form.launch, return_url=return_url, token=token):
        return page("lti/returned.html", viewer=viewer, platform=name, token="", return_url="")
    response = page(
        "lti/returned.html", viewer=viewer, platform=name, token=token, return_url=return_url
    )
    response.headers["Content-Security-Policy"] = leaving_policy(_origin(return_url))
    return response


@router.get(
    "/lti/frame/{frame}",
    dependencies=[Depends(Public("a frame without cookies waits for the window that it opened"))],
)
async def frame_state(request: Request, frame: str) -> Response:
    """What a platform's page waits for: the window has come to its page, and what to return."""
    try:
        found = launches(request).frame(frame)
    except LaunchRefusedError as error:
        return JSONResponse({"detail": str(error)}, status_code=404)
    return JSONResponse(
        {"is_done": found.is_done, "return_url": found.return_url, "token": found.token}
    )


async def _page(
    request: Request, viewer: Viewer, store: StoreDep, launch: str, *, trouble: str = ""
) -> Response:
    try:
        asked = await _asked(request, viewer, store, launch)
    except LaunchRefusedError as error:
        return refused(request, error)
    zone: tzinfo | None = request.app.state.zone
    past = Wanted(to_utc_ns=viewer.utc_ns)
    found = await store.run(
        lambda stores: stores.lessons_of(viewer, {"own"}, past, limit=_MAX_LESSONS)
    )
    lessons = [
        (one.id, title_text(one.title, one.room), date_text(day_of(one.starts_utc_ns, zone)))
        for one in found
    ]
    return page(
        "lti/choose.html",
        viewer=viewer, platform=asked.waiting.title, launch=launch, lessons=lessons, trouble=trouble,
        status_code=422 if trouble else 200,
    )  # fmt: skip


async def _asked(request: Request, viewer: Viewer, store: StoreDep, launch: str) -> _Asked:
    """A launch of this browser that asks for a link, by an account of who is signed in."""
    waiting = launches(request).waiting(launch, cookie_of(request))
    settings, found = waiting.launch.deep_linking, waiting.launch
    owner = await store.run(
        lambda stores: stores.platforms.person_of(found.platform, found.deployment, found.subject)
    )
    if settings is None or owner != viewer.person.id:
        raise lost()
    return _Asked(waiting, settings)


def _signed(
    request: Request, stores: Stores, viewer: Viewer, asked: _Asked, lesson_id: str, title: str
) -> str:
    lesson = get_lesson(stores, viewer, lesson_id)
    platform = stores.platforms.platform(asked.waiting.launch.platform)
    if platform is None:
        raise unknown_platform()
    claims = link_claims(
        asked.waiting.launch, asked.settings, platform,
        address=f"{address_for_people(request)}/lessons/{quote(lesson.id, safe='')}",
        title=title, utc_s=viewer.people_utc_ns // SECOND_NS,
    )  # fmt: skip
    directory = request.app.state.data_dir
    token = None if directory is None else ToolKeys(directory).sign(claims)
    if token is None:
        raise LaunchRefusedError(_(_NO_KEY), "there is no key to sign with", 503)
    return token


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
