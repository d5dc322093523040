"""`/metrics`, `/healthz` and `/readyz` of the pages, as every program of the server has them."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract.errors import StoreError
from dashboard_api.model.drift_watch import DriftWatch
from dashboard_api.web.model_catalog import ModelShelf
from dashboard_api.web.refusals import REASONS, RefusalCounts
from dashboard_api.web.store_thread import AskDesk, StoreDesk, Stores
from ingest.monitoring.exposition import CONTENT_TYPE, Exposition, Histogram, Metric
from models.school_model.labels import base_of

__all__ = ["METRICS", "Counting", "RequestFigures", "router"]

router = APIRouter()

_BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_STORE_WAIT_S: Final = 5.0

REQUESTS = Metric(
    name="roomtone_dashboard_requests_total", kind="counter", labels=("status",),
    help="Answers by the first digit of their status, such as 2xx.",
)  # fmt: skip
OPEN = Metric(
    name="roomtone_dashboard_open_requests", kind="gauge",
    help="Requests that are being answered; a live page is one while it is open.",
)  # fmt: skip
REFUSED = Metric(
    name="roomtone_dashboard_refused_total", kind="counter", labels=("reason",),
    help="Requests and connections that a limit refused or ended; see dashboard.md.",
)  # fmt: skip
CONNECTIONS = Metric(
    name="roomtone_dashboard_open_connections", kind="gauge",
    help="Connections that are open, at most dashboard.max_connections.",
)  # fmt: skip
STREAMS = Metric(
    name="roomtone_dashboard_open_streams", kind="gauge",
    help="Live pages that move by themselves, at most dashboard.max_streams.",
)  # fmt: skip
LOOKS = Metric(
    name="roomtone_dashboard_live_looks_total", kind="counter",
    help="Looks at a room for its live pages; all pages of a room share them.",
)  # fmt: skip
ANSWERED = Metric(
    name="roomtone_dashboard_answer_seconds", kind="histogram",
    help="How long it took until an answer began.",
)  # fmt: skip
READY = Metric(
    name="roomtone_dashboard_ready", kind="gauge",
    help="1 while the stores can be read, as /readyz says.",
)  # fmt: skip
STORE_SECONDS = Metric(
    name="roomtone_dashboard_store_seconds", kind="gauge",
    help="How long a small question to the stores took just now, with its wait.",
)  # fmt: skip
DRIFT_PSI = Metric(
    name="roomtone_dashboard_drift_psi", kind="gauge", labels=("against", "quantity"),
    help="Population stability index of the last week with enough lessons, for the model in use.",
)  # fmt: skip
DRIFT_WAITING = Metric(
    name="roomtone_dashboard_drift_lessons_waiting", kind="gauge",
    help="Lessons whose estimates are not in the weeks yet.",
)  # fmt: skip

METRICS: Final = tuple(value for value in vars().values() if isinstance(value, Metric))


@dataclass(slots=True)
class RequestFigures:
    """What has been answered since the program began."""

    by_status: dict[str, int] = field(default_factory=dict)
    open: int = 0
    answered_s: Histogram = field(default_factory=lambda: Histogram(bounds=_BOUNDS_S))


class Counting:
    """ASGI middleware: counts answers."""

    def __init__(self, app: ASGIApp, figures: RequestFigures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        figures = self._figures
        began = time.perf_counter()

        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = f"{message['status'] // 100}xx"
                figures.by_status[status] = figures.by_status.get(status, 0) + 1
                figures.answered_s.add(time.perf_counter() - began)
            await send(message)

        figures.open += 1
        try:
            await self._app(scope, receive, send_and_count)
        finally:
            figures.open -= 1


@router.get("/healthz", include_in_schema=False)
async def healthz(request: Request) -> JSONResponse:
    """That there is an answer says that the loop turns."""
    return JSONResponse(_words(request, is_alive=True))


@router.get("/readyz", include_in_schema=False)
async def readyz(request: Request, desk: AskDesk) -> JSONResponse:
    """Whether the stores can be read."""
    reason, _ = await _asked(desk)
    reasons = [reason] if reason else []
    return JSONResponse(
        _words(request, is_ready=not reasons, reasons=reasons),
        status_code=503 if reasons else 200,
    )


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, desk: AskDesk) -> Response:
    figures = request.app.state.request_figures
    assert isinstance(figures, RequestFigures)
    reason, seconds = await _asked(desk)
    told = Exposition()
    for status, n in sorted(figures.by_status.items()):
        told.say(REQUESTS, n, status)
    told.say(OPEN, figures.open)
    _say_limits(told, request)
    told.say_histogram(ANSWERED, figures.answered_s)
    told.say(READY, int(not reason))
    told.say(STORE_SECONDS, seconds)
    _say_drift(told, request)
    return Response(told.text(), headers={"Content-Type": CONTENT_TYPE})


def _say_limits(told: Exposition, request: Request) -> None:
    state = request.app.state
    counts = state.refusal_counts
    assert isinstance(counts, RefusalCounts)
    for reason in REASONS:
        told.say(REFUSED, counts.by_reason[reason], reason)
    told.say(CONNECTIONS, len(state.gate))
    told.say(STREAMS, len(state.stream_places))
    told.say(LOOKS, state.live_rooms.looks)


def _say_drift(told: Exposition, request: Request) -> None:
    """What is known of drift by now: a page of metrics makes nothing be read or computed."""
    watch, shelf = request.app.state.drift_watch, request.app.state.shelf
    assert isinstance(watch, DriftWatch)
    assert isinstance(shelf, ModelShelf)
    told.say(DRIFT_WAITING, watch.waiting)
    in_use = shelf.current()
    if watch.latest is None or in_use is None:
        return
    week = watch.latest.newest(base_of(in_use.version))
    if week is None:
        return
    for against, change in (("training", week.trained), ("first_weeks", week.own)):
        for quantity, value in ({} if change is None else change.psi).items():
            told.say(DRIFT_PSI, value, against, quantity)


def _words(request: Request, **words: object) -> dict[str, object]:
    own = request.app.state.data_dir
    whose = {} if own is None else {"data_dir": str(own.absolute())}
    return {"program": "dashboard", "pid": os.getpid(), **whose, **words}


async def _asked(desk: StoreDesk) -> tuple[str, float]:
    """Why the stores can't be read, empty if they can, and how long the answer took."""
    began = time.perf_counter()
    reason = ""
    try:
        async with asyncio.timeout(_STORE_WAIT_S):
            await desk.ask(Stores.version)
    except StoreError as error:
        reason = str(error)
    except TimeoutError:
        reason = f"the stores have not answered for {_STORE_WAIT_S:.0f} s"
    return reason, time.perf_counter() - began
