"""The page on which a teacher hands things to their next coach."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from contract.clock import SECOND_NS
from school.cycle.records import CycleText
from school.debrief.records import StepText
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie

PATH = "/cycle/hand-over"
UNTIL = {"until": "2025-11-28"}


@pytest.fixture
def lee(client, coach, filled, stores, clock):
    """The next coach; the lesson and the cycle are with the present one."""
    by = type(BY)(name=TEACHER, person=TEACHER, utc_ns=0)
    stores.sharing.cycles.write(CycleText(focus="Calm changes"), COACH, by)
    stores.sharing.steps.write(filled.lesson.id, StepText(what="Say how long it takes"), by)
    add_person(stores.people, "lee", "coach")
    with client.browser(cookie(stores.people, clock.utc_ns(), "lee")) as pages:
        yield pages


def step_of(stores) -> str:
    return stores.hand_overs.choices(TEACHER)[0].id


def test_nothing_is_chosen_before_the_teacher_chooses_it(client, lee):
    text = client.get(PATH).text
    assert text.count('type="checkbox"') == 3
    assert "checked" not in text
    assert "Calm changes" in text
    assert "Say how long it takes" in text


def test_the_next_coach_gets_what_was_chosen_and_nothing_else(client, coach, lee, filled, stores):
    assert "Nobody shares a lesson or a cycle" in lee.get("/caseload").text
    sent = client.post(PATH, data={"coach": "lee", "step": step_of(stores), **UNTIL})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{PATH}#handed")
    cases = lee.get("/caseload").text
    assert "Say how long it takes (until 28 November 2025)" in cases
    assert "Calm changes" not in cases
    assert lee.get(f"/lessons/{filled.lesson.id}").status_code == 404
    assert "until 28 November 2025" in given_to(client, "lee")
    client.post(PATH, data={"coach": "lee", "has_cycle": "true", **UNTIL})
    assert "Calm changes" in lee.get("/caseload").text
    assert "Calm changes" not in coach.get("/caseload").text
    assert lee.get(f"/lessons/{filled.lesson.id}").status_code == 404
    client.post(PATH, data={"coach": "lee", "lesson": filled.lesson.id, "former": COACH, **UNTIL})
    assert lee.get(f"/lessons/{filled.lesson.id}").status_code == 200
    assert coach.get(f"/lessons/{filled.lesson.id}").status_code == 404


@pytest.mark.parametrize(
    ("audience", "is_said", "seen"),
    (
        ("nobody", False, (False, False)),
        ("coach", True, (False, True)),
        ("school", True, (True, True)),  # where nobody belongs to a school, all are of one
        ("everybody", False, (True, True)),
    ),
)
def test_topics_for_the_coach_of_the_cycle_are_said_to_come_along(
    client, lee, stores, audience, is_said, seen
):
    stores.colleagues.put(TEACHER, "needs", ["noise"], audience)
    assert ("With it comes what you show" in client.get(PATH).text) == is_said
    line = "Looks for: the noise of a room"
    before = line in lee.get("/colleagues").text
    client.post(PATH, data={"coach": "lee", "has_cycle": "true", **UNTIL})
    assert (before, line in lee.get("/colleagues").text) == seen


def test_a_step_is_taken_back(client, lee, stores):
    step = step_of(stores)
    client.post(PATH, data={"coach": "lee", "step": step, **UNTIL})
    client.post(f"{PATH}/take-back", data={"step": step, "coach": "lee"})
    assert "Say how long it takes" not in lee.get("/caseload").text
    assert "Take it back" not in client.get(PATH).text


def test_two_steps_with_the_same_words_differ_by_their_lessons(client, lee, filled, stores):
    """A teacher has one open step; the one before went well, and had the same words."""
    by = type(BY)(name=TEACHER, person=TEACHER, utc_ns=0)
    stores.sharing.steps.report(step_of(stores), "done", "", None, by)
    later = replace(
        filled.lesson, id="later", title="Decimals",
        starts_utc_ns=filled.lesson.starts_utc_ns - 86_400 * SECOND_NS,
        ends_utc_ns=filled.lesson.ends_utc_ns - 86_400 * SECOND_NS,
    )  # fmt: skip
    stores.lessons.put(later)
    stores.sharing.steps.write("later", StepText(what="Say how long it takes"), by)
    labels = re.findall(r'name="step".*?</label>', client.get(PATH).text)
    assert len(labels) == 2
    assert len({label.partition("<span>")[2] for label in labels}) == 2
    assert sum("Decimals" in label for label in labels) == 1


def test_the_page_says_who_has_what(client, coach, lee, filled, stores):
    by = type(BY)(name=TEACHER, person=TEACHER, utc_ns=0)
    stores.sharing.observers.ask(filled.lesson.id, "lee", by)
    of_lee, of_coach = given_to(client, "lee"), given_to(client, COACH)
    assert f"/lessons/{filled.lesson.id}/observers" in of_lee
    assert "Calm changes" not in of_lee
    assert "Calm changes" in of_coach
    client.post(PATH, data={"coach": COACH, "lesson": filled.lesson.id, "former": "lee", **UNTIL})
    assert "has-lee" not in client.get(PATH).text
    assert f"/lessons/{filled.lesson.id}/sharing" in given_to(client, COACH)


def given_to(client, person: str) -> str:
    """What the page says that a person has."""
    _, is_there, after = client.get(PATH).text.partition(f'id="has-{person}"')
    assert is_there
    return after.partition("</section>")[0]


@pytest.mark.parametrize(
    ("given", "words"),
    (
        ({"coach": "lee"}, "Choose something to hand over."),
        ({"coach": "never-was", "has_cycle": "true"}, "Choose the coach who takes over."),
        (
            {"coach": "lee", "has_cycle": "true", "until": "2024-01-01"},
            "The last day must be today",
        ),
        ({"coach": "lee", "has_cycle": "true", "lesson": "of-another"}, "not yours any more"),
    ),
)
def test_what_is_wrong_is_a_sentence_and_what_was_chosen_stays(client, lee, given, words):
    answer = client.post(PATH, data={**UNTIL, **given})
    assert answer.status_code == 422
    assert words in answer.text
    assert ("checked" in answer.text) == ("has_cycle" in given)
    assert "Calm changes" not in lee.get("/caseload").text
