"""A teacher's cycle and a coach's caseload over HTTP: who sees what of it, and what each may do."""

from __future__ import annotations

import html
import re
from datetime import date

import pytest

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.cycle.records import CycleText
from school.debrief.records import StepText
from tests.dashboard_api.conftest import START_NS
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie

DAY_NS = 86_400 * SECOND_NS
FOCUS = "Calm changes of activity"
ADA = Actor(name=TEACHER, person=TEACHER, utc_ns=START_NS)
KIM = Actor(name=COACH, person=COACH, utc_ns=START_NS)


def text_of(pages, path: str, expected: int = 200) -> str:
    answer = pages.get(path)
    assert answer.status_code == expected, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(answer.text)).split())


def send(pages, path: str, expected: int = 303, **data) -> str:
    answer = pages.post(path, data=data)
    assert answer.status_code == expected, answer.text
    return html.unescape(answer.text)


def the_open(stores):
    found = stores.sharing.cycles.open_cycle(TEACHER)
    assert found is not None
    return found


@pytest.fixture
def shared(client, coach, stores, filled):
    """The teacher's open cycle about the sample lesson, shared with the coach as the lesson is."""
    text = CycleText(focus=FOCUS, debrief_on=date(2025, 11, 17), again_on=date(2025, 12, 9))
    made = stores.sharing.cycles.write(text, COACH, ADA)
    stores.sharing.cycles.look_at(made.id, "sample", ADA)
    return made


def test_a_teacher_goes_round_once(client, coach, stores, filled):
    assert "Begin one" in text_of(client, "/cycle")
    send(client, "/cycle", focus=f"  {FOCUS} ", again_on="2025-12-09", coach=COACH)
    cycle = the_open(stores)
    assert (cycle.text.focus, cycle.text.again_on, cycle.coach) == (FOCUS, date(2025, 12, 9), COACH)
    assert "Look at a lesson now" in text_of(client, "/cycle")
    assert f"Your cycle {FOCUS} Now: Look at a lesson" in text_of(client, "/")
    send(client, "/cycle/lesson", cycle=cycle.id, lesson="sample")
    assert "Talk about it now" in text_of(client, "/cycle")
    send(client, "/cycle/talked", cycle=cycle.id)
    page = text_of(client, "/cycle")
    assert "Talk about it done, 18 November 2025" in page
    assert "Choose a next step now" in page
    assert "Talked about it 10 min after the lesson. Aim: both within 48 hours." in page
    client.post("/lessons/sample/step", data={"what": "Cards first", "shows": "settles",
                                              "settles_minutes": "3"})  # fmt: skip
    page = text_of(client, "/cycle")
    assert "Try it now" in page
    assert "Next step: Cards first · Does it show?" in page
    step = the_open(stores).step
    client.post(f"/lessons/sample/step/{step}/went", data={"went": "done"})
    page = text_of(client, "/cycle")
    assert "Look again now, planned for 9 December 2025" in page
    send(client, "/cycle/close", cycle=cycle.id)
    page = text_of(client, "/cycle")
    assert "Earlier ones For you alone." in page
    assert "Due" not in page.partition("Earlier ones")[2]
    assert FOCUS not in text_of(coach, "/caseload")
    send(client, "/cycle/remove", cycle=cycle.id)
    assert stores.sharing.cycles.of_teacher(TEACHER) == []


def test_the_coach_sees_focus_days_and_stage_and_what_else_is_shared(coach, stores, clock, shared):
    step = stores.sharing.steps.write("sample", StepText(what="Cards first"), ADA)
    page = text_of(coach, "/caseload")
    assert f"{TEACHER} {FOCUS} Now: Try it" in page
    assert "Due on 9 December 2025" in page
    assert "Fractions, part 2" in page
    assert "Next step: Cards first" in page
    # How it went is said in a later lesson, which is not shared.
    stores.sharing.steps.report(step.id, "done", "It works", None, ADA)
    assert "Now: Try it" in text_of(coach, "/caseload")
    stores.sharing.unshare("sample", COACH, BY)
    page = text_of(coach, "/caseload")
    assert FOCUS in page
    assert "No lesson is shared with you now." in page
    assert "Fractions" not in page
    assert "Cards first" not in page
    assert "after the lesson" not in page
    cycle = the_open(stores)
    stores.sharing.cycles.change(cycle.id, cycle.revision, cycle.text, None, ADA)
    assert "Nobody shares a lesson or a cycle with you now." in text_of(coach, "/caseload")


def test_the_pair_sees_how_long_it_took(client, coach, stores, clock, shared):
    assert "First look" not in text_of(client, "/cycle")
    clock.now_ns += 2 * 3_600 * SECOND_NS
    client.get("/lessons/sample")
    stores.sharing.cycles.talk(
        shared.id, Actor(name=TEACHER, person=TEACHER, utc_ns=clock.utc_ns())
    )
    for pages, path in ((client, "/cycle"), (coach, "/caseload")):
        page = text_of(pages, path)
        assert "First look 2 h 10 min after the lesson." in page
        assert "Talked about it 2 h 10 min after the lesson." in page
        assert "Aim: both within 48 hours." in page


def test_what_is_due_says_so(client, stores, shared):
    assert "Due since 17 November 2025" in text_of(client, "/cycle")
    assert "due since 17 November 2025" in text_of(client, "/")


def test_a_coach_proposes_and_the_teacher_answers(client, coach, stores, filled):
    form = "/lessons/sample/cycle"
    assert "Propose it" in text_of(coach, form)
    assert "one sentence" in send(coach, form, 422, focus=" ", again_on="2025-12-09")
    send(coach, form, focus="First thought")
    send(coach, form, focus=FOCUS, again_on="2025-12-09")
    assert "It waits for the teacher" in text_of(coach, form)
    assert f"Waits for the teacher: The focus that you propose: {FOCUS}" in text_of(
        coach, "/caseload"
    )
    assert f"{COACH} proposes: {FOCUS}" in text_of(client, "/")
    page = client.get("/cycle").text
    assert "First thought" not in page
    (proposed,) = stores.sharing.cycles.of_teacher(TEACHER)
    send(client, "/cycle/accept", cycle=proposed.id)
    assert (the_open(stores).coach, the_open(stores).lesson) == (COACH, "sample")
    send(coach, form, focus="Another one")
    send(coach, f"{form}/withdraw")
    send(coach, form, focus="A third one")
    third = next(one for one in stores.sharing.cycles.of_teacher(TEACHER) if one.state != "open")
    send(client, "/cycle/remove", cycle=third.id)
    assert [one.state for one in stores.sharing.cycles.of_teacher(TEACHER)] == ["open"]


def test_a_step_that_waits_stands_in_the_caseload(coach, stores, filled):
    stores.sharing.steps.write("sample", StepText(what="Begin later"), KIM)
    assert "Waits for the teacher: The step that you propose: Begin later" in text_of(
        coach, "/caseload"
    )


def test_what_another_window_changed_is_not_overwritten(client, stores, filled):
    send(client, "/cycle", focus=FOCUS)
    cycle = the_open(stores)
    send(client, "/cycle", focus="Of the other window", cycle=cycle.id, revision="1")
    page = send(client, "/cycle", 409, focus="Of this one", cycle=cycle.id, revision="1")
    assert "“Of the other window”" in page
    assert "Of this one</textarea>" in page
    assert the_open(stores).text.focus == "Of the other window"
    send(client, "/cycle", focus="Of this one", cycle=cycle.id, revision="2")
    assert the_open(stores).text.focus == "Of this one"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    (
        ({"focus": " "}, "Say in one sentence"),
        ({"focus": FOCUS, "debrief_on": "2025-12-09", "again_on": "2025-12-01"}, "second look"),
        ({"focus": FOCUS, "coach": "nobody-there"}, "Choose a coach"),
        ({"focus": FOCUS, "coach": TEACHER}, "Choose a coach"),
    ),
)
def test_what_does_not_fit_is_said_and_what_was_typed_stays(
    client, stores, filled, fields, sentence
):
    page = send(client, "/cycle", 422, **fields)
    assert sentence in page
    assert fields["focus"] in page
    assert stores.sharing.cycles.of_teacher(TEACHER) == []


def test_one_at_a_time_and_of_own_lessons_alone(client, stores, clock, shared):
    assert "open cycle already" in send(client, "/cycle", 422, focus="Another")
    add_person(stores.people, "rob", "teacher")
    lesson = stores.lessons.get("sample")
    other = type(lesson)(
        **{name: getattr(lesson, name) for name in lesson.__dataclass_fields__}
        | {"id": "robs", "teacher": "Mr Oh"}
    )
    stores.lessons.put(other)
    assert "one of your own lessons" in send(
        client, "/cycle/lesson", 422, cycle=shared.id, lesson="robs"
    )
    # Somebody else's cycle is nothing to them.
    with client.browser(cookie(stores.people, clock.utc_ns(), "rob")) as rob:
        for what in ("talked", "close", "accept", "remove"):
            send(rob, f"/cycle/{what}", cycle=shared.id)
        assert FOCUS not in text_of(rob, "/cycle")
    assert the_open(stores).talked_utc_ns is None


def test_the_caseload_is_in_the_order_of_names(client, stores, clock, coach):
    for name in ("zoe", "Bea", "adam"):
        add_person(stores.people, name, "teacher")
        by = Actor(name=name, person=name, utc_ns=START_NS)
        stores.sharing.cycles.write(CycleText(focus=f"of {name}"), COACH, by)
    found = re.findall(r'<h2 id="case-\d+">([^<]+)</h2>', coach.get("/caseload").text)
    assert found == ["adam", "Bea", TEACHER, "zoe"]


def test_a_lesson_that_changed_hands_is_named_no_more(client, stores, shared):
    stores.sharing.teacher.hide("sample", ADA)
    assert "Fractions" in text_of(client, "/cycle")
    add_person(stores.people, "rob", "teacher")
    stores.sharing.tie_name("Mr Oh", "rob", BY)
    lesson = stores.lessons.get("sample")
    stores.lessons.put(
        type(lesson)(
            **{name: getattr(lesson, name) for name in lesson.__dataclass_fields__}
            | {"teacher": "Mr Oh"}
        )
    )
    assert "Fractions" not in text_of(client, "/cycle").replace("Which lesson", "")
