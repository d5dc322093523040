"""The rows of a tick, as followers read them."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from ingest.stores.records import Change
from ingest.stores.rows.stream_state import TickRows
from ingest.stores.rules.changes import coalesced, unpacked

_CHANGES = st.lists(
    st.builds(
        lambda stream, first, n, gap, live: Change(stream, first, first + n, gap, live),
        st.integers(1, 3), st.integers(0, 8), st.integers(0, 2), st.booleans(), st.booleans(),
    )
)  # fmt: skip


@given(changes=_CHANGES)
def test_what_continues_a_streams_latest_change_is_joined_with_it(changes: list[Change]) -> None:
    rows = TickRows()
    for each in changes:
        word = each.stream_id << 2 | each.is_gap << 1 | each.is_live
        rows.add_change(word, each.first_seq, each.last_seq)
    assert unpacked(rows.changes.tobytes()) == coalesced(changes)
