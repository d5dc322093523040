"""What the pages show of the clips of a cohort, and of visits in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from contract.clock import SECOND_NS
from dashboard_api.clips.clip_view import ClipLine, own_lines, shown_lines
from dashboard_api.cohorts.cohort_view import OwnLesson
from dashboard_api.language.dates import date_text, local_time_text
from dashboard_api.views.text import title_text
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.clips.records import Clip
from school.cohorts.cohort_records import Cohort, CohortReply, Visits
from school.sharing.listing import Wanted

__all__ = ["ClipHere", "VisitsLine", "clips_here", "clips_to_show", "lessons_ahead", "visits_lines"]

_AHEAD_NS: Final = 28 * 86_400 * SECOND_NS
_MAX_AHEAD: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipHere:
    """A clip that is shown in a cohort, with what was said to it there."""

    line: ClipLine
    is_own: bool
    replies: Sequence[CohortReply]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsLine:
    """Visits with another member, as the viewer has them."""

    visits: Visits
    mine: str
    """The day on which the other one comes, or empty."""
    theirs: str
    """The day on which the viewer goes there, or empty."""


def clips_here(
    stores: Stores, viewer: Viewer, cohort: Cohort, zone: tzinfo | None
) -> list[ClipHere]:
    """The clips of a cohort that the viewer sees: their own, and those meant for them too."""
    seen = {
        line.id: line
        for line in (*own_lines(stores, viewer, zone), *shown_lines(stores, viewer, zone))
    }
    replies = stores.cohorts.replies.of_cohort(cohort.id)
    return [
        ClipHere(
            line=seen[clip], is_own=not seen[clip].by,
            replies=[each for each in replies if each.clip == clip],
        )
        for clip in stores.clips.in_cohorts.clips_in(cohort.id)
        if clip in seen
    ]  # fmt: skip


def clips_to_show(stores: Stores, viewer: Viewer) -> list[Clip]:
    """The viewer's clips that can be watched, the latest first."""
    made = stores.clips.made_by(viewer.person.id, viewer.people_utc_ns)
    return [each for each in made if each.state == "ready"]


def visits_lines(stores: Stores, viewer: Viewer, cohort: Cohort) -> list[VisitsLine]:
    """The viewer's own visits in a cohort."""
    return [
        VisitsLine(
            visits=each,
            mine="" if each.mine.day is None else date_text(each.mine.day),
            theirs="" if each.theirs.day is None else date_text(each.theirs.day),
        )
        for each in stores.cohorts.visits.of(cohort.id, viewer.person.id)
    ]


def lessons_ahead(stores: Stores, viewer: Viewer, zone: tzinfo | None) -> list[OwnLesson]:
    """The viewer's lessons of the next four weeks, the next first."""
    found = stores.lessons_of(
        viewer,
        frozenset({"own"}),
        Wanted(from_utc_ns=viewer.utc_ns, to_utc_ns=viewer.utc_ns + _AHEAD_NS),
        limit=_MAX_AHEAD,
    )
    ahead = sorted(
        (each for each in found if each.starts_utc_ns > viewer.utc_ns),
        key=lambda each: each.starts_utc_ns,
    )
    return [
        OwnLesson(
            id=each.id, title=title_text(each.title, each.room),
            at=local_time_text(each.starts_utc_ns, zone),
        )
        for each in ahead
    ]  # fmt: skip
