"""What of a lesson somebody sees, as spans of seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UsageError
from school.sharing.cut import WHOLE, Cut, Exclusion, Span, check_spans

spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda p: Span(p[0], p[0] + p[1])),
    min_size=1, max_size=5,
)  # fmt: skip


def exclusion(span: Span) -> Exclusion:
    return Exclusion(
        id="e", start_s=int(span.start_s), end_s=int(span.end_s), reason="other", note=""
    )


@given(shared=st.none() | spans, left_out=spans | st.just([]))
def test_a_second_is_seen_if_it_is_shared_and_not_left_out(
    shared: list[Span] | None, left_out: list[Span]
) -> None:
    cut = Cut(
        shared=None if shared is None else check_spans(shared),
        excluded=tuple(map(exclusion, left_out)),
    )
    hidden = cut.seconds_hidden(100)
    for second in range(100):
        is_shared = shared is None or any(s.start_s <= second < s.end_s for s in shared)
        is_left_out = any(s.start_s <= second < s.end_s for s in left_out)
        assert cut.holds(second, second + 1) == (is_shared and not is_left_out)
        if second < cut.bounds.end_s:
            covered = any(s.start_s <= second < s.end_s for s, _ in hidden)
            assert covered == (not is_shared or is_left_out)
    assert all(
        a.end_s < b.start_s or left_out for a, b in zip(cut.visible, cut.visible[1:], strict=False)
    )


def test_the_whole_lesson_has_no_end() -> None:
    assert Cut().visible == (WHOLE,)
    assert Cut().is_complete
    assert not Cut(shared=(Span(1, 2),)).is_complete


@pytest.mark.parametrize("wrong", (Span(5, 5), Span(6, 5), Span(-1, 5), Span(0, 86_401)))
def test_a_span_must_have_a_length(wrong: Span) -> None:
    with pytest.raises(UsageError, match="end after it begins"):
        check_spans([wrong])
