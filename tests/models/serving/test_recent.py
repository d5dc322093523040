"""The latest values are those that a bounded deque would have."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from models.serving.recent import Recent


@given(st.integers(1, 7), st.lists(st.floats(allow_nan=False), max_size=30))
def test_it_holds_what_a_bounded_deque_holds(size: int, values: list[float]) -> None:
    recent, other = Recent(size), deque[float](maxlen=size)
    for value in values:
        goes = other[0] if len(other) == size else None
        other.append(value)
        assert recent.append(value) == goes
        assert len(recent) == len(other)
        assert sorted(recent.values()) == sorted(other)
