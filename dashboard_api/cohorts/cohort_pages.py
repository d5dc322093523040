"""The pages of cohorts as they are shown, and whose a cohort is."""

from __future__ import annotations

from datetime import tzinfo

from starlette.responses import RedirectResponse, Response

from contract.language import _
from dashboard_api.cohorts.cohort_view import (
    cohort_seen,
    may_talk,
    own_lessons,
    task_views,
    to_invite,
    to_lead,
)
from dashboard_api.views.dates import day_of
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.cohorts.cohort_records import (
    FORMED_FROM,
    LONGEST_FOCUS,
    LONGEST_TITLE,
    LONGEST_WORDS,
    MAX_MEMBERS,
    REPLY_KINDS,
    Cohort,
)
from school.sharing.policy import may

__all__ = ["back_to", "cohort_led", "cohort_page", "joined_in", "list_page", "talked_in"]


def list_page(stores: Stores, viewer: Viewer, trouble: str = "") -> Response:
    person, roles = viewer.person.id, viewer.person.roles
    mine = stores.cohorts.of_member(person) if may(roles, "join cohort", "any") else []
    return page(
        "cohorts/cohorts.html",
        status_code=422 if trouble else 200,
        viewer=viewer,
        invited=[each for each in mine if each.state_of(person) == "invited"],
        joined=[each for each in mine if each.state_of(person) == "member"],
        offered=stores.cohorts.offered_to(person) if may(roles, "lead cohort", "any") else [],
        led=stores.cohorts.led_by(person) if may(roles, "lead cohort", "any") else [],
        left=stores.cohorts.replies.left_by(person),
        longest_title=LONGEST_TITLE,
        longest_focus=LONGEST_FOCUS,
        formed_from=FORMED_FROM,
        trouble=trouble,
    )


def cohort_page(
    stores: Stores, viewer: Viewer, cohort: Cohort, zone: tzinfo | None, trouble: str = ""
) -> Response:
    person = viewer.person.id
    leads = cohort.coach == person and may(viewer.person.roles, "lead cohort", "any")
    state = cohort.state_of(person)
    is_in = state == "member"
    tasks = task_views(stores, viewer, cohort, zone) if leads or is_in else []
    answered = [each.own.lesson for each in tasks if each.own is not None]
    return page(
        "cohorts/cohort.html",
        status_code=422 if trouble else 200,
        viewer=viewer,
        cohort=cohort,
        leads=leads,
        state=state,
        tasks=tasks,
        lessons=own_lessons(stores, viewer, zone, answered) if is_in else [],
        people=to_invite(stores, cohort) if leads else [],
        coaches=to_lead(stores, cohort) if leads or (is_in and cohort.coach is None) else [],
        is_offered=cohort.offered_to == person and may(viewer.person.roles, "lead cohort", "any"),
        kinds=REPLY_KINDS,
        today=day_of(viewer.people_utc_ns, zone).isoformat(),
        formed_from=FORMED_FROM,
        most=MAX_MEMBERS,
        longest_question=LONGEST_FOCUS,
        longest_words=LONGEST_WORDS,
        trouble=trouble,
    )


def cohort_led(stores: Stores, viewer: Viewer, cohort_id: str) -> Cohort:
    """A cohort that the viewer leads; raises NotFoundError."""
    cohort = cohort_seen(stores, viewer, cohort_id)
    if cohort.coach != viewer.person.id:
        raise NotFoundError(_("There is no such cohort. It may have ended, or you have left it."))
    return cohort


def talked_in(stores: Stores, viewer: Viewer, cohort_id: str) -> Cohort:
    """A cohort that the viewer is in or leads; raises NotFoundError."""
    cohort = cohort_seen(stores, viewer, cohort_id)
    if not may_talk(viewer, cohort):
        raise NotFoundError(_("There is no such cohort. It may have ended, or you have left it."))
    return cohort


def joined_in(stores: Stores, viewer: Viewer, cohort_id: str) -> Cohort:
    """A cohort that the viewer is a member of; raises NotFoundError."""
    cohort = talked_in(stores, viewer, cohort_id)
    if cohort.state_of(viewer.person.id) != "member":
        raise NotFoundError(_("There is no such cohort. It may have ended, or you have left it."))
    return cohort


def back_to(cohort_id: str, part: str = "") -> Response:
    return RedirectResponse(f"/cohorts/{cohort_id}{part}", status_code=303)
