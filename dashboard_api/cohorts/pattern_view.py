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
from school.cohorts.cohort_records import PATTERN_FROM, Cohort, CohortAnswer, ReplyKind

__all__ = ["Pattern", "counted", "pattern_of"]

THIRDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Over the spans of five members or more, in five lessons or more; empty before."""

    spans: int
    lessons: int
    activities: Mapping[str, int]
    """Activity → in how many spans it was on for most of the time; empty for none or not known."""
    thirds: Sequence[int]
    """How many spans begin in the first, the second and the last third of their lesson."""
    said: Mapping[ReplyKind, int]
    """How often colleagues answered that they saw or wonder something."""


def counted(answers: Sequence[CohortAnswer]) -> list[CohortAnswer]:
    """Those that count: whole groups of five writers and five lessons, as they were handed.

    So a new answer changes no count until four others have handed theirs, too.
    """
    handed = sorted(
        (each for each in answers if each.handed_utc_ns is not None),
        key=lambda each: (each.handed_utc_ns, each.task, each.person),
    )
    found: list[CohortAnswer] = []
    group: list[CohortAnswer] = []
    for each in handed:
        group.append(each)
        writers, lessons = {one.person for one in group}, {one.lesson for one in group}
        if min(len(writers), len(lessons)) >= PATTERN_FROM:
            found += group
            group = []
    return found


def pattern_of(stores: Stores, viewer: Viewer, cohort: Cohort) -> Pattern:
    """What the viewer reads of it: over what others handed to them, too.

    Without the viewer's own: who takes theirs back would see the difference that the next one makes.
    """
    person = viewer.person.id
    answers = counted(
        [each for each in stores.cohorts.answers(cohort.id, person) if each.person != person]
    )
    left_out = stores.sharing.teacher.left_out([each.lesson for each in answers])
    activities: Counter[str] = Counter()
    thirds, lessons = [0] * THIRDS, set()
    for each in answers:
        lesson = stores.lesson(each.lesson)
        if lesson is None:
            continue
        lessons.add(lesson.id)
        length_s = (lesson.over_utc_ns(stores.longest_ns) - lesson.starts_utc_ns) / 1e9
        thirds[min(THIRDS - 1, int(each.start_s / length_s * THIRDS))] += 1
        is_left_out = any(
            out.start_s < each.end_s and each.start_s < out.end_s
            for out in left_out.get(lesson.id, ())
        )
        activities["" if is_left_out else _activity(lesson.activities, each)] += 1
    which = {(each.task, each.person) for each in answers}
    said: Counter[ReplyKind] = Counter(
        reply.kind
        for reply in stores.cohorts.replies.of_cohort(cohort.id)
        if reply.task is not None and (reply.task, reply.writer) in which
    )
    return Pattern(
        spans=len(answers), lessons=len(lessons), activities=dict(activities.most_common()),
        thirds=thirds, said=said,
    )  # fmt: skip


def _activity(activities: Sequence[Activity], span: CohortAnswer) -> str:
    """In words for people; empty if none was declared for half of the span."""
    over: dict[str, float] = {}
    for each in activities:
        seconds = min(each.end_s, span.end_s) - max(each.start_s, span.start_s)
        over[each.name] = over.get(each.name, 0.0) + max(0.0, seconds)
    for name, seconds in over.items():
        if seconds * 2 >= span.end_s - span.start_s:
            return ACTIVITY_TEXT[name]
    return ""
