"""What waits for a coach's answer is what their list of the lesson suggests and they left open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.clock import SECOND_NS
from school.sharing.cut import Span, check_spans
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, COACH

API = "/api/lessons/sample/moments"


def share(stores, clock, spans: Sequence[Span] = ()) -> None:
    until = clock.utc_ns() + 86_400 * SECOND_NS
    stores.sharing.share("sample", COACH, BY, until_utc_ns=until, spans=check_spans(spans))


def waiting(coach: Pages) -> int:
    """What the start page says, at the lesson and above the list."""
    page = " ".join(unescape(re.sub(r"<[^>]+>", " ", coach.get("/").text)).split())
    found = re.findall(r"(\d+) suggested moments? waits? for your answer", page)
    assert len(found) in {0, 2}
    assert len(set(found)) <= 1
    return int(found[0]) if found else 0


def suggested(pages: Pages) -> list[dict]:
    return [one for one in pages.get(API).json() if one["kind"] == "suggested"]


def left_open(pages: Pages) -> int:
    return sum(one["your_answer"] is None for one in suggested(pages))


def answer(pages: Pages, moment: str, verdict: str = "confirmed") -> None:
    path = f"{API}/{moment}/verdict"
    assert pages.request("PUT", path, json={"verdict": verdict}).status_code == 200


def test_of_a_part_only_what_is_suggested_in_it_waits(client, coach, stores, clock) -> None:
    whole = waiting(coach)
    share(stores, clock, [Span(600, 1_600)])
    part = suggested(coach)
    assert 0 < len(part) < whole
    assert all(600 <= one["start_s"] < one["end_s"] <= 1_600 for one in part)
    assert waiting(coach) == len(part)
    for one in suggested(client):
        answer(client, one["id"])  # the teacher's are not the coach's
    assert waiting(coach) == left_open(coach) == len(suggested(coach))
    for one in suggested(coach):
        answer(coach, one["id"])
    assert waiting(coach) == 0
    # What was answered in the part waits no more when all is shared.
    share(stores, clock)
    assert waiting(coach) == left_open(coach) < len(suggested(coach))


def test_an_answer_about_a_part_of_a_stretch_is_one_about_the_stretch(coach, stores, clock) -> None:
    """The part had cut the stretch, so its suggestion began elsewhere, under a name of its own."""
    before = waiting(coach)
    whole = next(one for one in suggested(coach) if not one["is_strength"])
    begin = int(whole["start_s"]) + 30
    share(stores, clock, [Span(begin, begin + 400)])
    cut_off = suggested(coach)[0]
    assert cut_off["start_s"] == begin < cut_off["end_s"] <= whole["end_s"]
    assert cut_off["id"] != whole["id"]
    answer(coach, cut_off["id"])
    share(stores, clock)
    assert waiting(coach) == left_open(coach) == before - 1


def test_what_is_left_out_does_not_wait(coach, stores) -> None:
    before = suggested(coach)
    assert waiting(coach) == len(before)
    gone = before[0]
    span = Span(int(gone["start_s"]), int(gone["end_s"]) + 1)
    stores.sharing.teacher.exclude("sample", span, "fire_drill", "", BY)
    assert gone["id"] not in {one["id"] for one in suggested(coach)}
    assert waiting(coach) == left_open(coach)
    for one in suggested(coach):
        answer(coach, one["id"])
    assert waiting(coach) == 0
    (one,) = stores.sharing.teacher.cuts(["sample"], COACH)["sample"].excluded
    stores.sharing.teacher.include("sample", one.id, BY)
    assert waiting(coach) == left_open(coach)


def test_an_answer_about_what_was_left_out_since_does_not_count(coach, stores) -> None:
    """It is there again when the span is taken in again."""
    first, *_ = suggested(coach)
    answer(coach, first["id"])
    before = waiting(coach)
    span = Span(int(first["start_s"]), int(first["start_s"]) + 5)
    stores.sharing.teacher.exclude("sample", span, "private", "", BY)
    assert waiting(coach) == left_open(coach)
    (one,) = stores.sharing.teacher.cuts(["sample"], COACH)["sample"].excluded
    stores.sharing.teacher.include("sample", one.id, BY)
    assert waiting(coach) == left_open(coach) == before


spans = st.builds(
    lambda start, length: Span(start, start + length),
    st.integers(0, 2_900),
    st.integers(30, 1_500),
)


@pytest.mark.slow
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=st.lists(spans, max_size=2), left_out=st.lists(spans, max_size=2),
       answered=st.sets(st.integers(0, 5)))  # fmt: skip
def test_whatever_is_shared_and_left_out_the_number_is_that_of_the_list(
    coach, stores, clock, parts, left_out, answered
) -> None:
    teacher = stores.sharing.teacher
    for one in teacher.cuts(["sample"], COACH)["sample"].excluded:
        teacher.include("sample", one.id, BY)
    for said in stores.lessons.verdicts("sample"):
        stores.lessons.remove_verdict("sample", said.moment, said.by)
    share(stores, clock)
    assert waiting(coach) == left_open(coach)
    share(stores, clock, parts)
    assert waiting(coach) == left_open(coach)
    for n, one in enumerate(suggested(coach)):
        if n in answered:
            answer(coach, one["id"], "dismissed")
    assert waiting(coach) == left_open(coach)
    for span in left_out:
        teacher.exclude("sample", span, "other", "", BY)
    assert waiting(coach) == left_open(coach)
    share(stores, clock)
    assert waiting(coach) == left_open(coach)
