"""Moments from both sides: the question on each, who else picked it, and why one is dismissed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard_api.moments.open_questions import QUESTIONS_TO_ASK, open_questions
from dashboard_api.moments.picked import SYSTEM, also_picked, is_same_stretch
from dashboard_api.views.schemas import MomentJson
from school.moments.records import Moment, VerdictCount
from tests.signed_in import COACH, TEACHER

API = "/api/lessons/sample"
ALERT = "sample-alert-1"  # the room's
HTMX = {"HX-Request": "true"}
PATH = f"/lessons/sample/moments/{ALERT}/verdict"
TIMES = st.floats(0, 3_000, allow_nan=False)


def moments(pages) -> dict[str, dict]:
    return {moment["id"]: moment for moment in pages.get(f"{API}/moments").json()}


def moment(name: str, start: float, end: float, **more) -> MomentJson:
    values = {
        "kind": "suggested", "zone": "room", "is_strength": False, "title": "", "note": "",
        "rest": "", "author": "", "author_role": None, "is_yours": False, "because": [],
        "off_task": None, "claim": "", "trust": "", "is_first": True,
    }  # fmt: skip
    return MomentJson(id=name, start_s=start, end_s=end, **(values | more))


def test_each_suggestion_and_routine_has_an_open_question(client, filled):
    for each in moments(client).values():
        if each["kind"] == "own":
            assert each["to_ask"] == ""
        else:
            assert each["to_ask"] in {one for many in QUESTIONS_TO_ASK.values() for one in many}


@pytest.mark.parametrize("question", [one for many in QUESTIONS_TO_ASK.values() for one in many])
def test_a_question_is_open_and_leads_nowhere(question):
    assert question.endswith("?")
    assert re.match(r"(What|Where|How)\b", question), "it could be answered with yes or no"
    for word in ("why", "wrong", "problem", "off task", "should", "better", "worse", "pupil’s"):
        assert word not in question.lower()


def test_the_question_is_chosen_by_what_a_moment_is():
    listed = [
        moment("a", 0, 60), moment("b", 100, 160, zone="Door"), moment("c", 200, 260),
        moment("d", 300, 360, is_strength=True), moment("e", 400, 460, kind="routine"),
        moment("f", 500, 560, kind="own"),
    ]  # fmt: skip
    asked = open_questions(listed)
    assert asked == {
        "a": QUESTIONS_TO_ASK["lively room"][0],
        "b": QUESTIONS_TO_ASK["lively zone"][0],
        "c": QUESTIONS_TO_ASK["lively room"][1],
        "d": QUESTIONS_TO_ASK["calm"][0],
        "e": QUESTIONS_TO_ASK["routine"][0],
    }
    many = [moment(str(at), at, at + 1) for at in range(7)]
    assert set(open_questions(many).values()) == set(QUESTIONS_TO_ASK["lively room"])


def test_each_side_sees_that_the_other_picked_it_too(client, coach, stores, filled):
    suggested = moments(client)[ALERT]
    for name, author, role in (("t", TEACHER, "teacher"), ("c", COACH, "coach")):
        stores.lessons.put_moment(
            Moment(
                id=name, lesson="sample", start_s=suggested["start_s"] + 5,
                end_s=suggested["start_s"] + 35, note=f"of the {role}", author=author, role=role,
            )
        )  # fmt: skip
    stores.lessons.remove_moment("sample-b")
    seen = moments(client)
    assert seen[ALERT]["also_picked_by"] == ["you", COACH]
    assert seen["t"]["also_picked_by"] == [SYSTEM, COACH]
    assert seen["c"]["also_picked_by"] == [SYSTEM, "you"]
    assert moments(coach)["t"]["also_picked_by"] == [SYSTEM, "you"]
    page = coach.get("/lessons/sample").text
    assert f"Picked by you and {TEACHER} too." in page
    assert f"by {TEACHER} (teacher)" in page
    own, by_coach = (re.search(rf'<li class="([^"]*)" id="moment-{name}"', page) for name in "tc")
    assert own is not None
    assert by_coach is not None
    assert ("by-coach" in own[1], "by-coach" in by_coach[1]) == (False, True)


@given(TIMES, TIMES, TIMES, TIMES)
def test_two_stretches_are_the_same_whichever_is_asked_first(a, b, c, d):
    one, other = sorted((a, b)), sorted((c, d))
    same = is_same_stretch(*one, *other)
    assert same == is_same_stretch(*other, *one)
    if one[0] < one[1]:
        assert is_same_stretch(*one, *one)
    if one[1] <= other[0]:
        assert not same


@given(st.lists(st.tuples(TIMES, TIMES, st.sampled_from(["suggested", "own", "routine"]))))
def test_nobody_is_named_as_having_picked_their_own_too(spans):
    listed = [
        moment(str(at), min(a, b), max(a, b), kind=kind, author="Kim" if kind == "own" else "")
        for at, (a, b, kind) in enumerate(spans)
    ]
    found = also_picked(listed)
    assert set(found) == {one.id for one in listed}
    for one in listed:
        mine = {"suggested": SYSTEM, "own": "Kim", "routine": None}[one.kind]
        assert mine not in found[one.id]
        if one.kind == "routine":
            assert found[one.id] == []


def test_a_dismissal_has_a_reason_that_both_see(client, coach, stores, filled):
    body = {"verdict": "dismissed", "reason": "other", "words": " A film was shown. "}
    given = client.request("PUT", f"{API}/moments/{ALERT}/verdict", json=body).json()
    (answer,) = given["answers"]
    assert (answer["reason"], answer["words"]) == ("other", "A film was shown.")
    assert (
        f"{TEACHER.capitalize()} answered: not really (A film was shown.)."
        in coach.get("/lessons/sample").text
    )
    coach.post(PATH, data={"verdict": "dismissed", "reason": "group_work"})
    page = client.get("/lessons/sample").text
    assert f"{COACH.capitalize()} answered: not really (group work)." in page
    assert stores.lessons.count_verdicts() == VerdictCount(confirmed=0, dismissed=1)


def test_the_form_asks_for_a_reason_once_a_moment_is_dismissed(client, stores, filled):
    assert "What was it?" not in client.get("/lessons/sample").text
    part = client.post(PATH, data={"verdict": "dismissed"}, headers=HTMX).text
    assert "What was it?" in part
    assert "a disturbance from outside" in part
    part = client.post(
        PATH, data={"verdict": "dismissed", "reason": "outside", "words": ""}, headers=HTMX
    ).text
    assert '<option value="outside" selected>' in part
    # Pressing the same answer again keeps the reason; the other answer has none.
    kept = re.search(r'name="reason" value="(\w+)"', part)
    assert kept is not None
    client.post(PATH, data={"verdict": "confirmed", "reason": kept[1], "words": ""})
    (said,) = stores.lessons.verdicts("sample")
    assert (said.is_confirmed, said.reason) == (True, None)


def test_words_without_a_reason_are_kept_as_another_reason(client, stores, filled):
    client.post(PATH, data={"verdict": "dismissed", "reason": "", "words": "a film"})
    (said,) = stores.lessons.verdicts("sample")
    assert (said.reason, said.words) == ("other", "a film")


def test_what_a_person_marked_themselves_needs_no_reason(client, stores, filled):
    body = {"verdict": "dismissed", "reason": "planned"}
    client.request("PUT", f"{API}/moments/sample-b/verdict", json=body)
    (said,) = stores.lessons.verdicts("sample")
    assert (said.kind, said.reason) == ("own", None)
