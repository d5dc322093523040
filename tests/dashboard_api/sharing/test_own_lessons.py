"""A teacher leaves a span out, hides a lesson and deletes it."""

from __future__ import annotations

import pytest

from contract.clock import SECOND_NS
from school.sharing.cut import Span
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie

DRILL = {"start": "10:00", "end": "15:00", "reason": "fire_drill", "note": "all  went out"}


def actions(stores, lesson: str) -> list[str]:
    return [entry.action for entry in stores.audit.of_lesson(lesson, 50)]


def test_a_span_that_is_left_out_is_in_no_answer(client, coach, filled, stores) -> None:
    before = client.get("/api/lessons/sample/timeline?level_s=5").json()
    assert client.post("/lessons/sample/exclusions", data=DRILL).status_code == 303
    for pages, words in ((client, "left out: fire drill: all went out"), (coach, "left out")):
        after = pages.get("/api/lessons/sample/timeline?level_s=5").json()
        for name in ("least", "mean", "most", "low", "high"):
            assert all(one is None for one in after["movement"][name][120:180])
            assert after["movement"][name][:120] == before["movement"][name][:120]
            assert after["movement"][name][181:] == before["movement"][name][181:]
        assert all(one is None for one in after["noise"]["mean"][120:180])
        assert all(one is None for zone in after["zones"] for one in zone["cells"][60:90])
        drills = [gap for gap in after["gaps"] if gap["reason"] == "left_out"]
        assert [(gap["start_s"], gap["end_s"], gap["words"]) for gap in drills] == [
            (600, 900, words)
        ]
        assert f"Not here: 10:00 to 15:00 ({words})." in after["summary"]
        assert words in pages.get("/lessons/sample/table?number=2").text
        for moment in pages.get("/api/lessons/sample/moments").json():
            assert moment["end_s"] <= 600 or moment["start_s"] >= 900, moment
    assert "all went out" not in coach.get("/lessons/sample").text
    assert "excluded" in actions(stores, "sample")


def test_it_can_be_taken_in_again(client, filled, stores) -> None:
    before = client.get("/api/lessons/sample/timeline").json()
    listed = client.get("/api/lessons").json()
    client.post("/lessons/sample/exclusions", data=DRILL)
    assert client.get("/api/lessons/sample/timeline").json() != before
    (one,) = stores.sharing.teacher.cuts(["sample"], TEACHER)["sample"].excluded
    assert f"/lessons/sample/exclusions/{one.id}/end" in client.get("/lessons/sample/sharing").text
    client.post(f"/lessons/sample/exclusions/{one.id}/end")
    assert client.get("/api/lessons/sample/timeline").json() == before
    assert client.get("/api/lessons").json() == listed
    assert actions(stores, "sample")[0] == "included"


def test_the_counts_of_the_list_leave_it_out_too(client, filled) -> None:
    (before,) = client.get("/api/lessons").json()
    client.post(
        "/lessons/sample/exclusions", data={"start": "0:00", "end": "50:00", "reason": "other"}
    )
    (after,) = client.get("/api/lessons").json()
    assert before["lively"] > 0
    assert before["moments"] > 0
    counts = ("lively", "moments", "alerts", "gaps", "sensed_share")
    assert [after[name] for name in counts] == [0, 0, 0, 0, None]


@pytest.mark.parametrize(
    "wrong", ({"start": "ten"}, {"start": "16:00"}, {"start": "", "end": ""}, {"end": "99:99"})
)
def test_a_wrong_span_gets_a_sentence(client, filled, wrong: dict[str, str]) -> None:
    answer = client.post("/lessons/sample/exclusions", data={**DRILL, **wrong})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    long = client.post("/lessons/sample/exclusions", data={**DRILL, "note": "x" * 101})
    assert long.status_code == 422


def test_nobody_can_mark_a_moment_in_it(client, filled) -> None:
    client.post("/lessons/sample/exclusions", data=DRILL)
    answer = client.post("/api/lessons/sample/moments", json={"start_s": 590, "length_s": 20})
    assert answer.status_code == 422
    assert "left out" in answer.json()["detail"]


def test_a_hidden_lesson_is_its_teachers_alone_until_it_is_shown_again(
    client, coach, filled, stores
) -> None:
    assert client.post("/lessons/sample/hide").status_code == 303
    for pages in (client, coach):
        assert pages.get("/api/lessons").json() == []
        assert "/lessons/sample" not in pages.get("/").text
    assert coach.get("/lessons/sample").status_code == 404
    assert client.get("/lessons/sample").status_code == 200
    assert "Fractions, part 2" in client.get("/hidden-lessons").text
    assert coach.get("/hidden-lessons").status_code == 404
    client.post("/lessons/sample/unhide")
    assert coach.get("/lessons/sample").status_code == 200
    assert len(client.get("/api/lessons").json()) == 1
    assert [one for one in actions(stores, "sample") if one.endswith("hid")] == ["unhid", "hid"]


def test_a_deleted_lessons_readers_are_told_until_they_have_read_it(
    client, coach, filled, stores
) -> None:
    lesson = stores.lessons.get("sample")
    stores.sharing.teacher.ask_to_delete(lesson, BY)
    assert coach.get("/lessons/sample").status_code == 404
    (notice,) = stores.sharing.teacher.notices(COACH)
    assert notice.lesson_utc_ns == lesson.starts_utc_ns
    assert "deleted the lesson of 18 November 2025, 11:05" in coach.get("/").text
    client.post(f"/notices/{notice.id}/read")  # not theirs
    assert "deleted the lesson" in coach.get("/").text
    coach.post(f"/notices/{notice.id}/read")
    assert "deleted the lesson" not in coach.get("/").text


def test_a_look_ends_the_reminder_and_a_coach_gets_none(client, filled, stores, clock) -> None:
    clock.advance((filled.lesson.ends_utc_ns - clock.utc_ns()) / SECOND_NS + 72 * 3600 - 1)
    words = "Fractions, part 2, taught on 18 November 2025, 11:05"
    with client.browser(cookie(stores.people, clock.utc_ns())) as teacher:
        assert words not in teacher.get("/").text
        clock.advance(1)
        assert words in teacher.get("/").text
        add_person(stores.people, COACH, "coach")
        with client.browser(cookie(stores.people, clock.utc_ns(), COACH)) as coach:
            assert words not in coach.get("/").text
        teacher.get("/lessons/sample")
        assert words not in teacher.get("/").text


def test_an_answer_about_a_moment_in_it_counts_nowhere(client, filled, stores) -> None:
    lively = next(
        one for one in client.get("/api/lessons/sample/moments").json()
        if one["kind"] == "suggested" and not one["is_strength"]
    )  # fmt: skip
    stores.lessons.keep_labels("Ms Ortega")
    address = f"/api/lessons/sample/moments/{lively['id']}/verdict"
    assert client.request("PUT", address, json={"verdict": "confirmed"}).status_code == 200
    assert stores.lessons.count_verdicts().confirmed == 1
    kept = len(stores.lessons.labels())
    span = Span(int(lively["start_s"]), int(lively["start_s"]) + 10)
    stores.sharing.teacher.exclude("sample", span, "other", "", BY)
    assert stores.lessons.count_verdicts().confirmed == 0
    assert stores.lessons.labels() == []
    (one,) = stores.sharing.teacher.cuts(["sample"], TEACHER)["sample"].excluded
    stores.sharing.teacher.include("sample", one.id, BY)
    assert stores.lessons.count_verdicts().confirmed == 1
    assert len(stores.lessons.labels()) == kept
