"""A teacher asks people to observe a lesson of theirs, before or while it is on, and takes it back."""

from __future__ import annotations

import pytest

from tests.signed_in import BY


def recorded(lesson) -> list[str]:
    entries = lesson.stores.audit.of_lesson("maths", 50)
    return [entry.action for entry in entries if entry.action != "saw"]


@pytest.mark.parametrize("second", (-3600, 300, 2699))
def test_asked_until_the_lesson_ends_and_told_to_its_teacher(lesson, second) -> None:
    lesson.at(second)
    with lesson.browser("kim") as kim:
        assert kim.get("/lessons/maths/coding").status_code == 404
    with lesson.browser("ada") as ada:
        page = ada.get("/lessons/maths/observers").text
        assert "kim (coach)" in page
        assert "They go round Window, Front, Door." in page
        # Nobody who has no role for it, and not the teacher themself.
        assert 'value="eve"' not in page
        assert 'value="ada"' not in page
        answer = ada.post("/lessons/maths/observers", data={"person": "kim"})
        assert answer.headers["location"] == "/lessons/maths/observers"
        assert "Ada asked kim to observe this lesson" in ada.get("/lessons/maths/sharing").text
    with lesson.browser("kim") as kim:
        assert kim.get("/lessons/maths/coding").status_code == 200
        assert "ada asks you to observe Fractions" in kim.get("/").text
        # The sheet, and nothing else of the lesson.
        for path in ("", "/table", "/sharing", "/observers", "/video", "/strip.svg"):
            assert kim.get(f"/lessons/maths{path}").status_code == 404, path
        assert kim.get("/api/lessons/maths/timeline").status_code == 404
        assert kim.get("/rooms/r1/live").status_code == 404
        assert kim.get("/api/lessons").json() == []
    assert recorded(lesson) == ["asked_observer"]


def test_not_after_it_and_not_whom_it_may_not_be(lesson) -> None:
    with lesson.browser("ada") as ada:
        for person in ("", "eve", "ada", "nobody"):
            answer = ada.post("/lessons/maths/observers", data={"person": person})
            assert answer.status_code == 422
            assert "Choose a person to ask." in answer.text
        lesson.at(2700)
        answer = ada.post("/lessons/maths/observers", data={"person": "kim"})
        assert answer.status_code == 422
        assert "The lesson is over." in answer.text
    assert recorded(lesson) == []


def test_taking_it_back_closes_the_sheet_at_once(lesson) -> None:
    lesson.ask("kim", "lou")
    with lesson.browser("kim") as kim:
        kim.get("/lessons/maths/coding")
        kim.post("/lessons/maths/coding", data={"start_s": "300", "answer": "few"})
    with lesson.browser("ada") as ada:
        page = ada.get("/lessons/maths/observers").text
        assert "1 look coded" in page
        assert "A few" not in page  # what was coded is not the teacher's to see
        ada.post("/lessons/maths/observers/kim/end")
    with lesson.browser("kim") as kim:
        assert kim.get("/lessons/maths/coding").status_code == 404
        looks = {"looks": [{"id": "0" * 32, "start_s": 270, "answer": "few", "said_ms": 1}]}
        assert kim.post("/lessons/maths/looks", json=looks).status_code == 404
        assert "asks you" not in kim.get("/").text
    assert lesson.stores.sharing.observers.all_looks() == []
    assert recorded(lesson)[0] == "ended_observing"
    with lesson.browser("lou") as lou:
        assert lou.get("/lessons/maths/coding").status_code == 200


def test_a_hidden_lesson_has_no_sheet(lesson) -> None:
    lesson.ask("kim")
    with lesson.browser("ada") as ada:
        ada.post("/lessons/maths/hide")
        assert "their sheets are closed" in ada.get("/lessons/maths/observers").text
    with lesson.browser("kim") as kim:
        assert kim.get("/lessons/maths/coding").status_code == 404
        assert "Fractions" not in kim.get("/observing").text


def test_a_role_that_is_taken_away_counts_at_the_next_answer(lesson) -> None:
    lesson.ask("kim")
    with lesson.browser("kim") as kim:
        assert kim.get("/lessons/maths/coding").status_code == 200
    lesson.stores.people.set_roles("kim", ["technician"], BY)
    with lesson.browser("kim") as kim:
        assert kim.get("/lessons/maths/coding").status_code == 404
