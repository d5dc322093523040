"""The bytes of a bundle: what was written comes back, and nothing else is taken for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import UsageError
from school.bundle.file_format import MAX_BYTES, _checksum, bundle_text, read_bundle
from school.bundle.records import Content

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=40)
SECOND = st.floats(0, 86_400)
NUMBER = st.none() | st.floats(-200, 200)


def traces(length: int) -> st.SearchStrategy[dict[str, Any]]:
    trace = st.lists(NUMBER, min_size=length, max_size=length)
    return st.fixed_dictionaries(
        {"step_s": st.integers(1, 60)}
        | dict.fromkeys(("least", "mean", "most", "low", "high"), trace)
    )


SPAN = st.tuples(SECOND, SECOND).map(lambda two: {"start_s": min(two), "end_s": max(two)})
TIME = st.just("2025-11-18T11:05:00+01:00")
REPLY = st.fixed_dictionaries(
    {
        "author": TEXT,
        "role": st.sampled_from(["teacher", "coach"]),
        "text": TEXT,
        "written_at": TIME,
    }
)
MOMENT = st.builds(
    lambda span, rest: span | rest,
    SPAN,
    st.fixed_dictionaries({
        "kind": st.sampled_from(["note", "suggested", "routine"]), "zone": TEXT,
        "is_strength": st.booleans(), "title": TEXT, "words": TEXT,
        "note_kind": st.sampled_from([None, "question"]), "tags": st.lists(TEXT, max_size=2),
        "author": TEXT, "role": st.sampled_from([None, "coach"]), "began_at": st.none() | TIME,
        "because": st.lists(TEXT, max_size=2), "claim": TEXT, "trust": TEXT,
        "replies": st.lists(REPLY, max_size=2), "answers": st.just([]),
    }),
)  # fmt: skip
CONTENT = st.fixed_dictionaries({
    "made_at": TIME, "made_by": TEXT, "program": TEXT,
    "lesson": st.fixed_dictionaries({
        "title": TEXT, "room": TEXT, "teacher": TEXT, "starts_at": TIME, "length_s": SECOND,
        "activities": st.just([]), "parts": st.none() | st.lists(SPAN, max_size=2),
    }),
    "moments": st.lists(MOMENT, max_size=3), "steps": st.just([]), "guess": st.none(),
    "reflection": st.none() | st.fixed_dictionaries({"keep": TEXT, "surprise": TEXT, "watch": TEXT}),
    "timeline": st.none() | st.fixed_dictionaries({
        "from_s": SECOND, "movement": traces(3), "noise": traces(2), "zone_step_s": st.just(10),
        "zones": st.lists(st.fixed_dictionaries({
            "name": TEXT, "seats": st.integers(5, 30), "cells": st.lists(NUMBER, max_size=3),
        }), max_size=2),
        "gaps": st.just([]), "summary": st.lists(TEXT, max_size=2),
    }),
    "clock_map": st.none(),
    "talks": st.lists(st.fixed_dictionaries({
        "day": st.dates().map(str), "minutes": st.integers(1, 1_440), "coach": TEXT,
    }), max_size=2),
    "forms": st.lists(st.fixed_dictionaries({"name": TEXT, "version": TEXT, "items": st.lists(
        st.fixed_dictionaries({"label": TEXT, "said": st.lists(st.fixed_dictionaries({
            "author": TEXT, "role": st.sampled_from(["teacher", "coach"]), "choice": TEXT,
            "words": TEXT,
        }), max_size=2)}), max_size=2,
    )}), max_size=2),
})  # fmt: skip


def sealed(content: Any, **changed: Any) -> bytes:
    """A file with a right checksum, whatever is in it."""
    whole = {"format": "roomtone-lesson", "version": 1, "sha256": _checksum(content)}
    return json.dumps(whole | {"content": content} | changed).encode()


def minimal() -> dict[str, Any]:
    return {
        "made_at": "2025-11-18T11:05:00+01:00", "made_by": "Ada", "program": "0", "moments": [],
        "lesson": {
            "title": "t", "room": "r", "teacher": "Ada", "starts_at": "2025-11-18T10:05:00Z",
            "length_s": 3000, "activities": [], "parts": None,
        },
        "steps": [], "guess": None, "reflection": None, "timeline": None, "clock_map": None,
    }  # fmt: skip


@given(CONTENT)
@settings(max_examples=60)
def test_what_was_written_comes_back(content: dict[str, Any]) -> None:
    known = Content.model_validate(content)
    text = bundle_text(known)
    assert read_bundle(text.encode(), "f") == known
    laid_out = json.dumps(json.loads(text), indent=3, ensure_ascii=True)
    assert read_bundle(b"\xef\xbb\xbf" + laid_out.encode(), "f") == known
    assert bundle_text(read_bundle(text.encode(), "f")) == text


@given(st.data())
@settings(max_examples=60)
def test_a_changed_file_is_refused(data: st.DataObject) -> None:
    """One character of the content is another one."""
    text = bundle_text(Content.model_validate(minimal()))
    inside = text.index('"content"')
    at = data.draw(st.integers(inside, len(text) - 2))
    letter = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    changed = text[:at] + letter + text[at + 1 :]
    if text[at] == letter:
        return
    try:
        found = read_bundle(changed.encode(), "f")
    except UsageError:
        return
    # Such as a space between two values.
    assert bundle_text(found) == text


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_anything_else_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"^my file "):
        read_bundle(data, "my file")


@pytest.mark.parametrize(
    ("data", "sentence"),
    (
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[" * 100_001, "has too many parts"),
        (b"[" + b"{}," * 100_001, "has too many parts"),
        (b"1" * 10_000, "is not JSON"),
        (b'{"format": "roomtone-lesson", "format": "x"}', "is not JSON"),
        (b"[]", "no bundle of a lesson"),
        (b'{"format": "other"}', "no bundle of a lesson"),
        (b" " * (MAX_BYTES + 1), "larger than 4 MB"),
        (sealed(minimal(), version=2), "has version 2 of the format"),
        (sealed(minimal(), version=True), "has version true of the format"),
        (sealed(minimal(), version="1"), 'has version "1" of the format'),
        (sealed(minimal(), sha256="0" * 64), "changed or damaged"),
        (sealed(minimal(), more=1), "changed or damaged"),
        (b'{"format": "roomtone-lesson", "version": 1}', "changed or damaged"),
        (b'{"format": "roomtone-lesson", "version": 1, "sha256": "", "content": 1e999}',
         "changed or damaged"),
        (sealed(None), "does not fit"),
        (sealed(minimal() | {"extra": 1}), "does not fit version 1 of the format, at extra"),
        (sealed(minimal() | {"moments": [{}]}), "at moments.0"),
        (sealed(minimal() | {"made_at": "2025-11-18T11:05:00"}), "at made_at"),
    ),
)  # fmt: skip
def test_each_kind_of_wrong_file_has_its_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_bundle(data, "lesson.json")
    assert sentence in str(refused.value)
    assert len(str(refused.value)) < 250


def test_a_zone_of_fewer_than_five_seats_is_refused() -> None:
    trace = {"step_s": 1, "least": [], "mean": [], "most": [], "low": [], "high": []}
    zone = {"name": "z", "seats": 4, "cells": []}
    timeline = {"from_s": 0, "movement": trace, "noise": trace, "zone_step_s": 10, "gaps": [],
                "summary": [], "zones": [zone]}  # fmt: skip
    with pytest.raises(UsageError, match=r"at timeline\.zones\.0\.seats"):
        read_bundle(sealed(minimal() | {"timeline": timeline}), "f")
    zone["seats"] = 5
    assert read_bundle(sealed(minimal() | {"timeline": timeline}), "f").timeline is not None
    trace["least"] = [1]
    with pytest.raises(UsageError, match=r"at timeline\.movement"):
        read_bundle(sealed(minimal() | {"timeline": timeline}), "f")


def test_a_file_from_before_forms_is_read() -> None:
    """What `minimal` has is all that files had then."""
    assert "forms" not in minimal()
    known = read_bundle(sealed(minimal()), "f")
    assert known.forms == known.talks == []
    form = {"name": "Talk", "version": "1", "items": [{"label": "Who talks"}]}
    with pytest.raises(UsageError, match=r"at forms\.0\.items\.0\.said"):
        read_bundle(sealed(minimal() | {"forms": [form]}), "f")
