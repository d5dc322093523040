"""The teacher's next step over HTTP: written, proposed, taken over, and how it went."""

from __future__ import annotations

import html
import re

import pytest

from contract.clock import SECOND_NS
from school.lessons.records import Lesson
from school.sharing.cut import Span
from tests.dashboard_api.conftest import START_NS
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie

STEP = "/lessons/sample/step"
HTMX = {"HX-Request": "true"}
WHAT = "Put the cards on the tables before the bell"
DAY_NS = 86_400 * SECOND_NS


@pytest.fixture
def later(stores, filled) -> Lesson:
    """Another lesson of the teacher's."""
    lesson = Lesson(
        id="later", room="room-204", teacher="Ms Ortega", title="Fractions, part 3",
        starts_utc_ns=START_NS - DAY_NS, ends_utc_ns=START_NS - DAY_NS + 3_000 * SECOND_NS,
        source="timetable",
    )  # fmt: skip
    stores.lessons.put(lesson)
    return lesson


def write(pages, expected: int = 200, **fields) -> str:
    answer = pages.post(STEP, data={"what": WHAT, **fields}, headers=HTMX)
    assert answer.status_code == expected, answer.text
    return html.unescape(answer.text)


def the_step(stores, lesson: str = "sample"):
    (found,) = stores.sharing.steps.of_lesson(lesson)
    return found


def test_a_teacher_writes_one_step_and_has_no_room_for_a_second(client, stores, filled):
    assert "One thing to try next" in client.get(STEP, headers=HTMX).text
    part = write(
        client, part="start", when_words="as they come in", shows="settles", settles_minutes="4",
        zone_minutes="9", shows_words="not this",
    )  # fmt: skip
    assert 'role="status">Saved.' in part
    assert "the beginning of the lesson: as they come in" in part
    assert "Settling in takes less than 4 minutes." in part
    assert "not this" not in part
    step = the_step(stores)
    assert (step.person, step.author, step.state, step.revision) == (TEACHER, TEACHER, "open", 1)
    assert step.text.shows_words == ""
    assert "You have an open step already." in write(client, 422)
    assert len(stores.sharing.steps.of_lesson("sample")) == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    (
        ({"what": "  "}, "Say in one sentence what you will try."),
        ({"shows": "settles"}, "Say how many minutes"),
        ({"shows": "zone", "zone_minutes": "5"}, "Choose which zone"),
        ({"shows": "zone", "zone_minutes": "5", "shows_zone": "Attic"}, "There is no such zone"),
        ({"shows": "quieter"}, "Choose the part of the lesson"),
        ({"shows": "own"}, "Say in your own words"),
        ({"moment": "never-was"}, "There is no such moment"),
    ),
)
def test_what_is_missing_is_said_and_what_was_typed_stays(client, stores, filled, fields, sentence):
    part = write(client, 422, **({"when_words": "after the break"} | fields))
    assert sentence in part
    assert 'value="after the break"' in part
    assert stores.sharing.steps.of_lesson("sample") == []


@pytest.mark.parametrize(
    "fields",
    ({"what": "x" * 301}, {"shows": "stars"}, {"part": "lunch"}, {"settles_minutes": "61"},
     {"score": "5"}),
)  # fmt: skip
def test_what_no_form_sends_is_refused(client, stores, filled, fields):
    write(client, 422, **fields)
    assert stores.sharing.steps.of_lesson("sample") == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    (
        ({"shows": "zone", "shows_zone": "Window", "zone_minutes": "5", "part": "small_group"},
         "Window moves less in the first 5 minutes of work in small groups."),
        ({"shows": "quieter", "part": "test"}, "It is quieter during the test."),
        ({"shows": "quieter", "part": "end"}, "It is quieter at the end of the lesson."),
        ({"shows": "own", "shows_words": "Fewer hands wave."}, "Fewer hands wave."),
        ({}, "The timeline can’t show it."),
    ),
)  # fmt: skip
def test_how_it_will_show_is_said_in_words(client, filled, fields, sentence):
    assert sentence in write(client, **fields)


def test_a_coach_proposes_and_the_teacher_takes_it_over(client, coach, stores, filled):
    assert "Propose a next step" in coach.get(STEP, headers=HTMX).text
    write(coach, moment="sample-alert-1")
    step = the_step(stores)
    assert (step.person, step.author, step.state) == (TEACHER, COACH, "proposed")
    assert stores.sharing.steps.open_step(TEACHER) is None
    part = html.unescape(client.get(STEP, headers=HTMX).text)
    assert f"{COACH} proposes" in part
    assert "#moment-sample-alert-1" in part
    accept = f"{STEP}/{step.id}/accept"
    assert coach.post(accept, data={"revision": "1"}).status_code == 404
    assert (
        "This is your next step now."
        in client.post(accept, data={"revision": "1"}, headers=HTMX).text
    )
    taken = stores.sharing.steps.open_step(TEACHER)
    assert taken is not None
    assert (taken.text.what, taken.state) == (WHAT, "open")
    # From now on it is the teacher's.
    again = {"step": step.id, "revision": "2", "what": "mine again"}
    assert coach.post(STEP, data=again, headers=HTMX).status_code == 403
    assert coach.post(f"{STEP}/{step.id}/remove").status_code == 403
    assert "The next step" in coach.get(STEP, headers=HTMX).text


def test_the_teacher_changes_a_proposal_while_taking_it_over(client, coach, stores, filled):
    write(coach)
    step = the_step(stores)
    write(client, step=step.id, revision="1", what="Cards first", takes_over="true")
    taken = stores.sharing.steps.open_step(TEACHER)
    assert taken is not None
    assert (taken.text.what, taken.author, taken.changed_by) == ("Cards first", COACH, TEACHER)


def test_two_who_edit_at_once_lose_nobodys_text(client, coach, stores, filled):
    write(coach)
    step = the_step(stores)
    write(coach, step=step.id, revision="1", what="The coach’s second thought")
    mine = {"step": step.id, "revision": "1", "what": "The teacher’s text"}
    part = write(client, 409, **mine)
    assert "The coach’s second thought" in part
    assert "The teacher’s text" in part
    assert f"{COACH} changed it meanwhile" in part
    assert the_step(stores).text.what == "The coach’s second thought"
    # Who has seen it may put theirs in its place.
    revision = re.search(r'name="revision" value="(\d+)"', part)
    assert revision is not None
    write(client, **(mine | {"revision": revision[1]}))
    assert the_step(stores).text.what == "The teacher’s text"
    late = client.post(f"{STEP}/{step.id}/accept", data={"revision": "1"}, headers=HTMX)
    assert late.status_code == 409
    assert stores.sharing.steps.open_step(TEACHER) is None
    page = client.post(STEP, data=mine)  # without scripts it is a page
    assert page.status_code == 409
    assert "<html" in page.text


def test_a_second_coach_gets_the_first_proposal_beside_their_own(client, coach, stores, filled):
    write(coach)
    add_person(stores.people, "kim", "coach")
    now = START_NS + 3_600 * SECOND_NS
    stores.sharing.share("sample", "kim", BY, until_utc_ns=now + DAY_NS)
    step = the_step(stores)
    with client.browser(cookie(stores.people, now, "kim")) as kim:
        part = write(kim, 409, what="Kim’s idea", when_words="at noon")
        assert "Change it" not in kim.get(STEP, headers=HTMX).text
        theirs = {"step": step.id, "revision": "1", "what": "Kim’s idea"}
        assert kim.post(STEP, data=theirs, headers=HTMX).status_code == 403
        assert kim.post(f"{STEP}/{step.id}/remove").status_code == 403
    assert f"{COACH} proposes a step already" in part
    assert WHAT in part
    assert "Kim’s idea" in part
    assert "at noon" in part
    assert "Save mine" not in part
    assert "<form" not in part
    assert the_step(stores) == step  # in the words of its author
    assert "Change it" in coach.get(STEP, headers=HTMX).text


def test_the_next_lesson_asks_how_it_went(client, coach, stores, later):
    write(client)
    step = the_step(stores)
    address = f"/lessons/later/step/{step.id}/went"
    part = html.unescape(client.get("/lessons/later/step", headers=HTMX).text)
    assert "Your last step" in part
    assert "Fractions, part 2, 18 November 2025" in part
    going = {"went": "going_on", "words": "Half of them did."}
    assert client.post(address, data=going, headers=HTMX).status_code == 200
    still = stores.sharing.steps.open_step(TEACHER)
    assert still is not None
    assert (still.went, still.went_words, still.went_lesson) == (
        "going_on",
        going["words"],
        "later",
    )
    assert coach.post(f"{STEP}/{step.id}/went", data={"went": "done"}).status_code == 404
    client.post(address, data={"went": "done", "words": "It works."})
    assert stores.sharing.steps.open_step(TEACHER) is None
    assert "Done: It works." in client.get(STEP, headers=HTMX).text
    assert "One thing to try next" in client.get("/lessons/later/step", headers=HTMX).text
    assert client.post(address, data={"went": "done"}).status_code == 404


@pytest.mark.parametrize("went", ("going_on", "done", "dropped"))
def test_how_a_step_went_in_a_later_lesson_is_for_the_teacher_alone(
    client, coach, stores, later, went
):
    write(client)
    step = the_step(stores)
    said = {"went": went, "words": "Half of them did."}
    assert client.post(f"/lessons/later/step/{step.id}/went", data=said).status_code == 303
    words = went.replace("_", " ").capitalize()
    assert f"{words}: Half of them did." in client.get(STEP, headers=HTMX).text
    for page in (coach.get(STEP, headers=HTMX).text, coach.get(STEP).text):
        assert WHAT in page
        assert "Half of them did" not in page
        assert words not in page
        assert ("An earlier step" in page) == (went != "going_on")
        assert ("Propose a next step" in page) == (went != "going_on")


def test_the_start_page_shows_the_open_step_to_the_teacher_alone(client, coach, stores, filled):
    assert "Your next step" not in client.get("/").text
    write(client)
    page = html.unescape(client.get("/").text)
    assert WHAT in page
    assert '<a href="/lessons/sample/step">' in page
    assert WHAT not in coach.get("/").text


def test_a_coach_sees_a_step_only_with_the_lesson_that_it_comes_from(client, coach, stores, later):
    """Not on another lesson that is shared with them, and not once the share is over."""
    write(client)
    stores.sharing.share("later", COACH, BY, until_utc_ns=START_NS + 2 * DAY_NS, utc_ns=START_NS)
    assert WHAT in coach.get(STEP, headers=HTMX).text
    assert WHAT not in coach.get("/lessons/later/step", headers=HTMX).text
    assert "Propose a next step" in coach.get("/lessons/later/step", headers=HTMX).text
    stores.sharing.unshare("sample", COACH, BY)
    assert coach.get(STEP, headers=HTMX).status_code == 404


def test_of_a_part_that_is_not_shared_no_moment_is_named(client, coach, stores, filled):
    write(client, moment="sample-alert-1")  # at 23:05
    end = START_NS + 2 * DAY_NS
    stores.sharing.share(
        "sample", COACH, BY, until_utc_ns=end, spans=[Span(0, 600)], utc_ns=START_NS
    )
    part = coach.get(STEP, headers=HTMX).text
    assert WHAT in part
    assert "sample-alert-1" not in part
    assert "23:05" not in part


def test_a_step_stays_with_its_teacher_when_its_lesson_goes(client, stores, later):
    write(client, moment="sample-b")
    stores.lessons.purge(lessons=["sample"])
    step = stores.sharing.steps.open_step(TEACHER)
    assert step is not None
    assert (step.text.what, step.lesson, step.text.moment) == (WHAT, None, "")
    assert "From a lesson that is deleted." in client.get("/lessons/later/step", headers=HTMX).text
    assert "From a lesson that is deleted." in client.get("/").text
    assert client.post(f"/lessons/later/step/{step.id}/remove").status_code == 303
    assert stores.sharing.steps.open_step(TEACHER) is None


def test_what_nobody_took_over_goes_with_the_lesson(client, coach, stores, filled):
    write(coach)
    step = the_step(stores)
    stores.lessons.purge(lessons=["sample"])
    stores.lessons.put(filled.lesson)
    assert stores.sharing.steps.of_lesson("sample") == []
    with pytest.raises(ValueError, match="gone"):
        stores.sharing.steps.accept(step.id, 1, BY)


def test_who_gets_the_lesson_does_not_get_the_step(client, stores, later):
    write(client)
    add_person(stores.people, "new", "teacher")
    assert stores.sharing.handovers.take_over("sample", _actor("new"), START_NS, DAY_NS)
    now = START_NS + 3_600 * SECOND_NS
    with client.browser(cookie(stores.people, now, "new")) as new:
        assert WHAT not in new.get(STEP, headers=HTMX).text
        assert WHAT not in new.get("/").text
    part = html.unescape(client.get("/lessons/later/step", headers=HTMX).text)
    assert WHAT in part
    assert "which is someone else’s now" in part
    assert 'href="/lessons/sample"' not in part


def test_the_page_works_without_scripts(client, coach, stores, filled):
    assert '<a href="/lessons/sample/step">The next step</a>' in client.get("/lessons/sample").text
    assert client.post(STEP, data={"what": WHAT}).headers["location"] == STEP
    page = client.get(STEP).text
    assert "<html" in page
    assert WHAT in page


def test_what_is_done_is_in_the_audit_log(client, coach, stores, filled):
    write(coach)
    step = the_step(stores)
    client.post(f"{STEP}/{step.id}/accept", data={"revision": "1"})
    client.post(f"{STEP}/{step.id}/went", data={"went": "dropped"})
    said = [each.sentence for each in stores.audit.of_lesson("sample", 9)]
    assert said[:3] == [
        f"{TEACHER.capitalize()} said how a next step went: dropped",
        f"{TEACHER.capitalize()} took over a next step that was proposed",
        f"{COACH.capitalize()} proposed a next step",
    ]


def _actor(person: str):
    return type(BY)(name=person, utc_ns=START_NS, person=person)
