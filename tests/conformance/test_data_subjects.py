"""What is held about a person, and what becomes of one who leaves, in each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from contract.errors import UsageError
from school import School, open_school
from school.audit.actor import Actor
from school.lessons.records import Lesson
from school.moments.records import Label, Moment, Verdict
from school.people.data_subjects.held_tables import HELD
from school.sharing.cut import Span

NOW = 10_000_000_000_000
HOUR = 3_600_000_000_000
BY = Actor(name="a test", utc_ns=NOW)
BY_ADA = Actor(name="Ada", utc_ns=NOW, person="ada")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[School]:
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").url()
    made = open_school(tmp_path, url)
    for name in ("ada", "kim"):
        made.people.add(name.title(), name, ["teacher"], BY, person_id=name)
    made.sharing.tie_name("Ms A", "ada", BY)
    for lesson, starts in (("past", NOW - HOUR), ("coming", NOW + HOUR)):
        made.lessons.put(
            Lesson(
                id=lesson, room="r", teacher="Ms A", title="t", starts_utc_ns=starts,
                ends_utc_ns=starts + 1_000, source="timetable",
            )
        )  # fmt: skip
    made.sharing.share("past", "kim", BY_ADA, until_utc_ns=NOW * 2, spans=[Span(1, 9)])
    made.sharing.handovers.offer("past", "kim", BY_ADA)
    made.sharing.teacher.exclude("past", Span(0, 1), "other", "", BY_ADA)
    made.lessons.put_moment(
        Moment(id="m", lesson="past", start_s=1, end_s=2, note="n", author="ada", role="teacher")
    )
    made.lessons.keep_labels("Ms A")
    verdict = Verdict(
        lesson="past", moment="m", by="ada", role="teacher", is_confirmed=True, kind="own", zone="room",
        start_s=1, end_s=2,
    )  # fmt: skip
    label = Label(
        lesson="past", moment="m", by="ada", role="teacher", is_confirmed=True, kind="own", is_room=False,
        utc_ns=NOW, model="m", features_version="1", rows=np.arange(4.0).reshape(2, 2),
    )  # fmt: skip
    made.lessons.put_verdict(verdict, label)
    made.people.start_session("ada", "b", NOW, has_second_factor=True)
    made.people.invite("kim", BY_ADA)
    yield made
    made.close()


def test_every_part_is_read(school: School) -> None:
    held = school.people.held
    files = {file for each in HELD if each.parts for file in each.files} - {"lesson.json"}
    found = {file: held.of_person(file, "ada", None, 1) for file in files}
    assert found["account.json"]["person"][0]["has_password"] is False
    assert found["account.json"]["keeps_answers_to_learn_from"] == [{"teacher": "Ms A"}]
    (session,) = found["sign-in.json"]["sessions"]
    assert (session["used_two_factors"], session["browser"]) == (True, "b")
    assert found["sharing.json"]["shared_by_you"][0]["with"] == "Kim"
    assert found["sharing.json"]["parts_shared_by_you"][0]["end_s"] == 9
    assert found["sharing.json"]["offered_by_you"][0]["to"] == "Kim"
    of_lesson = held.of_lesson("past", None)
    assert of_lesson["answers"][0]["is_confirmed"] is True
    assert of_lesson["kept_to_learn_from"][0]["rows"] == [[0, 1], [2, 3]]
    assert of_lesson["kept_to_learn_from"][0]["is_room"] is False
    assert held.lessons_of("ada") == ["past", "coming"]
    entries = [each for page in held.audit("by", "ada", None) for each in page]
    assert {"shared", "offered", "excluded", "signed_in"} <= {each["action"] for each in entries}


def test_who_leaves_is_forgotten_and_what_others_keep_stays(school: School) -> None:
    plan = school.people.leaving.plan("ada", NOW)
    assert (plan.lessons, plan.coming, plan.shares_by_them) == (1, 1, 1)
    assert plan.own["sessions"] == 1
    departure = school.people.leaving.leave("ada", BY, utc_ns=NOW, deletes_lessons=True)
    assert school.people.leaving.former() == [departure]
    assert [each.id for each in school.people.people()] == ["kim"]
    assert school.people.held.lessons_of("ada") == ["past"]
    assert school.lessons.labels() == []
    assert len(school.sharing.teacher.notices("kim")) == 1
    assert {each.made_by for each in school.people.invitations("kim", 0)} == {"a person who left"}
    past, coming = school.lessons.get("past"), school.lessons.get("coming")
    assert past is not None
    assert coming is not None
    assert (past.teacher, coming.teacher) == ("a person who left", "Ms A")
    with pytest.raises(UsageError):
        school.people.leaving.leave("ada", BY, utc_ns=NOW)
    assert not school.people.leaving.repeat(departure, BY)


def test_what_is_held_page_by_page_is_all_of_it_once(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("school.people.data_subjects.held._PAGE", 2)
    pages = list(school.people.held.audit("lesson", "past", None))
    numbers = [each["number"] for page in pages for each in page]
    assert len(numbers) >= 3
    assert numbers == sorted(set(numbers), reverse=True)
    assert numbers == [each.number for each in school.audit.of_lesson("past", 99)]
