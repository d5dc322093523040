"""The application: every page, and the interface behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import tzinfo
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from contract.clock import Clock, SystemClock
from contract.errors import StoreError
from contract.language import _
from dashboard_api.clips import clip_routes, watch_routes
from dashboard_api.clips.clip_worker import ClipWorker
from dashboard_api.clock_maps import routes as clock_maps
from dashboard_api.cohorts import cohort_routes, lead_routes, talk_routes, visit_routes
from dashboard_api.commissioning import code_routes as kit_codes
from dashboard_api.commissioning import routes as commissioning
from dashboard_api.cycle import caseload_routes as caseloads
from dashboard_api.cycle import routes as cycles
from dashboard_api.data_subjects import export_routes, leaving_routes
from dashboard_api.debrief import guess_routes as guesses
from dashboard_api.debrief import measure_routes as measures
from dashboard_api.debrief import reflection_routes as reflections
from dashboard_api.debrief import step_routes as next_steps
from dashboard_api.forms import routes as form_pages
from dashboard_api.health import routes as health_routes
from dashboard_api.health.routes import Counting, RequestFigures
from dashboard_api.home import counts
from dashboard_api.home import routes as home
from dashboard_api.home.counts import WeekCounts
from dashboard_api.inbox import routes as inbox
from dashboard_api.inbox.digests import Digests
from dashboard_api.language.choosing import Speaking
from dashboard_api.lessons import export
from dashboard_api.lessons import list_routes as lesson_list
from dashboard_api.lessons import page_routes as lesson_page
from dashboard_api.lessons.list_lines import SuggestionCounts
from dashboard_api.live import pause_routes
from dashboard_api.live import routes as live_page
from dashboard_api.lti import choosing_routes as lti_choosing
from dashboard_api.lti import routes as lti_routes
from dashboard_api.lti.service import LaunchService
from dashboard_api.lti.tool_keys import PublishedKeys
from dashboard_api.matching import handing_routes as hand_overs
from dashboard_api.matching import routes as matching
from dashboard_api.model import routes as model_page
from dashboard_api.model.drift_watch import DriftWatch
from dashboard_api.moments import page_routes as note_pages
from dashboard_api.moments import routes as moments
from dashboard_api.moments import verdict_routes as verdicts
from dashboard_api.moments.list_tags import ListTags
from dashboard_api.observing import ask_routes as asking_observers
from dashboard_api.observing import own_routes as own_looks
from dashboard_api.observing import sheet_routes as coding_sheet
from dashboard_api.observing.check_watch import ObservedWatch
from dashboard_api.openid import routes as openid_routes
from dashboard_api.openid.provider import Provider
from dashboard_api.openid.service import OpenIdService
from dashboard_api.people import (
    account_routes,
    audit_routes,
    calendar_routes,
    demo_routes,
    people_routes,
    sign_in_routes,
    token_routes,
)
from dashboard_api.people.mail import Mailer
from dashboard_api.people.sign_in import SignInService
from dashboard_api.plans import routes as plans
from dashboard_api.programme import coverage_routes, time_routes, wave_routes, worth_routes
from dashboard_api.programme import released_routes as released_reports
from dashboard_api.programme import routes as programme
from dashboard_api.pulse import routes as pulse
from dashboard_api.reading.protocol import NotHereError
from dashboard_api.record import imported_routes as imported_lessons
from dashboard_api.record import routes as records
from dashboard_api.record import visit_routes as next_visits
from dashboard_api.rooms import kit_routes
from dashboard_api.rooms import routes as rooms
from dashboard_api.seat_rows import routes as seat_rows
from dashboard_api.settings import DashboardSettings
from dashboard_api.sharing import handover_routes as handovers
from dashboard_api.sharing import own_routes as own_lessons
from dashboard_api.sharing import routes as sharing
from dashboard_api.sharing.deletion import Deletions
from dashboard_api.together import routes as debriefs
from dashboard_api.together.announcing import Announcing
from dashboard_api.together.debriefs import Debriefs
from dashboard_api.together.talks import Talks
from dashboard_api.video import serving as video_serving
from dashboard_api.video import state_routes as video_state
from dashboard_api.video import upload_routes as video_uploads
from dashboard_api.video.service import VideoService
from dashboard_api.video.worker import VideoWorker
from dashboard_api.visit import routes as visits
from dashboard_api.web.access import SecondFactorNeededError, SignInNeededError
from dashboard_api.web.assets.kept_files import KeptFiles
from dashboard_api.web.assets.style_sheets import StyleSheets
from dashboard_api.web.assets.words import words_app
from dashboard_api.web.description import description_of
from dashboard_api.web.faults import detail_text, fault_text
from dashboard_api.web.limits.connection_gate import ConnectionGate
from dashboard_api.web.limits.request_limits import RequestLimits
from dashboard_api.web.limits.stream_places import StreamPlaces
from dashboard_api.web.lookup import CLOSED_HEADER, NoLessonError, NotFoundError
from dashboard_api.web.model_catalog import ModelCatalog
from dashboard_api.web.network.forwarding import Forwarding
from dashboard_api.web.network.security import Guard
from dashboard_api.web.refusals import RefusalCounts, error_response
from dashboard_api.web.rendering import STATIC, STATIC_ADDRESS, STYLES_ADDRESS, WORDS_ADDRESS
from dashboard_api.web.store_thread import Stores, StoreThread
from ingest.commissioning.codes import KitSetUp
from ingest.settings import RetentionSettings
from school.forms.folder import read_forms
from school.forms.records import Form
from school.framework.records import Framework
from school.framework.yaml_file import DEFAULT, read_framework
from school.pulse.questions import DEFAULT as DEFAULT_QUESTIONS
from school.pulse.records import Question
from school.settings import LessonSettings
from school.video.settings import VideoSettings

__all__ = ["ROUTERS", "create_app"]

DESCRIPTION: Final = (
    "How classrooms moved and how loud they were, lesson by lesson. Nothing here describes a "
    "single seat: the smallest group is a zone of five seats. Each estimate says how far to trust "
    "it; /api/model has the figures."
)

_MAX_FIELD: Final = 100
MAX_EXPORTS: Final = 4
"""So many people may download all that is held about them at the same time."""
TAGS: Final = [
    {"name": "lessons", "description": "Lessons and their timelines."},
    {"name": "moments", "description": "Parts of a lesson that are worth talking about."},
    {"name": "model", "description": "How far to trust the estimates."},
    {"name": "school", "description": "Counts of the whole school, for those who run it."},
    {"name": "rooms", "description": "What a room's kit is sensing now."},
]

ROUTERS: Final = tuple(
    module.router
    for module in (
        home, inbox, counts, commissioning, kit_codes, rooms, lesson_list, lesson_page, moments, note_pages, visits, verdicts, next_steps, measures, cycles, caseloads, pulse, matching, hand_overs, guesses, reflections, plans,
        video_serving, video_state, video_uploads, clock_maps, export, records, next_visits, imported_lessons, seat_rows,
        debriefs, sharing, own_lessons, handovers, asking_observers, coding_sheet, own_looks, live_page, pause_routes, kit_routes, model_page, sign_in_routes, openid_routes, lti_routes, lti_choosing,
        account_routes, token_routes, calendar_routes, people_routes, audit_routes, export_routes, leaving_routes,
        form_pages, clip_routes, watch_routes, cohort_routes, lead_routes, talk_routes, visit_routes,
        programme, time_routes, worth_routes, coverage_routes, wave_routes, released_reports, health_routes,
    )
)  # fmt: skip
"""Of every page. Each of their routes has one policy: see `web/access.py`."""


def create_app(
    open_stores: Callable[[], Stores],
    *,
    clock: Clock | None = None,
    zone: tzinfo | None = None,
    model_file: Path | None = None,
    label_days: int = RetentionSettings().label_days,
    data_dir: Path | None = None,
    shards: Sequence[Path] = (),
    database_url: SecretStr | None = None,
    longest_ns: int = LessonSettings().longest_ns,
    settings: DashboardSettings | None = None,
    people_clock: Clock | None = None,
    is_demo: bool = False,
    provider: Provider | None = None,
    mailer: Mailer | None = None,
    framework: Framework | None = None,
    forms: Sequence[Form] | None = None,
    questions: Sequence[Question] = DEFAULT_QUESTIONS,
    video: VideoSettings | None = None,
    video_days: int = RetentionSettings().video_days,
    kits: KitSetUp | None = None,
) -> FastAPI:
    """The pages, on the stores that `open_stores` opens when the application starts.

    `clock` is the lessons' clock, which a simulation may set; `people_clock` is that of who looks at
    them, by default the same. `zone` is the school's time zone;
    None means the computer's own. `model_file` is the model in use; None means the shipped one.
    `label_days` is how long answers are kept to learn from. `data_dir` appears on the health pages,
    to show which server they belong to, and deleted lessons are purged from it, from the district's other
    `shards`, and from the database at `database_url`; `longest_ns` after its start a lesson is over. `settings` has the limits; the limits on connections work
    only in a server that uses `app.state.gate`. `is_demo` signs in anybody as one of the demo's people.
    `provider` signs in people with school accounts; `mailer` sends them
    their links. `framework` has the tags of notes; None means the shipped one, `forms` what people
    fill; None means the shipped ones, `questions` the short ones. `video` says where
    videos are kept, `video_days` for how long. `kits` is what rooms and kits are set up with.
    """
    limits = DashboardSettings() if settings is None else settings
    videos = VideoService(settings=video or VideoSettings(), days=video_days)
    # The real time stands in a purge's record, also of a simulation. Nothing is removed where
    # nothing is kept: whoever keeps it carries out what was asked for.
    deletions = (
        None
        if data_dir is None or limits.reads.kind != "store"
        else Deletions(data_dir, SystemClock(), database_url, longest_ns, videos.files, shards)
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = app.state.store_thread
        await store.open()
        tasks: tuple[asyncio.Task[None], ...] = (
            asyncio.create_task(app.state.drift_watch.run(store), name="drift"),
            asyncio.create_task(app.state.live_rooms.run(), name="live"),
            asyncio.create_task(VideoWorker(videos, store).run(), name="videos"),
            asyncio.create_task(ClipWorker(videos, store).run(), name="clips"),
            asyncio.create_task(app.state.debriefs.run(), name="debriefs"),
            asyncio.create_task(Talks(app.state.debriefs.rooms, zone).run(store), name="talks"),
        )
        if mailer is not None:
            digests = Digests(mailer, limits.link_base or "", zone)
            tasks = (*tasks, asyncio.create_task(digests.run(store), name="digests"))
        if deletions is not None:
            deletions.start()
        try:
            yield
        finally:
            if deletions is not None:
                deletions.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await store.close()
            if mailer is not None:
                await mailer.close()

    app = FastAPI(
        title="Roomtone",
        description=DESCRIPTION,
        version=_version(),
        openapi_tags=TAGS,
        lifespan=lifespan,
        # FastAPI's own pages load scripts from other hosts; the description is at /openapi.json.
        docs_url=None,
        redoc_url=None,
    )
    catalog = ModelCatalog(model_file)
    clock = SystemClock() if clock is None else clock
    app.state.store_thread = StoreThread(
        lambda: replace(open_stores(), catalog=catalog, zone=zone), clock, people_clock or clock
    )
    app.state.zone = zone
    app.state.refusal_counts = RefusalCounts()
    app.state.sign_in = SignInService(app.state.store_thread, app.state.refusal_counts)
    app.state.openid = (
        None
        if provider is None
        else OpenIdService(provider, app.state.store_thread, app.state.sign_in)
    )
    app.state.launches = LaunchService(app.state.store_thread)
    app.state.published_keys = PublishedKeys(data_dir)
    app.state.mailer = mailer
    app.state.framework = framework or read_framework(DEFAULT)
    app.state.forms = {each.id: each for each in (read_forms(None) if forms is None else forms)}
    app.state.questions = {each.kind: each for each in questions}
    app.state.list_tags = ListTags()
    app.state.label_days = label_days
    app.state.data_dir = data_dir
    app.state.shards = shards
    app.state.kits = kits or KitSetUp()
    app.state.deletions = deletions
    app.state.videos = videos
    app.state.suggestion_counts = SuggestionCounts()
    app.state.week_counts = WeekCounts()
    app.state.catalog = catalog
    app.state.drift_watch = DriftWatch(app.state.catalog, zone)
    app.state.observed_watch = ObservedWatch()
    app.state.request_figures = RequestFigures()
    app.state.settings = limits
    app.state.gate = ConnectionGate(
        max_total=limits.max_connections, max_per_key=limits.max_connections_per_address
    )
    app.state.stream_places = StreamPlaces(
        max_total=limits.max_streams, max_per_key=limits.max_streams_per_person
    )
    app.state.exports = StreamPlaces(max_total=MAX_EXPORTS, max_per_key=1)
    app.state.live_rooms = live_page.live_rooms(app)
    # A call goes on in real time, also about a lesson of a simulation.
    app.state.debriefs = Debriefs(
        SystemClock(), lambda: app.state.store_thread.run(Stores.said_and_scored)
    )
    for router in ROUTERS:
        app.include_router(router)
    if is_demo:
        app.include_router(demo_routes.router)
    app.openapi = lambda: description_of(app)  # type: ignore[method-assign]
    app.mount(STYLES_ADDRESS, StyleSheets(STATIC), name="styles")
    app.mount(WORDS_ADDRESS, words_app, name="words")
    app.mount(STATIC_ADDRESS, KeptFiles(STATIC), name="static-for-good")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(NotHereError, _not_found)
    app.add_exception_handler(SignInNeededError, _sign_in_needed)
    app.add_exception_handler(SecondFactorNeededError, _second_factor_needed)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(StoreError, _store_error)
    app.add_middleware(Announcing, debriefs=app.state.debriefs)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(RequestLimits, settings=limits, counts=app.state.refusal_counts)
    app.add_middleware(Guard, settings=limits)
    app.add_middleware(Forwarding, settings=limits, counts=app.state.refusal_counts)
    # What is refused before a page is looked for has words for people too.
    app.add_middleware(Speaking)
    app.add_middleware(Counting, figures=app.state.request_figures)
    return app


def _version() -> str:
    try:
        return version("roomtone")
    except PackageNotFoundError:  # a checkout that is not installed
        return "0"


async def _not_found(request: Request, error: Exception) -> Response:
    closed = {CLOSED_HEADER: "lesson"} if isinstance(error, NoLessonError) else None
    return error_response(request.headers, 404, _("Not found"), str(error), more_headers=closed)


async def _sign_in_needed(request: Request, error: Exception) -> Response:
    if request.scope["type"] == "websocket":
        return error_response(request.headers, 401, _("Sign in"), str(error))
    target = request.url.path if request.method == "GET" else "/"
    if request.url.query and request.method == "GET":
        target += f"?{request.url.query}"
    if "authorization" in request.headers:
        challenge = {"WWW-Authenticate": "Bearer"}
        return error_response(
            request.headers, 401, _("Sign in"), str(error), more_headers=challenge
        )
    return _elsewhere(request, 401, str(error), f"/sign-in?next={quote(target, safe='')}")


async def _second_factor_needed(request: Request, error: Exception) -> Response:
    return _elsewhere(request, 403, str(error), "/account")


def _elsewhere(request: Request, status: int, sentence: str, address: str) -> Response:
    """Send a person to another page; report to a program, or a part of a page, what is missing."""
    if "hx-request" in request.headers:
        return Response(status_code=status, headers={"HX-Redirect": address})
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(address, status_code=303)
    return error_response(request.headers, status, _("Sign in"), sentence)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return error_response(request.headers, 404, _("Not found"), _("There is no such page."))
    return error_response(
        request.headers, error.status_code, _("This did not work"), f"{detail_text(error.detail).rstrip('.')}.",
        more_headers=dict(error.headers or {}),
    )  # fmt: skip


async def _bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = " ".join(str(part) for part in first["loc"][1:])[:_MAX_FIELD] or _("the request")
    sentence = f"{field}: {fault_text(first)}."
    return error_response(request.headers, 422, _("This did not work"), sentence)


async def _store_error(request: Request, error: Exception) -> Response:
    return error_response(request.headers, 503, _("The data can't be read right now"), str(error))
