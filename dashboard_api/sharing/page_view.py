"""The page of a lesson on which its teacher decides who sees what of it."""

from __future__ import annotations

from datetime import timedelta, tzinfo
from typing import Final

from starlette.responses import RedirectResponse, Response

from contract.clock import SECOND_NS
from contract.language import _
from dashboard_api.language.dates import date_text, local_time_text
from dashboard_api.views.dates import MAX_DAYS, day_of
from dashboard_api.views.text import joined_text, position_text
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.people.records import Person
from school.sharing.cut import EXCLUSION_REASONS, LONGEST_NOTE
from school.sharing.policy import may
from school.sharing.store import Share

__all__ = [
    "back_to_sharing",
    "colleagues_of",
    "day_text",
    "parts_text",
    "readers_for",
    "sharing_page",
]

_USUAL_DAYS: Final = 14
_MAX_ENTRIES: Final = 50


def back_to_sharing(lesson_id: str) -> Response:
    """To the page, after a change."""
    return RedirectResponse(f"/lessons/{lesson_id}/sharing", status_code=303)


def sharing_page(
    stores: Stores,
    viewer: Viewer,
    lesson_id: str,
    zone: tzinfo | None,
    *,
    chosen: str = "",
    trouble: str = "",
    status_code: int = 200,
) -> Response:
    """All of it, with a reader who is chosen already, and a sentence about what did not work."""
    seen = see_lesson(stores, viewer, lesson_id)
    lesson = seen.lesson
    today = day_of(viewer.utc_ns, zone)
    return page(
        "sharing/lesson.html",
        status_code=status_code,
        viewer=viewer,
        lesson=lesson,
        shares=[
            (share, parts_text(share), day_text(share.until_utc_ns - SECOND_NS, zone))
            for share in stores.sharing.shares(lesson.id, viewer.utc_ns)
        ],
        readers=readers_for(stores, viewer),
        entries=[
            (local_time_text(entry.at_utc_ns, zone), entry)
            for entry in stores.audit.of_lesson(lesson.id, _MAX_ENTRIES)
        ],
        usual=(today + timedelta(days=_USUAL_DAYS)).isoformat(),
        earliest=today.isoformat(),
        latest=(today + timedelta(days=MAX_DAYS)).isoformat(),
        exclusions=[
            (one.id, f"{position_text(one.start_s)}–{position_text(one.end_s)}", one.words)
            for one in seen.cut.excluded
        ],
        colleagues=colleagues_of(stores, viewer),
        offer=stores.sharing.handovers.offer_of(lesson.id),
        reasons=EXCLUSION_REASONS,
        longest_note=LONGEST_NOTE,
        is_hidden=stores.sharing.teacher.is_hidden(lesson.id),
        chosen=chosen,
        trouble=trouble,
    )


def readers_for(stores: Stores, viewer: Viewer) -> list[Person]:
    """With whom a lesson can be shared, by name."""
    return [
        person
        for person in stores.people.people()
        if person.id != viewer.person.id and may(person.roles, "read lesson", "shared")
    ]


def colleagues_of(stores: Stores, viewer: Viewer) -> list[Person]:
    """To whom a lesson can be handed over, by name."""
    return [
        person
        for person in stores.people.people()
        if person.id != viewer.person.id and may(person.roles, "hand over", "own")
    ]


def day_text(utc_ns: int, zone: tzinfo | None) -> str:
    return date_text(day_of(utc_ns, zone))


def parts_text(share: Share) -> str:
    parts = [f"{position_text(one.start_s)}–{position_text(one.end_s)}" for one in share.spans]
    return joined_text(parts) or _("the whole lesson")
