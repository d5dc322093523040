"""The application: every page, and the interface behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import tzinfo
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from contract.clock import Clock, SystemClock
from contract.errors import StoreError
from dashboard_api import health_routes, lesson_list, lesson_page, live_page, moments, video
from dashboard_api.desk import StoreDesk, Stores
from dashboard_api.health_routes import Counting, RequestFigures
from dashboard_api.lookup import NotFoundError
from dashboard_api.rendering import STATIC, STATIC_ADDRESS, page
from dashboard_api.security import Guard

__all__ = ["create_app"]

DESCRIPTION: Final = (
    "How classrooms moved and how loud they were, lesson by lesson. Nothing here is about a "
    "single seat: the smallest group is a zone of five. Estimates are tested on simulated lessons "
    "only; they are not yet checked in real classrooms."
)

TAGS: Final = [
    {"name": "lessons", "description": "Lessons and their timelines."},
    {"name": "moments", "description": "Spans of a lesson worth talking about."},
    {"name": "rooms", "description": "What a room's kit senses now."},
]


def create_app(
    open_stores: Callable[[], Stores],
    *,
    clock: Clock | None = None,
    zone: tzinfo | None = None,
) -> FastAPI:
    """The pages over the stores that `open_stores` opens when the application starts.

    `clock` says what time it is in the lessons' world; `zone` is the school's time zone, None the
    computer's own.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await app.state.desk.open()
        try:
            yield
        finally:
            await app.state.desk.close()

    app = FastAPI(
        title="Roomtone",
        description=DESCRIPTION,
        version=_version(),
        openapi_tags=TAGS,
        lifespan=lifespan,
        # Their pages load scripts from elsewhere; the description itself is at /openapi.json.
        docs_url=None,
        redoc_url=None,
    )
    app.state.desk = StoreDesk(open_stores, SystemClock() if clock is None else clock)
    app.state.zone = zone
    app.state.request_figures = RequestFigures()
    for part in (lesson_list, lesson_page, moments, video, live_page, health_routes):
        app.include_router(part.router)
    app.mount(STATIC_ADDRESS, StaticFiles(directory=STATIC), name="static-for-good")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(StoreError, _store_error)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(Guard)
    app.add_middleware(Counting, figures=app.state.request_figures)
    return app


def _version() -> str:
    try:
        return version("roomtone")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


async def _not_found(request: Request, error: Exception) -> Response:
    return _answer(request, 404, "Not here", str(error))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return _answer(request, 404, "Not here", "There is no such page.")
    return _answer(request, error.status_code, "This did not work", f"{error.detail}.")


async def _bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = " ".join(str(part) for part in first["loc"][1:]) or "the request"
    return _answer(request, 422, "This did not work", f"{field}: {first['msg']}.")


async def _store_error(request: Request, error: Exception) -> Response:
    return _answer(request, 503, "The data can't be read just now", str(error))


def _answer(request: Request, status: int, title: str, sentence: str) -> Response:
    """A page for a person, JSON for a program."""
    if "text/html" in request.headers.get("accept", "") and "hx-request" not in request.headers:
        return page("error.html", status_code=status, title=title, sentence=sentence)
    return JSONResponse({"detail": sentence}, status_code=status)
