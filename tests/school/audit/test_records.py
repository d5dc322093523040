"""What may stand in the audit log, and how it reads."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from school.audit.records import (
    ACTIONS,
    MAX_DETAIL_BYTES,
    THINGS,
    Action,
    Entry,
    Event,
    Thing,
    detail_text,
)

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


def entry(**fields: Any) -> Entry:
    known: dict[str, Any] = {
        "number": 1, "at_utc_ns": 1, "who": "Ada Okafor", "action": "saw", "thing": "lesson",
        "thing_id": "maths-1", "thing_name": "maths-1", "lesson": "maths-1", "detail": {},
    }  # fmt: skip
    return Entry(**known | fields)


def test_every_action_on_every_thing_reads_as_a_sentence() -> None:
    assert set(ACTIONS) == set(get_args(Action))
    assert set(THINGS) == set(get_args(Thing))
    for action in ACTIONS:
        for thing in THINGS:
            sentence = entry(action=action, thing=thing).sentence
            assert sentence.startswith("Ada Okafor ")
            assert "{" not in sentence


def test_entries_in_plain_words() -> None:
    assert entry().sentence == "Ada Okafor looked at lesson maths-1"
    shared = entry(
        action="shared", thing="person", thing_id=TOKEN, thing_name="Kim Roth", detail={"days": 14}
    )
    assert shared.sentence == "Ada Okafor shared lesson maths-1 with Kim Roth (days 14)"
    gone = entry(who="a person who left", thing="people", thing_id="", thing_name="")
    assert gone.sentence == "A person who left looked at the list of people"


def test_what_a_later_version_wrote_still_reads() -> None:
    later = entry(action="blessed", thing="{term}", thing_id="t{1}", thing_name="t{1}")
    assert later.sentence == "Ada Okafor did blessed to {term} t{1}"
