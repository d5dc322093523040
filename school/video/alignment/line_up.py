"""Lines up a video with its lesson: segments, ±, and whether to ask a person."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from school.video.alignment.clock_map import Segment
from school.video.alignment.peak import Peak, best_peak, phases_of
from school.video.alignment.rate import clock_rate
from school.video.alignment.stretches import Stretch, sharper, stretches
from school.video.alignment.traces import Trace, prepared

__all__ = ["Found", "FoundSegment", "Verdict", "line_up"]

Verdict = Literal["accepted", "proposed", "nothing"]

MIN_CORRELATION: Final = 0.25
MIN_PEAK_RATIO: Final = 1.3
MIN_OVERLAP_S: Final = 15 * 60.0
"""Less than this, or less alike, and a person is asked."""
_WORTH_ASKING: Final = (0.12, 1.05)
"""The correlation and peak ratio below which there is nothing to propose."""
_MIN_STRETCH_S: Final = 120


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """A segment, and what speaks for it."""

    segment: Segment
    plus_minus_s: float
    correlation: float
    peak_ratio: float
    overlap_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """All of a video's segments in order; none if there is nothing to propose."""

    verdict: Verdict
    segments: tuple[FoundSegment, ...]


def line_up(room_db: NDArray[np.floating], video_db: NDArray[np.floating], step_s: float) -> Found:
    """The room's level by second of the lesson, NaN for gaps, and the video's by step.

    By itself it accepts only what the gates allow; the rest is a proposal.
    """
    if room_db.size == 0:  # a lesson of less than a second
        return Found("nothing", ())
    lesson = prepared(room_db)
    phases = phases_of(video_db, step_s)
    if not phases or phases[0].value.size == 0:
        return Found("nothing", ())
    found = _segments(lesson, phases)
    min_r, min_ratio = _WORTH_ASKING
    found = [each for each in found if each.correlation >= min_r and each.peak_ratio >= min_ratio]
    if not found:
        return Found("nothing", ())
    accepted = all(
        each.correlation >= MIN_CORRELATION
        and each.peak_ratio >= MIN_PEAK_RATIO
        and each.overlap_s >= MIN_OVERLAP_S
        for each in found
    )
    return Found("accepted" if accepted else "proposed", tuple(found))


def _segments(lesson: Trace, phases: list[Trace]) -> list[FoundSegment]:
    parts = stretches(lesson, phases[0])
    found = [_segment(lesson, phases, part) for part in parts]
    for number in range(1, len(parts)):
        before, after = found[number - 1], found[number]
        if before is None or after is None:
            continue
        offsets_s = before.segment.offset_s, after.segment.offset_s
        first, last = parts[number - 1], parts[number]
        turn = sharper(lesson, phases, offsets_s, first.start_s, last.end_s)
        parts[number - 1], parts[number] = replace(first, end_s=turn), replace(last, start_s=turn)
    return [
        replace(each, segment=_bounded(each.segment, part))
        for each, part in zip(found, parts, strict=True)
        if each is not None
    ]


def _bounded(segment: Segment, part: Stretch) -> Segment:
    return replace(
        segment,
        start_s=(part.start_s - segment.offset_s) / segment.rate,
        end_s=(part.end_s - segment.offset_s) / segment.rate,
    )


def _segment(lesson: Trace, phases: list[Trace], stretch: Stretch) -> FoundSegment | None:
    if stretch.end_s - stretch.start_s < min(_MIN_STRETCH_S, phases[0].value.size):
        return None
    part = slice(stretch.start_s, stretch.end_s)
    own = [Trace(each.value[part], each.known[part]) for each in phases]
    peak = best_peak(lesson, own, near_s=stretch.lag_s - stretch.start_s, within_s=3.0)
    if peak is None:
        return None
    rate = clock_rate(lesson, own, peak)
    offset_s = rate.offset_s + stretch.start_s
    return FoundSegment(
        segment=_bounded(Segment(0.0, 0.0, offset_s, rate.rate), stretch),
        plus_minus_s=_plus_minus(peak, rate.scatter_s),
        correlation=peak.correlation,
        peak_ratio=peak.peak_ratio,
        overlap_s=peak.overlap_s,
    )


def _plus_minus(peak: Peak, scatter_s: float) -> float:
    """What the peak says, or what its windows say, whichever is more; to tenths."""
    return math.ceil(10.0 * max(peak.plus_minus_s, 2.0 * scatter_s)) / 10.0
