"""The difference of a guess and what was measured, as pure functions."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dashboard_api.debrief.difference import (
    Difference,
    Settling,
    compare,
    difference_sentences,
    settling_in,
)
from dashboard_api.views.schemas import MomentJson
from school.debrief.guess_store import merged

PAIRS = st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 3_000)), max_size=12)
SPANS = PAIRS.map(merged)


def moment(name: str, start: float, end: float, **more) -> MomentJson:
    values = {
        "kind": "suggested", "zone": "room", "is_strength": False, "title": "", "note": "",
        "rest": "", "author": "", "author_role": None, "is_yours": False, "because": [],
        "off_task": None, "claim": "", "trust": "", "is_first": True, "note_kind": None,
        "tags": [], "revision": 0, "replies": [],
    }  # fmt: skip
    known = {name: value for name, value in values.items() if name in MomentJson.model_fields}
    return MomentJson(id=name, start_s=start, end_s=end, **(known | more))


@given(PAIRS)
def test_merged_stretches_are_in_order_apart_and_cover_the_same(pairs):
    found = merged(pairs)
    assert found == sorted(found)
    assert all(one[1] < other[0] for one, other in pairwise(found))
    assert all(start < end for start, end in found)
    covered = {second for start, end in pairs for second in range(start, end)}
    assert {second for start, end in found for second in range(start, end)} == covered
    assert merged(found) == found


@given(SPANS, SPANS)
def test_it_does_not_matter_which_side_is_which(one, other):
    found, turned = compare(one, other), compare(other, one)
    assert (found.marked, found.suggested) == (turned.suggested, turned.marked)
    assert len(found.same) == len(turned.same) <= min(len(one), len(other))
    for start, end in found.same:
        assert any(a <= start < end <= b for a, b in one)
        assert any(a <= start < end <= b for a, b in other)


@given(SPANS)
def test_the_same_stretches_are_all_the_same(spans):
    assert compare(spans, spans) == Difference(
        marked=len(spans), suggested=len(spans), same=tuple(spans)
    )
    later = [(start + 10_000, end + 10_000) for start, end in spans]
    assert compare(spans, later).same == ()


def test_one_wide_guess_is_the_same_as_one_suggestion_alone():
    assert compare([(0, 3_000)], [(100, 160), (500, 620)]).same == ((500, 620),)


def test_the_difference_in_words():
    found = compare([(700, 900), (2_000, 2_060)], [(730, 840), (1_380, 1_500), (2_320, 2_390)])
    stretches, settling = difference_sentences(found, 240, Settling(until_s=150))
    assert stretches == (
        "You marked 2 stretches; the system suggested 3; 1 is the same: 12:10–14:00."
    )
    assert settling == (
        "You guessed that settling in took 4 min. "
        "The room’s movement came down to its usual after 2 min 30 s."
    )
    nothing = difference_sentences(compare([], []), None, Settling(until_s=None), is_own=False)
    assert nothing[0] == "The teacher marked no stretch; the system suggested none."
    assert nothing[1].startswith(
        "The teacher did not guess how long settling in took. When the room"
    )
    assert "is not known" in nothing[1]
    assert difference_sentences(compare([(1, 60)], [(900, 960)]), 0, Settling(until_s=5))[
        0
    ].endswith("none is the same.")


@given(SPANS, SPANS, st.none() | st.integers(0, 3_000), st.none() | st.integers(1, 900))
def test_no_words_judge(one, other, guessed, until):
    said = " ".join(
        difference_sentences(compare(one, other), guessed, Settling(until_s=until))
    ).lower()
    for word in ("right", "wrong", "good", "correct", "missed", "only", "score", "%"):
        assert word not in said


def test_settling_in_is_the_rooms_first_livelier_stretch():
    routine = moment("x.routine.settling_in.0", 0, 235, kind="routine")
    assert settling_in([routine, moment("a", 700, 760)]) == Settling(until_s=235)
    # Too long for a routine, so it is a suggestion.
    assert settling_in([moment("a", 60, 700)]) == Settling(until_s=700)
    for other in (
        moment("a", 700, 760),
        moment("b", 0, 200, kind="own"),
        moment("c", 0, 200, is_strength=True),
        moment("d", 0, 200, zone="Door"),
        moment("x.routine.change_of_activity.0", 100, 200, kind="routine"),
    ):
        assert settling_in([other]) == Settling(until_s=None)
