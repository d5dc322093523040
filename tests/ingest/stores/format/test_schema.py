from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contract.wire.payload import Layout
from ingest.stores.format.schema import (
    KEY_STEP,
    SCHEMA,
    key_of,
    layout_body,
    layout_of,
    seqs_of,
    start_of,
)
from ingest.stores.rules.admission import HIGHEST_SEQ
from ingest.stores.rules.limits import MAX_STREAMS

DOCS = Path(__file__).parents[4] / "docs" / "store.md"


@given(
    stream_id=st.integers(1, MAX_STREAMS),
    seqs=st.lists(st.integers(0, HIGHEST_SEQ), min_size=1, unique=True),
    period_ns=st.integers(1, 3_600_000_000_000),
    received_utc_ns=st.integers(-(1 << 60), 1 << 63),
)
def test_a_key_tells_its_seq_whatever_the_clock_said(
    stream_id: int, seqs: list[int], period_ns: int, received_utc_ns: int
) -> None:
    start = start_of(first_seq=seqs[0], period_ns=period_ns, received_utc_ns=received_utc_ns)
    keys = [key_of(stream_id, start, seq) for seq in seqs]
    assert all(0 <= key < 1 << 63 for key in keys)
    assert seqs_of(np.array(keys, dtype=np.int64), start).tolist() == seqs
    assert key_of(stream_id, start, seqs[0] + 1) - keys[0] == KEY_STEP


def test_streams_that_are_live_together_lie_together() -> None:
    def key(stream_id: int, seq: int, utc_s: float) -> int:
        start = start_of(first_seq=seq, period_ns=1_000_000_000, received_utc_ns=round(utc_s * 1e9))
        return key_of(stream_id, start, seq + 100)

    young, old = key(7, 0, 1_772_445_600.2), key(3, 86_400, 1_772_445_600.7)
    assert young < old < young + KEY_STEP


@given(
    first=st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9)),
    second=st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9)),
)
def test_two_streams_never_share_a_key(
    first: tuple[int, int, int], second: tuple[int, int, int]
) -> None:
    assert (key_of(*first) == key_of(*second)) <= (first[0] == second[0])


@given(
    seats=st.lists(st.integers(1, 255)), codes=st.lists(st.integers(1, 65535)), room=st.booleans()
)
def test_a_layout_comes_back(seats: list[int], codes: list[int], room: bool) -> None:
    layout = Layout(tuple(seats), tuple(codes), (1, 2) if room else ())
    assert layout_of(layout_body(layout)) == layout


def test_every_table_is_in_the_docs() -> None:
    section = DOCS.read_text(encoding="utf-8").split("## main.db")[1].split("\n## ")[0]
    described = set(
        re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)))
    )
    assert described == set(re.findall(r"CREATE TABLE (\w+)", SCHEMA))
