"""A teacher cuts clips of a lesson of theirs, and decides who sees them until when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.clips.clip_view import SHOWS_WORDS, clip_readers, own_lines
from dashboard_api.sharing.spans_form import read_spans
from dashboard_api.video.service import VideosDep, VideoService
from dashboard_api.views.dates import MAX_DAYS, day_of, end_of_day
from dashboard_api.views.text import title_text
from dashboard_api.web.access import MakesClip
from dashboard_api.web.lookup import NotFoundError, get_lesson, see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.clips.clip_keeping import CLIP_CONSENT, Span, WantedClip, video_span
from school.clips.records import LONGEST_TITLE, MAX_CLIP_S, MAX_VIEWERS, Clip
from school.cohorts.cohort_records import Cohort
from school.sharing.policy import may
from school.video.maps import ClockMap, current
from school.video.media.records import Shows
from school.video.records import Video

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_USUAL_DAYS: Final = 30


class _ClipForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(max_length=500)] = ""
    start: Annotated[str, Field(max_length=20)] = ""
    end: Annotated[str, Field(max_length=20)] = ""
    shows: Shows = "both"
    person: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=200)] = []
    cohort: Literal["yes", ""] = ""
    """For a cohort alone, in which its teacher shows it once it is cut."""
    until: date
    """The last day."""
    consent: Literal["yes", ""] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What stands in the form when it opens, or when something in it did not work."""

    until: str
    title: str = ""
    start: str = ""
    end: str = ""
    shows: Shows = "both"
    persons: frozenset[str] = field(default_factory=frozenset)
    cohort: str = ""
    trouble: str = ""


@router.get("/lessons/{lesson_id}/clips")
async def lesson_clips(
    request: Request, viewer: MakesClip, lesson_id: str, store: StoreDep, videos: VideosDep
) -> Response:
    zone = request.app.state.zone
    return await store.run(lambda stores: _clips_page(stores, viewer, lesson_id, zone, videos))


@router.post("/lessons/{lesson_id}/clips")
async def make_clip(
    request: Request, viewer: MakesClip, lesson_id: str, store: StoreDep, videos: VideosDep,
    form: Annotated[_ClipForm, Form()],
) -> Response:  # fmt: skip
    """The clip is cut in the background."""
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        lesson = get_lesson(stores, viewer, lesson_id)
        try:
            video = _require_video(stores, lesson.id)
            wanted = _wanted(stores, viewer, form, video, zone)
            videos.clips(stores).begin(video, wanted, viewer.actor, wording=_(CLIP_CONSENT))
        except UsageError as error:
            given = _Given(
                until=form.until.isoformat(), title=form.title[:LONGEST_TITLE], start=form.start,
                end=form.end, shows=form.shows, persons=frozenset(form.person),
                cohort=form.cohort, trouble=str(error),
            )  # fmt: skip
            return _clips_page(stores, viewer, lesson_id, zone, videos, given)
        return _back(lesson_id)

    answer = await store.run(change)
    videos.cutting.set()
    return answer


@router.post("/lessons/{lesson_id}/clips/{clip_id}/delete")
async def delete_clip(
    viewer: MakesClip, lesson_id: str, clip_id: str, store: StoreDep, videos: VideosDep
) -> Response:
    """Its key is destroyed first; who watches it sees no more of it."""

    def change(stores: Stores) -> Response:
        videos.clips(stores).remove(
            _own(stores, viewer, lesson_id, clip_id), viewer.actor, "by_hand"
        )
        return _back(lesson_id)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/clips/{clip_id}/viewers/{person_id}/end")
async def end_showing(
    viewer: MakesClip, lesson_id: str, clip_id: str, person_id: str, store: StoreDep
) -> Response:
    def change(stores: Stores) -> Response:
        clip = _own(stores, viewer, lesson_id, clip_id)
        stores.clips.end_showing(clip, person_id, viewer.actor)
        return _back(lesson_id)

    return await store.run(change)


def _clips_page(
    stores: Stores, viewer: Viewer, lesson_id: str, zone: tzinfo | None, videos: VideoService,
    given: _Given | None = None,
) -> Response:  # fmt: skip
    lesson = get_lesson(stores, viewer, lesson_id)
    today = day_of(viewer.people_utc_ns, zone)
    video = stores.videos.ready(lesson.id) if videos.settings.is_on else None
    usual = _Given(until=(today + timedelta(days=_USUAL_DAYS)).isoformat())
    return page(
        "clips/clips.html",
        status_code=422 if given is not None else 200,
        viewer=viewer,
        lesson=lesson,
        title=title_text(lesson.title, lesson.room),
        clips=own_lines(stores, viewer, zone, lesson=lesson.id),
        has_video=video is not None,
        is_lined_up=video is not None and _map_of(stores, video) is not None,
        is_hidden=stores.sharing.teacher.is_hidden(lesson.id),
        readers=clip_readers(stores, viewer),
        given=given or usual,
        has_cohort=bool(_cohorts_of(stores, viewer)),
        shows_words=SHOWS_WORDS,
        consent=CLIP_CONSENT,
        longest_title=LONGEST_TITLE,
        longest_min=MAX_CLIP_S // 60,
        earliest=today.isoformat(),
        latest=(today + timedelta(days=MAX_DAYS)).isoformat(),
    )


def _wanted(
    stores: Stores, viewer: Viewer, form: _ClipForm, video: Video, zone: tzinfo | None
) -> WantedClip:
    """What the form asks for; raises UsageError."""
    until_ns = end_of_day(form.until, viewer.people_utc_ns, zone)
    found = read_spans([form.start], [form.end])
    if not found:
        raise UsageError(_("Write from when to when the clip goes, such as 12:30 to 14:00."))
    left_out = see_lesson(stores, viewer, video.lesson).cut.excluded
    start_s, end_s = video_span(
        Span(found[0].start_s, found[0].end_s), video, _map_of(stores, video),
        [Span(each.start_s, each.end_s) for each in left_out],
    )  # fmt: skip
    chosen = set(form.person)
    is_for_cohort = form.cohort == "yes" and bool(_cohorts_of(stores, viewer))
    readers = {person.id for person in clip_readers(stores, viewer)}
    if chosen - readers or not (chosen or is_for_cohort):
        raise UsageError(_("Choose who sees it: {n} people at most.", n=MAX_VIEWERS))
    if form.consent != "yes":
        raise UsageError(
            _("Confirm whose faces and voices are in the clip: without that it is not cut.")
        )
    return WantedClip(
        title=form.title, start_s=start_s, end_s=end_s, shows=form.shows, viewers=chosen,
        until_utc_ns=until_ns,
    )  # fmt: skip


def _cohorts_of(stores: Stores, viewer: Viewer) -> list[Cohort]:
    """Those in which the viewer could show a clip."""
    if not may(viewer.person.roles, "join cohort", "any"):
        return []
    found = stores.cohorts.of_member(viewer.person.id)
    return [each for each in found if each.state_of(viewer.person.id) == "member"]


def _require_video(stores: Stores, lesson_id: str) -> Video:
    video = stores.videos.ready(lesson_id)
    if video is None:
        raise UsageError(_("This lesson has no video on the server that a clip could be cut from."))
    return video


def _map_of(stores: Stores, video: Video) -> ClockMap | None:
    return current(stores.clock_maps.of_video(video.lesson, video.id))[0]


def _own(stores: Stores, viewer: Viewer, lesson_id: str, clip_id: str) -> Clip:
    """A clip of the viewer's own lesson; raises NotFoundError."""
    lesson = get_lesson(stores, viewer, lesson_id)
    clip = stores.clips.get(clip_id)
    if clip is None or clip.lesson != lesson.id or clip.person != viewer.person.id:
        raise NotFoundError(_("There is no such clip. It may have been deleted."))
    return clip


def _back(lesson_id: str) -> Response:
    return RedirectResponse(f"/lessons/{lesson_id}/clips", status_code=303)
