"""Lining up a lesson's video: the clock map, setting it by hand, and a word on a proposal."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from contract.errors import UsageError
from contract.language import _
from dashboard_api.clock_maps.view import LineUpJson, line_up_json
from dashboard_api.web.access import LinesUpVideo, ReadsVideo
from dashboard_api.web.lookup import ErrorJson, NotFoundError, get_lesson, see_lesson
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.lessons.records import Lesson
from school.video.alignment.clock_map import Point, by_points
from school.video.maps import HAND_S, ClockMap, MappedSegment, by_hand, current

__all__ = ["line_up_of", "router", "video_of"]

router = APIRouter()

_DAY_S: Final = 86_400.0
Offset = Annotated[float, Field(ge=-14_400, le=14_400, allow_inf_nan=False)]
Second = Annotated[float, Field(ge=-14_400, le=_DAY_S, allow_inf_nan=False)]


class PointForm(BaseModel):
    """A moment that somebody found in both."""

    model_config = ConfigDict(extra="forbid")

    video_s: Annotated[float, Field(ge=0, le=_DAY_S, allow_inf_nan=False)]
    lesson_s: Second


class ByHandForm(BaseModel):
    """One or two moments, or a number."""

    model_config = ConfigDict(extra="forbid")

    points: Annotated[list[PointForm], Field(min_length=1, max_length=2)] | None = None
    """Moments that are the same in the video and in the lesson."""
    offset_s: Offset | None = None
    """The second of the video at which the lesson starts. Of several segments, the first one's;
    the others move along."""


def video_of(stores: Stores, lesson: Lesson) -> str:
    """The id of the video that a lesson's page plays; empty without one.

    What is set then is for files of a reader's computer, and stays theirs.
    """
    found = stores.videos.ready(lesson.id)
    return "" if found is None else found.id


def line_up_of(stores: Stores, seen: SeenLesson) -> LineUpJson:
    """How the server's video is lined up, for those who are shown it; without one, other files."""
    video = video_of(stores, seen.lesson)
    if video and not seen.has_video:
        return line_up_json(())
    return line_up_json(stores.clock_maps.of_video(seen.lesson.id, video))


@router.get(
    "/api/lessons/{lesson_id}/clock-map",
    tags=["lessons"],
    summary="How the video is lined up with the lesson",
    responses={404: {"model": ErrorJson}},
)
async def clock_map(viewer: ReadsVideo, lesson_id: str, store: StoreDep) -> LineUpJson:
    def query(stores: Stores) -> LineUpJson:
        return line_up_of(stores, see_lesson(stores, viewer, lesson_id))

    return await store.run(query)


@router.put(
    "/api/lessons/{lesson_id}/clock-map",
    tags=["lessons"],
    summary="Line up the video by hand",
    responses={404: {"model": ErrorJson}, 409: {"model": ErrorJson}},
)
async def set_by_hand(
    viewer: LinesUpVideo, lesson_id: str, store: StoreDep, form: Annotated[ByHandForm, Body()]
) -> LineUpJson:
    """A new version; the earlier ones stay.

    It is of the server's video alone. Without one it is for files of a reader's computer, and a
    video that comes to the server later starts without it.
    """
    utc_ns = store.people_clock.utc_ns()

    def change(stores: Stores) -> LineUpJson:
        lesson = get_lesson(stores, viewer, lesson_id)
        video = video_of(stores, lesson)
        maps = stores.clock_maps.of_video(lesson.id, video)
        made = _made(form, lesson.id, maps, utc_ns)
        stores.clock_maps.add(replace(made, video=video, made_by=viewer.person.id))
        return line_up_json(stores.clock_maps.of_video(lesson.id, video))

    try:
        return await store.run(change)
    except UsageError as error:
        raise HTTPException(409, str(error)) from None


@router.post(
    "/api/lessons/{lesson_id}/clock-map/{version}",
    tags=["lessons"],
    summary="Say whether a proposal is right",
    responses={404: {"model": ErrorJson}},
)
async def decide(
    viewer: LinesUpVideo,
    lesson_id: str,
    version: int,
    store: StoreDep,
    is_right: Annotated[bool, Body(embed=True)],
) -> LineUpJson:
    return await store.run(lambda stores: _decided(stores, viewer, lesson_id, version, is_right))


def _decided(
    stores: Stores, viewer: Viewer, lesson_id: str, version: int, is_right: object
) -> LineUpJson:
    lesson = get_lesson(stores, viewer, lesson_id)
    if not stores.clock_maps.decide(lesson.id, version, is_right=bool(is_right)):
        raise NotFoundError(_("This suggestion is not there any more; load the page again."))
    return line_up_json(stores.clock_maps.of_video(lesson.id, video_of(stores, lesson)))


def _made(form: ByHandForm, lesson: str, maps: list[ClockMap], utc_ns: int) -> ClockMap:
    if (form.points is None) == (form.offset_s is None):
        raise UsageError(_("Give either points or offset_s."))
    if form.points is not None:
        points = [Point(each.video_s, each.lesson_s) for each in form.points]
        segment, plus_minus_s = by_points(points, each_s=HAND_S)
        return ClockMap(
            lesson=lesson, method="points", state="accepted",
            segments=(MappedSegment(segment, round(plus_minus_s, 1)),), made_utc_ns=utc_ns,
        )  # fmt: skip
    assert form.offset_s is not None
    counts, _proposed = current(maps)
    made = by_hand(lesson, form.offset_s, utc_ns)
    if counts is None or len(counts.segments) == 1:
        return made
    moved_s = form.offset_s - counts.segments[0].segment.offset_s
    return replace(made, segments=tuple(_moved(each, moved_s) for each in counts.segments))


def _moved(each: MappedSegment, by_s: float) -> MappedSegment:
    """A segment of another offset: it ends at the same places of the video."""
    segment = each.segment
    late_s = by_s / segment.rate
    moved = replace(
        segment,
        start_s=segment.start_s - late_s,
        end_s=segment.end_s - late_s,
        offset_s=round(segment.offset_s + by_s, 2),
    )
    return MappedSegment(moved, HAND_S)
