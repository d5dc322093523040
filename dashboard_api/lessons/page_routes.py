"""The lesson page, where a teacher and a coach look at a lesson together, and its data."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from dashboard_api.clock_maps.routes import line_up_of
from dashboard_api.lessons.list_lines import read_lesson_json, suggestion_counts
from dashboard_api.lessons.seen_timeline import seen_timeline
from dashboard_api.lessons.table_view import table_page
from dashboard_api.model.routes import trust_note
from dashboard_api.moments.judged_moments import of_people
from dashboard_api.moments.routes import moments_of
from dashboard_api.moments.view import count_lively
from dashboard_api.video.view import video_state
from dashboard_api.views.agenda import AGENDA
from dashboard_api.views.schemas import TimelineJson
from dashboard_api.web.access import ReadsLesson
from dashboard_api.web.lookup import ErrorJson, see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores

__all__ = ["router"]

router = APIRouter()

Second: Final = Query(
    ge=0, le=86_400, allow_inf_nan=False, description="Seconds since the lesson's start."
)


@router.get("/lessons/{lesson_id}", response_class=HTMLResponse, include_in_schema=False)
async def lesson_page(
    request: Request, viewer: ReadsLesson, lesson_id: str, store: StoreDep
) -> HTMLResponse:
    now, zone, catalog = store.clock.utc_ns(), request.app.state.zone, request.app.state.catalog
    videos = request.app.state.videos

    def query(stores: Stores) -> HTMLResponse:
        seen = see_lesson(stores, viewer, lesson_id)
        lesson = seen.lesson
        stores.audit.record_look(viewer.actor, "lesson", lesson.id, lesson=lesson.id)
        stores.sharing.inbox.look(viewer.person.id, lesson.id, max(now, viewer.people_utc_ns))
        guess = _guess_of(stores, seen, now)
        moments = moments_of(stores, seen)
        return page(
            "lessons/page.html",
            viewer=viewer,
            lesson=read_lesson_json(
                stores,
                seen,
                now,
                zone,
                moments=len(seen.moments(stores)),
                lively=count_lively(moments) if seen.is_scored(stores) else None,
            ),
            line_up=line_up_of(stores, seen),
            can_line_up="teacher" in viewer.person.roles and seen.reach == "own",
            # Before a guess there is nothing of the system's on the page.
            moments=of_people(moments) if guess == "start" else moments,
            guess=guess,
            begins_with_guess=guess != "" and stores.sharing.guesses.begins(viewer.person.id),
            is_own=seen.reach == "own",
            has_plan=guess != "start" and stores.sharing.plans.of_lesson(lesson.id) is not None,
            agenda=AGENDA,
            is_shared=seen.reach != "own" or bool(stores.sharing.shares(lesson.id, now)),
            is_hidden=seen.reach == "own" and stores.sharing.teacher.is_hidden(lesson.id),
            is_video_kept=seen.is_video_kept,
            is_part=seen.cut.shared is not None,
            has_seat_rows=seen.reach == "own" and stores.sharing.seat_rows.is_on(viewer.person.id),
            note=trust_note(stores, catalog, seen),
            framework=request.app.state.framework,
            video=video_state(
                lesson, stores.videos.of_lesson(lesson.id), videos, stores.longest_ns, zone
            ),
            consent=videos.consent,
            consent_text=videos.consent_text,
            max_upload_bytes=videos.settings.max_bytes,
        )

    return await store.run(query)


def _guess_of(
    stores: Stores, seen: SeenLesson, now_utc_ns: int
) -> Literal["", "may", "start", "kept"]:
    """Whether there is a guess that the reader may see, or the page begins with one, or it may."""
    found = stores.sharing.guesses.of_lesson(seen.lesson.id)
    if seen.reach != "own":
        return "kept" if found is not None and found.is_shown else ""
    if now_utc_ns < seen.lesson.over_utc_ns(stores.longest_ns):
        return ""
    if found is not None:
        return "kept"
    return "start" if stores.sharing.guesses.begins(seen.viewer) else "may"


@router.get("/lessons/{lesson_id}/table", response_class=HTMLResponse, include_in_schema=False)
async def lesson_table(
    request: Request,
    viewer: ReadsLesson,
    lesson_id: str,
    store: StoreDep,
    number: Annotated[int, Query(ge=1)] = 1,
) -> HTMLResponse:
    """The timeline as a table: a part of the page for htmx, otherwise a page of its own."""
    now, zone, counts = store.clock.utc_ns(), request.app.state.zone, suggestion_counts(request)

    def query(stores: Stores) -> HTMLResponse:
        seen = see_lesson(stores, viewer, lesson_id)
        stores.audit.record_look(viewer.actor, "lesson", lesson_id, lesson=lesson_id)
        is_part = "hx-request" in request.headers
        return page(
            "lessons/_table.html" if is_part else "lessons/table.html",
            viewer=viewer,
            lesson=read_lesson_json(
                stores,
                seen,
                now,
                zone,
                moments=len(seen.moments(stores)),
                lively=counts.of(stores, seen, now),
            ),
            is_own=seen.reach == "own",
            table=table_page(seen_timeline(stores, seen, now, zone, level_s=30), number),
        )

    return await store.run(query)


@router.get(
    "/api/lessons/{lesson_id}/timeline",
    tags=["lessons"],
    summary="A lesson's timeline",
    response_model=TimelineJson,
    responses={404: {"model": ErrorJson}},
)
async def lesson_timeline(
    request: Request,
    viewer: ReadsLesson,
    lesson_id: str,
    store: StoreDep,
    level_s: Annotated[
        Literal["1", "5", "30"] | None,
        Query(description="Length of a step. Without it, the finest step that fits a screen."),
    ] = None,
    from_s: Annotated[float, Second] = 0.0,
    to_s: Annotated[float | None, Second] = None,
) -> Response:
    """Movement, noise and zones, with their gaps. The finest step of movement is one epoch, 5 s."""
    now, zone = store.clock.utc_ns(), request.app.state.zone

    def query(stores: Stores) -> str:
        seen = see_lesson(stores, viewer, lesson_id)
        stores.audit.record_look(viewer.actor, "lesson", lesson_id, lesson=lesson_id)
        return seen_timeline(
            stores,
            seen,
            now,
            zone,
            level_s=None if level_s is None else int(level_s),
            from_s=from_s,
            to_s=to_s,
        ).model_dump_json()

    # Checked already: validating thousands of numbers again would double the time.
    return Response(await store.run(query), media_type="application/json")
