"""`/metrics`, `/healthz` and `/readyz` of the pages, as every program of the server has them."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from fastapi import APIRouter, Depends, Request
from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Histogram,
    generate_latest,
)
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from starlette.datastructures import State
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract.errors import StoreError
from dashboard_api.model.drift_watch import DriftWatch
from dashboard_api.web.access import Public
from dashboard_api.web.model_catalog import ModelCatalog
from dashboard_api.web.refusals import REASONS, RefusalCounts
from dashboard_api.web.store_thread import StoreDep, Stores, StoreThread
from ingest.monitoring.metric_families import counter, gauge, without_created
from models.school_model.labels import base_of

__all__ = ["Counting", "RequestFigures", "router"]

router = APIRouter(dependencies=[Depends(Public("programs that watch the server; no lesson"))])

_BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_STORE_WAIT_S: Final = 5.0


@dataclass(slots=True)
class RequestFigures:
    """What has been answered since the program began."""

    by_status: Counter[str] = field(default_factory=Counter)
    open: int = 0
    answered_s: Histogram = field(
        default_factory=lambda: Histogram(
            "roomtone_dashboard_answer_seconds", "How long it took until an answer began.",
            buckets=_BOUNDS_S, registry=None,
        )
    )  # fmt: skip


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
                figures.by_status[f"{message['status'] // 100}xx"] += 1
                figures.answered_s.observe(time.perf_counter() - began)
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
async def readyz(request: Request, store: StoreDep) -> JSONResponse:
    """Whether the stores can be read."""
    reason, _ = await _asked(store)
    reasons = [reason] if reason else []
    return JSONResponse(
        _words(request, is_ready=not reasons, reasons=reasons),
        status_code=503 if reasons else 200,
    )


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, store: StoreDep) -> Response:
    registry = CollectorRegistry()
    registry.register(_DashboardMetrics(request.app.state, *await _asked(store)))
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


@dataclass(frozen=True, slots=True, eq=False)
class _DashboardMetrics(Collector):
    """The application's figures, with what asking the stores just now came to."""

    state: State
    reason: str
    seconds: float

    def collect(self) -> Iterator[Metric]:
        figures, counts, watch = (
            self.state.request_figures, self.state.refusal_counts, self.state.drift_watch,
        )  # fmt: skip
        assert isinstance(figures, RequestFigures)
        assert isinstance(counts, RefusalCounts)
        assert isinstance(watch, DriftWatch)
        families = (
            counter("roomtone_dashboard_requests_total",
                    "Answers by the first digit of their status, such as 2xx.",
                    [({"status": status}, n) for status, n in sorted(figures.by_status.items())]),
            gauge("roomtone_dashboard_open_requests",
                  "Requests that are being answered; a live page is one while it is open.",
                  figures.open),
            counter("roomtone_dashboard_refused_total",
                    "Requests and connections that a limit refused or ended; see dashboard.md.",
                    [({"reason": reason}, counts.by_reason[reason]) for reason in REASONS]),
            gauge("roomtone_dashboard_open_connections",
                  "Connections that are open, at most dashboard.max_connections.",
                  len(self.state.gate)),
            gauge("roomtone_dashboard_open_streams",
                  "Live pages that move by themselves and pages of debriefs, at most dashboard.max_streams.",
                  len(self.state.stream_places)),
            counter("roomtone_dashboard_live_looks_total",
                    "Looks at a room for its live pages; all pages of a room share them.",
                    self.state.live_rooms.looks),
            counter("roomtone_dashboard_debrief_faults_total",
                    "Pages of debriefs that were closed because of an error in the program; the log has it.",
                    self.state.debriefs.faults),
            without_created(figures.answered_s),
            gauge("roomtone_dashboard_ready",
                  "1 while the stores can be read, as /readyz says.", not self.reason),
            gauge("roomtone_dashboard_store_seconds",
                  "How long a small question to the stores took just now, with its wait.",
                  self.seconds),
            gauge("roomtone_dashboard_drift_psi",
                  "Population stability index of the last week with enough lessons, for the model in use.",
                  self._drift(watch)),
            gauge("roomtone_dashboard_drift_lessons_waiting",
                  "Lessons whose estimates are not in the weeks yet.", watch.waiting),
        )  # fmt: skip
        yield from (family for family in families if family.samples)

    def _drift(self, watch: DriftWatch) -> list[tuple[dict[str, str], float]]:
        """What is known by now: a scrape makes nothing be read or computed."""
        catalog = self.state.catalog
        assert isinstance(catalog, ModelCatalog)
        in_use = catalog.current()
        if watch.latest is None or in_use is None:
            return []
        week = watch.latest.newest(base_of(in_use.version))
        if week is None:
            return []
        changes = {"training": week.trained, "first_weeks": week.own}
        return [
            ({"against": against, "quantity": quantity}, value)
            for against, change in changes.items() if change is not None
            for quantity, value in change.psi.items()
        ]  # fmt: skip


def _words(request: Request, **words: object) -> dict[str, object]:
    own = request.app.state.data_dir
    whose = {} if own is None else {"data_dir": str(own.absolute())}
    return {"program": "dashboard", "pid": os.getpid(), **whose, **words}


async def _asked(store: StoreThread) -> tuple[str, float]:
    """Why the stores can't be read, empty if they can, and how long the answer took."""
    began = time.perf_counter()
    reason = ""
    try:
        async with asyncio.timeout(_STORE_WAIT_S):
            await store.run(Stores.version)
    except StoreError as error:
        reason = str(error)
    except TimeoutError:
        reason = f"the stores have not answered for {_STORE_WAIT_S:.0f} s"
    return reason, time.perf_counter() - began
