"""What a page may send: any text is a message or is refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.clock import SECOND_NS
from dashboard_api.together.messages import (
    FLOOD,
    GARBAGE,
    MAX_MESSAGE_BYTES,
    TOO_LARGE,
    Allowance,
    ClosedError,
    Join,
    Move,
    read_message,
)

MOVE = {"type": "move", "position_s": 12.5, "is_playing": True, "rate": 1.0, "at_ms": 4.0}
JOIN = {"type": "join", "client": "0" * 16, "person": "ada"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    max_leaves=8,
)


def refusal_of(act: Callable[[], object]) -> ClosedError | None:
    try:
        act()
    except ClosedError as refused:
        return refused
    return None


def test_messages_are_read() -> None:
    assert read_message(json.dumps(MOVE)) == Move(**MOVE)  # type: ignore[arg-type]
    known = {"position_s": 1, "is_playing": False, "rate": 1, "age_ms": 12.5}
    joined = read_message(json.dumps(JOIN | {"known": known, "has_led": True}))
    assert isinstance(joined, Join)
    assert joined.known is not None
    assert joined.has_led


@pytest.mark.parametrize(
    "text",
    (
        "", "{", "[]", "null", "1", "[" * 900, '{"type": "move"}', '{"type": "purge"}',
        json.dumps(MOVE | {"position_s": -1}), json.dumps(MOVE | {"position_s": float("nan")}),
        json.dumps(MOVE | {"rate": 0}), json.dumps(MOVE | {"more": 1}),
        json.dumps(MOVE | {"is_playing": "yes"}), json.dumps(JOIN | {"client": "x" * 16}),
        "\ud800",
    ),
)  # fmt: skip
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(ClosedError) as refused:
        read_message(text)
    assert refused.value.code == GARBAGE
    assert str(refused.value) == "This is no message of a debrief."


@pytest.mark.parametrize("text", ("x" * 2_049, "ä" * 1_100, json.dumps(MOVE) + " " * 2_000))
def test_what_is_too_large_is_refused_before_it_is_read(text: str) -> None:
    with pytest.raises(ClosedError) as refused:
        read_message(text)
    assert refused.value.code == TOO_LARGE
    assert str(MAX_MESSAGE_BYTES) in str(refused.value)


@given(st.one_of(st.text(), JSON.map(json.dumps), st.dictionaries(
    st.sampled_from(["type", *MOVE, *JOIN, "known", "is_on", "number"]),
    st.one_of(JSON, st.sampled_from(["move", "join", "lead", "follow", "ping"])),
).map(json.dumps)))  # fmt: skip
def test_any_text_is_a_message_or_a_sentence(text: str) -> None:
    found = refusal_of(lambda: read_message(text))
    if found is not None:
        assert found.code in {GARBAGE, TOO_LARGE}
        assert str(found).endswith(".")
        assert "\n" not in str(found)


@given(st.lists(st.integers(0, 3 * SECOND_NS), max_size=300))
def test_no_more_than_so_many_are_taken(pauses: list[int]) -> None:
    allowance, now, taken = Allowance(), 0, 0
    for pause in pauses:
        now += pause
        refused = refusal_of(partial(allowance.take, now))
        taken += refused is None
        assert refused is None or refused.code == FLOOD
    assert taken <= allowance.burst + allowance.per_s * now / SECOND_NS + 1
    if all(pause >= SECOND_NS // 20 for pause in pauses):
        assert taken == len(pauses)
