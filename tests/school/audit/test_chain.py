"""The encoding of an entry: as it is written down, and no two entries alike."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from school.audit.chain import START, ChainRow, encoded, entry_hash

ROW = ChainRow(
    number=12, at_utc_ns=1_760_000_000_000_000_001, actor=b"a" * 32, action=b"saw",
    thing=b"lesson", thing_id=b"maths-1", lesson=None, detail=b'{"page":3}',
)  # fmt: skip
TEXT = st.binary(max_size=6) | st.sampled_from((b"1:", b"2:,,", b"-", b"0:,"))
ROWS = st.builds(
    ChainRow, st.integers(1, 200), st.integers(0, 200), TEXT, TEXT, TEXT, TEXT, st.none() | TEXT,
    TEXT,
)  # fmt: skip


def test_the_hash_is_what_the_docstring_says() -> None:
    by_hand = (
        b"2:12,19:1760000000000000001,32:" + b"a" * 32 + b",3:saw,6:lesson,7:maths-1,-,"
        b'10:{"page":3},'
    )
    assert encoded(ROW) == by_hand
    assert START == b"\0" * 32
    assert entry_hash(START, ROW) == sha256(b"roomtone audit 1," + b"\0" * 32 + by_hand).digest()


@given(ROWS, ROWS)
def test_two_entries_have_one_encoding_only_if_they_are_the_same(
    one: ChainRow, other: ChainRow
) -> None:
    assert (encoded(one) == encoded(other)) == (one == other)


@given(row=ROWS, field=st.sampled_from(ChainRow._fields), data=st.data())
def test_one_field_makes_another_encoding(row: ChainRow, field: str, data: st.DataObject) -> None:
    values = st.integers(0, 200) if field in {"number", "at_utc_ns"} else TEXT
    new = data.draw(st.none() | values if field == "lesson" else values)
    other = row._replace(**{field: new})
    assert (encoded(row) == encoded(other)) == (row == other)


def test_no_lesson_is_not_the_empty_one() -> None:
    assert encoded(ROW) != encoded(ROW._replace(lesson=b""))


@given(row=ROWS, one=st.binary(min_size=32, max_size=32), other=st.binary(min_size=32, max_size=32))
def test_the_hash_rests_on_the_one_before(row: ChainRow, one: bytes, other: bytes) -> None:
    assert (entry_hash(one, row) == entry_hash(other, row)) == (one == other)
