"""Visits that two members of a cohort agree on."""

from __future__ import annotations

from typing import Any

import pytest

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.lessons.records import Lesson
from tests.dashboard_api.cohorts.conftest import ADA, Group
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import TEACHER, add_person, cookie

AHEAD = "next-week"


@pytest.fixture
def pair(group: Group) -> Group:
    """Both teachers are in it; the first one has a lesson in a week, and proposed visits."""
    group.post(group.ada, "/join")
    group.stores.lessons.put(
        Lesson(
            id=AHEAD, room="room-204", teacher="Ms Ortega", title="Ratios", source="timetable",
            starts_utc_ns=START_NS + 7 * 86_400 * SECOND_NS,
            ends_utc_ns=START_NS + (7 * 86_400 + 2_700) * SECOND_NS,
        )
    )  # fmt: skip
    assert group.post(group.teacher, "/visits", person=ADA).status_code == 303
    return group


def visits(group: Group, pages: Pages) -> str:
    answer = pages.get(f"/cohorts/{group.id}/visits")
    assert answer.status_code == 200
    return answer.text


def do(group: Group, pages: Pages, what: str, **data: str) -> Any:
    (one,) = group.stores.cohorts.visits.of(group.id, TEACHER)
    return group.post(pages, f"/visits/{one.id}/{what}", **data)


def test_each_sees_a_lesson_of_the_other_s_once_both_agree(pair) -> None:
    assert "they have not answered" in visits(pair, pair.teacher)
    assert "proposes visits to each other’s lessons, in Wait time" in pair.ada.get("/").text
    assert do(pair, pair.teacher, "agree").status_code == 303  # to one's own proposal
    assert do(pair, pair.teacher, "host", lesson=AHEAD).status_code == 422
    assert do(pair, pair.ada, "agree").status_code == 303
    assert do(pair, pair.teacher, "host", lesson=AHEAD).status_code == 303
    assert "They come to you: 25 November 2025." in visits(pair, pair.teacher)
    assert "You go to them: 25 November 2025." in visits(pair, pair.ada)
    (asked,) = pair.stores.sharing.observers.asked(AHEAD)
    assert asked.person == ADA
    assert "asks you to observe Ratios" in pair.ada.get("/").text
    assert do(pair, pair.ada, "host", day="2025-12-02").status_code == 303
    assert "You go to them: 2 December 2025." in visits(pair, pair.teacher)
    assert do(pair, pair.teacher, "host", day="2025-12-03").status_code == 303
    assert "You go to them: 3 December 2025." in visits(pair, pair.ada)


def test_the_two_alone_read_of_them_and_nothing_of_whether_anybody_came(
    pair, stores, clock
) -> None:
    do(pair, pair.ada, "agree")
    do(pair, pair.teacher, "host", day="2025-11-19")
    add_person(stores.people, "third", "teacher")
    stores.cohorts.invite(pair.id, "third", Actor(name="a test", utc_ns=1, person=None))
    with pair.lead.browser(cookie(stores.people, clock.utc_ns(), "third")) as third:
        pair.post(third, "/join")
        assert "You and" not in visits(pair, third)
        assert do(pair, third, "end").status_code == 404
        assert do(pair, third, "host", day="2025-12-03").status_code == 404
    assert pair.lead.get(f"/cohorts/{pair.id}/visits").status_code == 404
    before = visits(pair, pair.teacher)
    clock.now_ns += 10 * 86_400 * SECOND_NS
    with pair.teacher.browser(cookie(stores.people, clock.utc_ns())) as later:
        assert "They come to you: 19 November 2025." in visits(pair, later)
        assert visits(pair, later).count("<p>") == before.count("<p>")


@pytest.mark.parametrize("who", (0, 1))
def test_either_ends_them_and_nothing_of_them_stays(pair, who: int) -> None:
    pages = (pair.teacher, pair.ada)[who]
    assert do(pair, pages, "end").status_code == 303
    assert pair.stores.cohorts.visits.of(pair.id, TEACHER) == []
    assert pair.stores.cohorts.visits.of(pair.id, ADA) == []


@pytest.mark.parametrize("who", (0, 1))
def test_they_go_when_one_of_the_two_leaves_the_cohort(pair, who: int) -> None:
    pair.post((pair.teacher, pair.ada)[who], "/leave")
    for person in (TEACHER, ADA):
        assert pair.stores.cohorts.visits.of(pair.id, person) == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    (
        ({}, "Choose a lesson of yours that is still ahead, or a day."),
        ({"lesson": "sample"}, "Choose a lesson of yours that is still ahead, or a day."),
        ({"lesson": "of-ada"}, "Choose a lesson of yours that is still ahead, or a day."),
        ({"day": "2025-11-01"}, "The last day must be today or later"),
    ),
)
def test_what_can_t_be_a_visit_is_refused_with_a_sentence(pair, given, sentence) -> None:
    do(pair, pair.ada, "agree")
    answer = do(pair, pair.teacher, "host", **given)
    assert answer.status_code == 422
    assert sentence in answer.text


@pytest.mark.parametrize("person", (TEACHER, "the-coach", "nobody", ADA))
def test_visits_are_with_another_member_once(pair, person: str) -> None:
    assert pair.post(pair.teacher, "/visits", person=person).status_code == 422
    assert len(pair.stores.cohorts.visits.of(pair.id, TEACHER)) == 1
