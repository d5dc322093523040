"""What may stand in the audit log."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from school.audit.records import MAX_DETAIL_BYTES, Event, detail_text

TOKEN = "0123456789abcdef" * 2
SEEN: dict[str, Any] = {
    "at_utc_ns": 1, "actor": TOKEN, "action": "saw", "thing": "lesson", "thing_id": "maths-1",
    "lesson": "maths-1",
}  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    (
        {"at_utc_ns": -1},
        {"at_utc_ns": 1 << 63},
        {"actor": "Ada Okafor"},
        {"action": "admired"},
        {"thing": "pupil"},
        {"thing": "person", "thing_id": "ada@school.example"},
        {"thing_id": "Ada Okafor"},
        {"thing_id": "x" * 201},
        {"thing_id": "nul\0"},
        {"lesson": "mathé"},
        {"lesson": ""},
        {"detail": {"note": "Well done, Kim!"}},
        {"detail": {"note": "Kim"}},
        {"detail": {"Note": 1}},
        {"detail": {"share": 0.25}},
        {"detail": {"is_new": True}},
        {"detail": {"n": 1 << 54}},
        {"detail": {f"key_{n}": "x" * 40 for n in range(12)}},
    ),
    ids=repr,
)
def test_neither_names_nor_content_get_in(wrong: dict[str, Any]) -> None:
    Event(**SEEN)
    with pytest.raises(ValueError):
        Event(**SEEN | wrong)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True),
        st.integers(-(1 << 53), 1 << 53)
        | st.from_regex(r"[a-z0-9][a-z0-9_-]{0,9}", fullmatch=True),
        max_size=8,
    )
)
def test_a_detail_is_short_ascii_in_one_order(detail: dict[str, int | str]) -> None:
    text = detail_text(detail)
    assert text.isascii()
    assert " " not in text
    assert len(text) <= MAX_DETAIL_BYTES
    assert text == detail_text(dict(reversed(detail.items())))
