"""What those in a cohort answer each other, and the clips that they show there."""

from __future__ import annotations

from datetime import tzinfo
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import N_, _
from dashboard_api.cohorts.cohort_pages import back_to, cohort_page, joined_in, talked_in
from dashboard_api.cohorts.pattern_view import pattern_of
from dashboard_api.cohorts.talk_view import clips_here, clips_to_show
from dashboard_api.web.access import JoinsCohort, SeesCohort
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.cohorts.cohort_records import (
    GROUP_OF,
    LONGEST_WORDS,
    REPLY_KINDS,
    Cohort,
    ReplyKind,
)
from school.video.records import consent_hash

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

COHORT_CONSENT: Final = N_(
    "I know whose faces and voices are in this clip, I may show it to these people until its last "
    "day, and nobody in it who said no can be recognised."
)
"""What a teacher confirms before a cohort sees a clip."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _ReplyForm(_Form):
    kind: ReplyKind = "observation"
    words: Annotated[str, Field(max_length=10_000)] = ""


class _ShowForm(_Form):
    clip: Annotated[str, Field(max_length=100)] = ""
    consent: Literal["yes", ""] = ""
    meant: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)] = []
    """Whom the page named as those who see it."""


@router.get("/cohorts/{cohort_id}/clips")
async def clips_page(
    request: Request, viewer: SeesCohort, cohort_id: str, store: StoreDep
) -> Response:
    zone = request.app.state.zone
    return await store.run(
        lambda stores: _page(stores, viewer, talked_in(stores, viewer, cohort_id), zone)
    )


@router.get("/cohorts/{cohort_id}/pattern")
async def pattern_page(viewer: SeesCohort, cohort_id: str, store: StoreDep) -> Response:
    def query(stores: Stores) -> Response:
        cohort = talked_in(stores, viewer, cohort_id)
        return page(
            "cohorts/pattern.html",
            viewer=viewer,
            cohort=cohort,
            is_in=cohort.state_of(viewer.person.id) == "member",
            pattern=pattern_of(stores, viewer, cohort),
            least=GROUP_OF,
        )

    return await store.run(query)


@router.post("/cohorts/{cohort_id}/clips")
async def show_clip(
    request: Request, viewer: JoinsCohort, cohort_id: str, store: StoreDep,
    form: Annotated[_ShowForm, Form()],
) -> Response:  # fmt: skip
    """To those who are in the cohort at this moment, and who leads it."""
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        cohort = joined_in(stores, viewer, cohort_id)
        found = [each for each in clips_to_show(stores, viewer) if each.id == form.clip]
        if not found:
            return _page(stores, viewer, cohort, zone, _("Choose a clip of yours."))
        if form.consent != "yes":
            said = _(
                "Confirm whose faces and voices are in the clip: without that it is not shown."
            )
            return _page(stores, viewer, cohort, zone, said)
        try:
            stores.clips.in_cohorts.show(
                found[0], cohort.id, viewer.actor, consent=consent_hash(_(COHORT_CONSENT)),
                meant=form.meant,
            )  # fmt: skip
        except UsageError as error:
            return _page(stores, viewer, cohort, zone, str(error))
        return back_to(cohort.id, "/clips")

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/clips/{clip_id}/end")
async def hide_clip(viewer: JoinsCohort, cohort_id: str, clip_id: str, store: StoreDep) -> Response:
    """For its teacher alone."""

    def change(stores: Stores) -> Response:
        cohort = talked_in(stores, viewer, cohort_id)
        clip = stores.clips.get(clip_id)
        if clip is None or clip.person != viewer.person.id:
            raise _no_clip()
        stores.clips.in_cohorts.hide(clip, cohort.id, viewer.actor)
        return back_to(cohort.id, "/clips")

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/clips/{clip_id}/replies")
async def reply_to_clip(
    request: Request, viewer: SeesCohort, cohort_id: str, clip_id: str, store: StoreDep,
    form: Annotated[_ReplyForm, Form()],
) -> Response:  # fmt: skip
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        cohort = talked_in(stores, viewer, cohort_id)
        if clip_id not in {each.line.id for each in clips_here(stores, viewer, cohort, zone)}:
            raise _no_clip()
        try:
            stores.cohorts.replies.to_clip(cohort.id, clip_id, form.kind, form.words, viewer.actor)
        except UsageError as error:
            return _page(stores, viewer, cohort, zone, str(error))
        return back_to(cohort.id, "/clips")

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/tasks/{task_id}/answers/{person_id}/replies")
async def reply_to_answer(
    request: Request, viewer: SeesCohort, cohort_id: str, task_id: str, person_id: str,
    store: StoreDep, form: Annotated[_ReplyForm, Form()],
) -> Response:  # fmt: skip
    """To what the viewer can read."""
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        cohort = talked_in(stores, viewer, cohort_id)
        read = {
            (each.task, each.person)
            for each in stores.cohorts.answers(cohort.id, viewer.person.id)
            if each.handed_utc_ns is not None
        }
        if (task_id, person_id) not in read:
            raise NotFoundError(_("There is no such answer. It may have been deleted."))
        try:
            stores.cohorts.replies.to_answer(
                cohort.id, task_id, person_id, form.kind, form.words, viewer.actor
            )
        except UsageError as error:
            return cohort_page(stores, viewer, cohort, zone, str(error))
        return back_to(cohort.id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/replies/{reply_id}/remove")
async def remove_reply(
    viewer: SeesCohort, cohort_id: str, reply_id: str, store: StoreDep
) -> Response:
    """One's own, for good; also what one said as a coach who led."""

    def change(stores: Stores) -> Response:
        person = viewer.person.id
        left = {(each.cohort, each.id) for each in stores.cohorts.replies.left_by(person)}
        if (cohort_id, reply_id) in left:
            stores.cohorts.replies.remove(cohort_id, reply_id, viewer.actor)
            return RedirectResponse("/cohorts", status_code=303)
        cohort = talked_in(stores, viewer, cohort_id)
        found = [
            each for each in stores.cohorts.replies.of_cohort(cohort.id) if each.id == reply_id
        ]
        stores.cohorts.replies.remove(cohort.id, reply_id, viewer.actor)
        return back_to(cohort.id, "/clips" if found and found[0].clip else "")

    return await store.run(change)


def _page(
    stores: Stores, viewer: Viewer, cohort: Cohort, zone: tzinfo | None, trouble: str = ""
) -> Response:
    is_in = cohort.state_of(viewer.person.id) == "member"
    return page(
        "cohorts/cohort_clips.html",
        status_code=422 if trouble else 200,
        viewer=viewer,
        cohort=cohort,
        clips=clips_here(stores, viewer, cohort, zone),
        own=clips_to_show(stores, viewer) if is_in else [],
        is_in=is_in,
        seen_by=[each.name for each in cohort.joined if each.person != viewer.person.id],
        meant=sorted(
            {*(each.person for each in cohort.joined), cohort.coach or ""} - {viewer.person.id, ""}
        ),
        consent=COHORT_CONSENT,
        kinds=REPLY_KINDS,
        longest_words=LONGEST_WORDS,
        trouble=trouble,
    )


def _no_clip() -> NotFoundError:
    return NotFoundError(
        _("There is no such clip. It may have been deleted, or its last day is over.")
    )
