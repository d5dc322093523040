"""A lesson's clock map as the page and the interface have it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from contract.clock import SECOND_NS
from dashboard_api.views.schemas import JsonBase
from school.video.maps import ClockMap, MappedSegment, current

__all__ = ["ClockMapJson", "LineUpJson", "line_up_json"]


class SegmentJson(JsonBase):
    """A stretch between two stops of the camera: `video_t = offset_s + rate * lesson_t`."""

    start_s: float | None
    """From this second of the lesson on; null if nothing begins it."""
    end_s: float | None
    """Up to this second of the lesson; null if nothing ends it."""
    offset_s: float
    rate: float
    plus_minus_s: float
    """How far the truth may be from it."""
    correlation: float | None
    """Of the levels of room and video, if the sound found it."""
    peak_ratio: float | None
    """How far the best offset stands out from the next."""


class ClockMapJson(JsonBase):
    """One version of a lesson's clock map."""

    version: int
    method: Literal["levels", "points", "metadata", "hand"]
    """Found by the sound, by moments that a person found in both, by what the file says of its
    recording, or set as a number by hand."""
    plus_minus_s: float
    """Of the least sure segment."""
    made_at: datetime
    segments: list[SegmentJson]


class LineUpJson(JsonBase):
    """How the lesson's video is lined up with the lesson."""

    map: ClockMapJson | None
    """What the page uses."""
    proposal: ClockMapJson | None
    """What the sound suggests, or roughly the time in the file (`metadata`), until the lesson's teacher
    says whether it is right."""


def line_up_json(maps: Sequence[ClockMap]) -> LineUpJson:
    """Of all versions, the one that counts and the one that is proposed."""
    counts, proposal = current(maps)
    return LineUpJson(
        map=None if counts is None else _map(counts),
        proposal=None if proposal is None else _map(proposal),
    )


def _map(found: ClockMap) -> ClockMapJson:
    return ClockMapJson(
        version=found.version,
        method=found.method,
        plus_minus_s=found.plus_minus_s,
        made_at=datetime.fromtimestamp(found.made_utc_ns // SECOND_NS, UTC),
        segments=[_segment(each) for each in found.segments],
    )


def _segment(each: MappedSegment) -> SegmentJson:
    segment = each.segment
    return SegmentJson(
        start_s=segment.start_s if math.isfinite(segment.start_s) else None,
        end_s=segment.end_s if math.isfinite(segment.end_s) else None,
        offset_s=segment.offset_s,
        rate=segment.rate,
        plus_minus_s=each.plus_minus_s,
        correlation=each.correlation,
        peak_ratio=each.peak_ratio,
    )
