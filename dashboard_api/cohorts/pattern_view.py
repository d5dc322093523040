"""What the spans that a cohort's members brought have in common: counts, and never whose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contract.lesson import Activity
from dashboard_api.views.text import ACTIVITY_TEXT
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.cohorts.cohort_records import Cohort, ReplyKind, SpanPlace
from school.lessons.records import Lesson

__all__ = ["Pattern", "pattern_of", "place_of"]

THIRDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Over the spans of whole groups (`school/cohorts/pattern_store.py`); empty before the first."""

    spans: int
    activities: Mapping[str, int]
    """Activity → in how many spans it was on for most of the time; empty for none or not known."""
    thirds: Sequence[int]
    """How many spans begin in the first, the second and the last third of their lesson."""
    said: Mapping[ReplyKind, int]
    """How often colleagues answered that they saw or wonder something, to all that the viewer reads."""


def place_of(lesson: Lesson, span: tuple[int, int], longest_ns: int) -> SpanPlace:
    """What is counted of a span, as its lesson is now."""
    length_s = (lesson.over_utc_ns(longest_ns) - lesson.starts_utc_ns) / 1e9
    third = min(THIRDS - 1, int(span[0] / length_s * THIRDS))
    return SpanPlace(activity=_activity(lesson.activities, span), third=third)


def pattern_of(stores: Stores, viewer: Viewer, cohort: Cohort) -> Pattern:
    """What the viewer reads of it."""
    person = viewer.person.id
    counted = stores.cohorts.pattern.counted(cohort.id, person)
    activities = Counter(ACTIVITY_TEXT.get(each.activity, "") for each in counted)
    thirds = Counter(each.third for each in counted)
    read = {
        (each.task, each.person)
        for each in stores.cohorts.answers(cohort.id, person)
        if each.handed_utc_ns is not None
    }
    said: Counter[ReplyKind] = Counter(
        reply.kind
        for reply in stores.cohorts.replies.of_cohort(cohort.id)
        if (reply.task, reply.writer) in read
    )
    return Pattern(
        spans=len(counted), activities=dict(activities.most_common()),
        thirds=[thirds[each] for each in range(THIRDS)], said=said,
    )  # fmt: skip


def _activity(activities: Sequence[Activity], span: tuple[int, int]) -> str:
    """Its name; empty if none was declared for half of the span."""
    over: dict[str, float] = {}
    for each in activities:
        seconds = min(each.end_s, span[1]) - max(each.start_s, span[0])
        over[each.name] = over.get(each.name, 0.0) + max(0.0, seconds)
    for name, seconds in over.items():
        if seconds * 2 >= span[1] - span[0]:
            return name
    return ""
