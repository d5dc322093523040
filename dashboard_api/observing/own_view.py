"""The lessons that someone is asked to observe, or of which they have looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal

from contract.language import _
from dashboard_api.language.dates import local_time_text
from dashboard_api.views.text import title_text
from dashboard_api.web.lookup import OPEN_NS
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.audit.entries import name_words
from school.sharing.policy import may_at_all

__all__ = ["ObservedLine", "observed_lines", "open_sheets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedLine:
    """One lesson; without a title if its sheet is not open any more."""

    id: str
    title: str
    at: str
    asked_by: str
    looks: int
    state: Literal["coming", "on", "over", "closed"]


def open_sheets(stores: Stores, viewer: Viewer, zone: tzinfo | None) -> list[ObservedLine]:
    """Those of lessons that are not over, for the start page."""
    if not may_at_all(viewer.person.roles, "code lesson"):
        return []
    lines = observed_lines(stores, viewer, zone)
    return [line for line in lines if line.state in ("coming", "on")]


def observed_lines(stores: Stores, viewer: Viewer, zone: tzinfo | None) -> list[ObservedLine]:
    """The latest lesson first."""
    lines = []
    now, is_observer = viewer.utc_ns, may_at_all(viewer.person.roles, "code lesson")
    for one in stores.sharing.observers.of_person(viewer.person.id):
        lesson = one.lesson
        over = lesson.over_utc_ns(stores.longest_ns)
        is_open = one.asked_by is not None and is_observer and now < over + OPEN_NS
        if not is_open and not one.looks:
            continue
        state: Literal["coming", "on", "over", "closed"] = "closed"
        if is_open:
            state = "coming" if now < lesson.starts_utc_ns else "on" if now < over else "over"
        lines.append(
            ObservedLine(
                id=lesson.id,
                title=title_text(lesson.title, lesson.room) if is_open else _("A lesson"),
                at=local_time_text(lesson.starts_utc_ns, zone),
                asked_by=name_words(one.asked_by or "") if is_open else "",
                looks=one.looks,
                state=state,
            )
        )
    return lines
