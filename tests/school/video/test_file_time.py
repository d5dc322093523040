"""A first guess by the time in a video's file, and what it leaves open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from school.video.alignment.file_time import by_file_time

LESSON_S = 2_700.0


@pytest.mark.parametrize(
    ("recorded_s", "length_s", "is_start", "offset_s", "plus_minus_s"),
    (
        (100.0, 1_200.0, True, -100.0, 60),
        (-30.0, 2_700.0, True, 30.0, 60),
        (-30.0, 2_700.0, False, 30.0, 60),  # as its end it would lie before the lesson
        (2_730.0, 2_700.0, False, -30.0, 60),  # as its start it would lie behind it
        (1_000.0, 200.0, False, -900.0, 160),  # either: the middle, and more to be said
    ),
)
def test_the_time_in_a_file_gives_a_rough_place(
    recorded_s: float, length_s: float, is_start: bool, offset_s: float, plus_minus_s: float
) -> None:
    found = by_file_time(recorded_s, length_s, LESSON_S, is_start=is_start)
    assert found is not None
    segment, within_s = found
    assert (segment.offset_s, segment.rate, within_s) == (offset_s, 1.0, plus_minus_s)


@pytest.mark.parametrize(
    ("recorded_s", "length_s", "is_start"),
    (
        (-3_600.0, 2_700.0, True),  # a clock in another zone
        (86_400.0, 2_700.0, False),  # the day on which it was copied
        (1_400.0, 1_200.0, False),  # its start or its end: twenty minutes apart
    ),
)
def test_what_helps_nobody_is_not_said(recorded_s: float, length_s: float, is_start: bool) -> None:
    assert by_file_time(recorded_s, length_s, LESSON_S, is_start=is_start) is None


@given(
    begins_s=st.floats(-1_200.0, 2_600.0),
    length_s=st.floats(1.0, 7_200.0),
    clock_s=st.floats(-60.0, 60.0),
    is_start=st.booleans(),
    has_start=st.booleans(),
)
def test_the_truth_is_within_what_is_said(
    begins_s: float, length_s: float, clock_s: float, is_start: bool, has_start: bool
) -> None:
    """Of a video that shares half of itself, or of the lesson, and a clock that is right to a minute."""
    shared_s = min(begins_s + length_s, LESSON_S) - max(begins_s, 0.0)
    written_s = begins_s + clock_s + (0.0 if is_start or has_start else length_s)
    found = by_file_time(written_s, length_s, LESSON_S, is_start=is_start)
    if found is None or shared_s < min(length_s, LESSON_S) / 2.0:
        return
    segment, within_s = found
    assert abs(-segment.offset_s - begins_s) <= within_s + 0.1
    assert 60.0 <= within_s <= 301.0
