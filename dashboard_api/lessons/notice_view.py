"""What stands above somebody's list of lessons until they have read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from dashboard_api.views.text import local_time_text
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer

__all__ = ["NoticeLine", "notice_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """A sentence, and the id by which it is marked as read."""

    id: str
    text: str


def notice_lines(stores: Stores, viewer: Viewer, zone: tzinfo | None) -> list[NoticeLine]:
    """The lessons that were deleted while they were shared with someone."""
    return [
        NoticeLine(
            id=one.id,
            text=(
                f"{one.by_name} deleted the lesson of {local_time_text(one.lesson_utc_ns, zone)} that "
                "was shared with you. Your words on it went with it."
            ),
        )
        for one in stores.sharing.teacher.notices(viewer.person.id)
    ]
