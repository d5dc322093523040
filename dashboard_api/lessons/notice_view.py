"""What stands above somebody's list of lessons until they have read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from contract.language import _
from dashboard_api.language.dates import local_time_text
from dashboard_api.views.text import title_text
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer

__all__ = ["NoticeLine", "notice_lines", "offer_lines", "reminder_lines"]

MAX_REMINDERS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """A sentence, and the id by which it is marked as read."""

    id: str
    text: str


def notice_lines(stores: Stores, viewer: Viewer, zone: tzinfo | None) -> list[NoticeLine]:
    """The deleted lessons that were shared with someone, or about which they wrote."""
    return [
        NoticeLine(
            id=one.id,
            text=_(
                "{name} deleted the lesson of {time}. It was shared with you, or you wrote about it. "
                "What you wrote went with it.",
                name=one.by_name, time=local_time_text(one.lesson_utc_ns, zone),
            ),
        )
        for one in stores.sharing.teacher.notices(viewer.person.id)
    ]  # fmt: skip


def offer_lines(stores: Stores, viewer: Viewer, zone: tzinfo | None) -> list[NoticeLine]:
    """The lessons that other teachers offer to someone."""
    return [
        NoticeLine(
            id=one.lesson.id,
            text=_(
                "{name} says that you taught {title} on {time}. If you accept the lesson, it is yours "
                "alone.",
                name=one.by_name, title=title_text(one.lesson.title, one.lesson.room),
                time=local_time_text(one.lesson.starts_utc_ns, zone),
            ),
        )
        for one in stores.sharing.handovers.offers_to(viewer.person.id)
    ]  # fmt: skip


def reminder_lines(stores: Stores, viewer: Viewer, zone: tzinfo | None) -> list[NoticeLine]:
    """The lessons that a teacher has neither looked at nor shared for three days."""
    found = stores.sharing.teacher.unattended(viewer.person.id, viewer.utc_ns, MAX_REMINDERS)
    return [
        NoticeLine(
            id=each.id,
            text=_(
                "{title}, taught on {time}", title=title_text(each.title, each.room),
                time=local_time_text(each.starts_utc_ns, zone),
            ),
        )
        for each in found
    ]  # fmt: skip
