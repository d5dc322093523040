"""A lesson's chapters and moments as cues: in the time of its video if there is one, else in its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from contract.language import _
from contract.lesson import Activity
from dashboard_api.moments.judged_moments import JudgedMoment
from dashboard_api.record.webvtt import Cue, chapter_text, json_text
from dashboard_api.views.text import ACTIVITY_TEXT
from school.sharing.cut import Span
from school.video.alignment.clock_map import Segment

__all__ = ["LESSON_TIME", "Chapter", "chapter_cues", "chapters", "moment_cues"]

LESSON_TIME: Final = (Segment(-math.inf, math.inf, 0.0),)
"""Maps the lesson's time to itself."""


@dataclass(frozen=True, slots=True, order=True)
class Chapter:
    """A part of a lesson, in its own seconds."""

    start_s: float
    end_s: float
    title: str


def chapters(
    activities: Iterable[Activity], moments: Iterable[JudgedMoment], visible: Sequence[Span]
) -> list[Chapter]:
    """What was declared, with the routines cut out of it; no two overlap, as players want them."""
    declared = [
        Chapter(one.start_s, one.end_s, _(ACTIVITY_TEXT[one.name]).capitalize())
        for one in activities
    ]
    routines = [
        Chapter(one.start_s, one.end_s, one.title) for one in moments if one.kind == "routine"
    ]
    ends = sorted(
        {at for one in (*declared, *routines) for at in (one.start_s, one.end_s)}
        | {at for span in visible for at in (span.start_s, span.end_s)}
    )
    found: list[Chapter] = []
    for start, end in pairwise(ends):
        if not any(span.start_s <= start and end <= span.end_s for span in visible):
            continue
        # A routine is the more exact name; of two that overlap the later one counts.
        inside = [
            each for each in (*declared, *routines) if each.start_s <= start and end <= each.end_s
        ]
        if not inside:
            continue
        title = inside[-1].title
        if found and (found[-1].end_s, found[-1].title) == (start, title):
            found[-1] = Chapter(found[-1].start_s, end, title)
        else:
            found.append(Chapter(start, end, title))
    return found


def chapter_cues(found: Iterable[Chapter], segments: Sequence[Segment]) -> list[Cue]:
    return [
        Cue(start, end, chapter_text(one.title))
        for one in found
        for start, end in _in_video(one.start_s, one.end_s, segments)
    ]


def moment_cues(moments: Iterable[JudgedMoment], segments: Sequence[Segment]) -> list[Cue]:
    """One object a cue: the moment as the interface has it, with its replies and answers."""
    return [
        Cue(start, end, json_text(one.model_dump(mode="json")))
        for one in moments
        for start, end in _in_video(one.start_s, one.end_s, segments)
    ]


def _in_video(start_s: float, end_s: float, segments: Sequence[Segment]) -> list[tuple[int, int]]:
    """The milliseconds of the video that a stretch of the lesson has; none while it was off."""
    spans: list[tuple[int, int]] = []
    for segment in segments:
        low, high = max(start_s, segment.start_s), min(end_s, segment.end_s)
        if low > high or low >= segment.end_s:
            continue
        start = max(0, round((segment.offset_s + segment.rate * low) * 1000))
        end = round((segment.offset_s + segment.rate * high) * 1000)
        if start_s == end_s:
            end += 1  # a place without a length; a cue has one
        if start < end:
            spans.append((start, end))
    return spans
