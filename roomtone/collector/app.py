"""The collector's pages: one address takes reports, the others show what is held. Nothing changes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from contract.aggregates.figures import FIGURES, MIN_TEACHERS
from contract.aggregates.report import Report
from contract.clock import Clock
from contract.errors import PayloadError, StoreError
from contract.files.csv_rows import csv_text
from contract.language import _
from dashboard_api.language.choosing import Speaking
from dashboard_api.programme.coverage_view import month_text
from dashboard_api.settings import DashboardSettings
from dashboard_api.web.assets.kept_files import KeptFiles
from dashboard_api.web.assets.style_sheets import StyleSheets
from dashboard_api.web.assets.words import words_app
from dashboard_api.web.limits.connection_gate import ConnectionGate
from dashboard_api.web.limits.request_limits import RequestLimits
from dashboard_api.web.network.forwarding import Forwarding
from dashboard_api.web.network.security import Guard
from dashboard_api.web.refusals import RefusalCounts, error_response
from dashboard_api.web.rendering import STATIC, STATIC_ADDRESS, STYLES_ADDRESS, WORDS_ADDRESS, page
from ingest.aggregates.sending import REPORTS
from roomtone.collector.store import CollectorStore
from roomtone.collector.taking import take

__all__ = ["create_collector"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Month:
    name: str
    words: str
    reports: list[tuple[str, Report]]
    """What each school is called, with its report; by name."""


def create_collector(
    open_store: Callable[[], CollectorStore], clock: Clock, settings: DashboardSettings
) -> FastAPI:
    """The pages on the store that `open_store` opens for each request."""
    app = FastAPI(title="Roomtone collector", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post(REPORTS)
    async def take_report(request: Request) -> Response:
        content = await request.body()

        def keep() -> bool:
            with open_store() as store:
                return take(store, content, clock.utc_ns())

        try:
            is_new = await run_in_threadpool(keep)
        except PayloadError as error:
            return PlainTextResponse(f"The report was not taken: {error}.", 422)
        return JSONResponse({"held": True}, 201 if is_new else 200)

    @app.get("/")
    async def show(year: str = "") -> Response:
        """The months of a year; of the latest one if nothing is held of that year."""

        def read() -> tuple[list[int], int, list[_Month]]:
            with open_store() as store:
                titles = {site.name: site.title or site.name for site in store.sites()}
                years = store.years()
                shown = next((each for each in years if str(each) == year), max(years, default=0))
                return (
                    years,
                    shown,
                    [
                        _Month(
                            name=name,
                            words=month_text(name),
                            reports=[(titles[each.site], each) for each in reports],
                        )
                        for name, reports in groupby(store.reports(shown), attrgetter("month"))
                    ],
                )

        years, shown, months = await run_in_threadpool(read)
        return page(
            "collector/page.html",
            years=years, shown=shown, months=months, names=list(FIGURES), least=MIN_TEACHERS,
            columns=[_(rule.words) for rule in FIGURES.values()],
        )  # fmt: skip

    @app.get("/aggregates.csv")
    async def as_csv() -> Response:
        def read() -> str:
            with open_store() as store:
                return _csv(store.reports())

        return Response(await run_in_threadpool(read), media_type="text/csv; charset=utf-8")

    async def broken(request: Request, error: Exception) -> Response:
        return error_response(request.headers, 503, _("Try again in a minute."), str(error))

    app.add_exception_handler(StoreError, broken)
    app.state.refusal_counts = RefusalCounts()
    app.state.gate = ConnectionGate(
        max_total=settings.max_connections, max_per_key=settings.max_connections_per_address
    )
    app.mount(STYLES_ADDRESS, StyleSheets(STATIC), name="styles")
    app.mount(WORDS_ADDRESS, words_app, name="words")
    app.mount(STATIC_ADDRESS, KeptFiles(STATIC), name="static-for-good")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(RequestLimits, settings=settings, counts=app.state.refusal_counts)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(Forwarding, settings=settings, counts=app.state.refusal_counts)
    app.add_middleware(Speaking)
    return app


def _csv(reports: list[Report]) -> str:
    """A row for each site and month; an empty cell is a figure that the site did not send."""
    head = ["month", "site", "teachers", *FIGURES]
    rows = (
        [each.month, each.site, each.teachers, *(each.figures.get(name) for name in FIGURES)]
        for each in reports
    )
    return csv_text([head, *rows])
