"""What of a lesson is taken along as files, for each reader what they see of it.

What has left the pages outlives every share, so each file is an entry of the audit log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from contract.language import _
from dashboard_api.clock_maps.routes import video_of
from dashboard_api.debrief.guess_view import awaits_guess
from dashboard_api.language.dates import local_time_text, number_text
from dashboard_api.moments.judged_moments import JudgedMoment
from dashboard_api.pulse.asking import asked_now
from dashboard_api.record.bundle import bundle_of
from dashboard_api.record.content import DebriefRecord, debrief_record, taken_moments
from dashboard_api.record.notes_rows import notes_rows
from dashboard_api.record.pdf import pdf_of
from dashboard_api.record.tracks import LESSON_TIME, chapter_cues, chapters, moment_cues
from dashboard_api.record.visit_routes import proposed_time
from dashboard_api.record.webvtt import webvtt
from dashboard_api.views.text import title_text
from dashboard_api.web.access import TakesRecord
from dashboard_api.web.files import csv_file, saved_file
from dashboard_api.web.limits.export_places import export_places, without_place
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.audit.records import ExportedFile
from school.bundle.file_format import bundle_text
from school.video.alignment.clock_map import Segment
from school.video.maps import current

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_VTT: Final = "text/vtt; charset=utf-8"


@router.get("/lessons/{lesson_id}/take")
async def take(request: Request, viewer: TakesRecord, lesson_id: str, store: StoreDep) -> Response:
    """The page with a link to each file."""
    zone = request.app.state.zone

    def query(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        lesson = seen.lesson
        return page(
            "record/take.html", viewer=viewer, lesson=lesson, is_own=seen.reach == "own",
            is_part=seen.cut.shared is not None, title=title_text(lesson.title, lesson.room),
            visit_at=proposed_time(stores, seen, viewer, zone), is_to_guess=awaits_guess(stores, seen, viewer.utc_ns),
            asked=asked_now(stores, viewer, request.app.state.questions, after_talk=True)
            if seen.reach == "own" else (),
            at=local_time_text(lesson.starts_utc_ns, zone), track_times=_times(stores, seen)[1],
        )  # fmt: skip

    return await store.run(query)


@router.get("/lessons/{lesson_id}/record.pdf")
async def record(
    request: Request, viewer: TakesRecord, lesson_id: str, store: StoreDep
) -> Response:
    """The record of the debrief. It is set in a thread of its own: a long one takes seconds."""
    if (refusal := without_place(request, viewer.person.id)) is not None:
        return refusal
    zone = request.app.state.zone

    def query(stores: Stores) -> DebriefRecord:
        seen = see_lesson(stores, viewer, lesson_id)
        stores.audit.record_export(
            viewer.actor, "lesson", lesson_id, lesson=lesson_id, file="record"
        )
        return debrief_record(stores, seen, viewer, zone, request.app.state.forms)

    with export_places(request).held(viewer.person.id):
        found = await store.run(query)
        made = await asyncio.to_thread(pdf_of, found, viewer.people_utc_ns)
    return saved_file("record.pdf", made, "application/pdf")


@router.get("/lessons/{lesson_id}/notes.csv")
async def notes(viewer: TakesRecord, lesson_id: str, store: StoreDep) -> Response:
    def query(stores: Stores) -> Response:
        _seen, moments = _taken(stores, viewer, lesson_id, "notes")
        return csv_file("notes.csv", notes_rows(moments))

    return await store.run(query)


@router.get("/lessons/{lesson_id}/chapters.vtt")
async def chapter_track(viewer: TakesRecord, lesson_id: str, store: StoreDep) -> Response:
    """Activities and routines, for players that show chapters."""

    def query(stores: Stores) -> Response:
        seen, moments = _taken(stores, viewer, lesson_id, "chapters")
        segments, about = _times(stores, seen)
        found = chapters(seen.activities(), moments, seen.cut.visible)
        return saved_file("chapters.vtt", webvtt(about, chapter_cues(found, segments)), _VTT)

    return await store.run(query)


@router.get("/lessons/{lesson_id}/moments.vtt")
async def moment_track(viewer: TakesRecord, lesson_id: str, store: StoreDep) -> Response:
    """The moments as metadata, for programs that play the video."""

    def query(stores: Stores) -> Response:
        seen, moments = _taken(stores, viewer, lesson_id, "moment_track")
        segments, about = _times(stores, seen)
        return saved_file("moments.vtt", webvtt(about, moment_cues(moments, segments)), _VTT)

    return await store.run(query)


@router.get("/lessons/{lesson_id}/lesson.json")
async def bundle(
    request: Request, viewer: TakesRecord, lesson_id: str, store: StoreDep
) -> Response:
    """All of it that the reader sees, in a file that can be read back."""
    zone, program = request.app.state.zone, request.app.version

    def query(stores: Stores) -> str:
        seen = see_lesson(stores, viewer, lesson_id)
        stores.audit.record_export(
            viewer.actor, "lesson", lesson_id, lesson=lesson_id, file="bundle"
        )
        return bundle_text(bundle_of(stores, seen, viewer, zone, program, request.app.state.forms))

    return saved_file("lesson.json", await store.run(query), "application/json")


def _taken(
    stores: Stores, viewer: Viewer, lesson_id: str, file: ExportedFile
) -> tuple[SeenLesson, list[JudgedMoment]]:
    seen = see_lesson(stores, viewer, lesson_id)
    stores.audit.record_export(viewer.actor, "lesson", lesson_id, lesson=lesson_id, file=file)
    return seen, taken_moments(stores, seen, viewer.utc_ns)


def _times(stores: Stores, seen: SeenLesson) -> tuple[Sequence[Segment], str]:
    """In which time the tracks are, and a sentence that says so."""
    counts = None
    if seen.has_video:
        maps = stores.clock_maps.of_video(seen.lesson.id, video_of(stores, seen.lesson))
        counts, _proposal = current(maps)
    if counts is None:
        return LESSON_TIME, _("The times are the lesson’s: no video is lined up with it.")
    segments = [each.segment for each in counts.segments]
    return segments, _(
        "The times are the video’s, ± {seconds} s.", seconds=number_text(counts.plus_minus_s, 1)
    )
