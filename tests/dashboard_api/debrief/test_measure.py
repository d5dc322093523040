"""A step's measure before and since, over HTTP, for the teacher and for who sees a part."""

from __future__ import annotations

import html
import re

import numpy as np
import pytest

from contract.clock import SECOND_NS
from contract.lesson import Activity
from dashboard_api.debrief.measure_view import comparison_sentences, measure_words
from dashboard_api.debrief.measuring import spans_of
from ingest.stores.records import EpochRecord, ZoneEpoch
from models.features.seat_movement import seat_movement
from models.measures.compare import compare
from school.audit.actor import Actor
from school.debrief.records import StepText
from school.lessons.records import Lesson
from school.sharing.cut import Span
from tests.dashboard_api.conftest import START_NS
from tests.signed_in import BY, COACH, TEACHER

HTMX = {"HX-Request": "true"}
DAY_NS = 86_400 * SECOND_NS
LENGTH_S = 2_400
CHANGE_S = 900
PLAN = (
    Activity(start_s=0, end_s=CHANGE_S, name="whole_class"),
    Activity(start_s=CHANGE_S, end_s=LENGTH_S, name="individual_work"),
)
CALM = StepText(what="Cards first", part="transition", shows="settles", shows_minutes=2)


def add_lesson(stores, name: str, day: int, lively_s: int, **given) -> Lesson:
    """A lesson of the teacher's, lively for so long after its only change."""
    starts = START_NS + day * DAY_NS
    lesson = Lesson(
        **({"id": name, "room": "room-7", "teacher": "Ms Ortega", "title": name,
            "starts_utc_ns": starts, "ends_utc_ns": starts + LENGTH_S * SECOND_NS,
            "source": "timetable", "activities": PLAN} | given)
    )  # fmt: skip
    stores.lessons.put(lesson)
    levels = np.random.default_rng(day + 99).normal(0.0, 0.6, LENGTH_S // 5)
    levels[CHANGE_S // 5 : (CHANGE_S + lively_s) // 5] += 7.0
    seconds = np.repeat(levels, 5)[:, None].astype(np.float32)
    movement = seat_movement(seconds, np.ones_like(seconds))[:, 0]
    nan = float("nan")
    epochs = [
        EpochRecord(
            lesson=name, stream_id=1, first_seq=5 * at, utc_ns=starts + 5 * at * SECOND_NS,
            model="sample-1",
            zones=(
                ZoneEpoch(zone="room", seats=20, movement_db=float(level),
                          movement_low_db=nan, movement_high_db=nan, off_task=nan,
                          off_task_low=nan, off_task_high=nan),
                ZoneEpoch(zone="Window", seats=8, movement_db=float(level),
                          movement_low_db=nan, movement_high_db=nan, off_task=nan,
                          off_task_low=nan, off_task_high=nan),
            ),
        )
        for at, level in enumerate(movement)
    ]  # fmt: skip
    stores.scores.commit(cursor=stores.scores.cursor() + 1, epochs=epochs, alerts=[])
    return lesson


@pytest.fixture
def term(stores, filled):
    """Four lessons with long changeovers up to the step, and three with short ones since."""
    for day, lively_s in ((4, 200), (3, 180), (2, 220), (1, 190)):
        add_lesson(stores, f"before{day}", -5 - day, lively_s)
    written = Actor(name=TEACHER, person=TEACHER, utc_ns=START_NS - 6 * DAY_NS + 7_200 * SECOND_NS)
    step = stores.sharing.steps.write("before1", CALM, written)
    for day, lively_s in ((1, 60), (2, 50), (3, 70)):
        add_lesson(stores, f"since{day}", day - 5, lively_s)
    return step


def shown(pages, lesson: str, step: str, expected: int = 200) -> str:
    answer = pages.get(f"/lessons/{lesson}/step/{step}/measure", headers=HTMX)
    assert answer.status_code == expected, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(answer.text)).split())


def test_a_teacher_sees_before_and_since_with_an_interval(client, term):
    text = shown(client, "since3", term.id)
    assert "Time until the room is calm after each change of activity" in text
    assert "Before: typically 3 min" in text
    assert "(3 lessons). Since: typically 1 min" in text
    assert re.search(
        r"That is [\d min s]+ less \(95 % interval: [\d min s]+ less to [\d min s]+ less", text
    )
    assert "not counted" in text
    assert "What it does not show" in text


def test_the_tab_offers_it_for_an_open_step_and_not_while_the_teacher_guesses(client, term):
    fold = f'data-measure="{term.id}"'
    for lesson in ("before1", "since3"):
        assert fold in client.get(f"/lessons/{lesson}/step", headers=HTMX).text
        guessing = client.get(
            f"/lessons/{lesson}/step", headers={**HTMX, "Roomtone-Guessing": "yes"}
        )
        assert fold not in guessing.text


def test_without_scripts_it_is_a_page(client, term):
    answer = client.get(f"/lessons/since1/step/{term.id}/measure")
    assert "<h1>Before and since</h1>" in answer.text
    assert "Cards first" in answer.text


def test_a_coach_gets_what_is_shared_with_them_alone(client, coach, stores, clock, term):
    shown(coach, "since3", term.id, 404)
    until = clock.utc_ns() + DAY_NS
    for lesson in ("before1", "since3"):
        stores.sharing.share(lesson, COACH, BY, until_utc_ns=until)
    text = shown(coach, "before1", term.id)
    assert "1 before and 1 since" in text
    assert "before2" not in text
    # On the later lesson's page there is no step for a coach.
    shown(coach, "since3", term.id, 404)
    looks = [one for one in stores.audit.of_lesson("since3", 20) if one.who == COACH]
    assert looks


def test_a_part_that_is_shared_gives_what_lies_in_it(coach, stores, clock, term):
    until = clock.utc_ns() + DAY_NS
    stores.sharing.share("before1", COACH, BY, until_utc_ns=until, spans=[Span(1_200, LENGTH_S)])
    stores.sharing.share("since3", COACH, BY, until_utc_ns=until, spans=[Span(600, LENGTH_S)])
    text = shown(coach, "before1", term.id)
    assert "0 before and 1 since" in text
    assert "1 more lesson has no value: no change of activity is declared in it" in text


def test_lessons_of_others_and_other_rooms_do_not_count(client, stores, term):
    add_lesson(stores, "elsewhere", -1, 300, room="room-9")
    add_lesson(stores, "theirs", -1, 300, teacher="Mr Oh")
    text = shown(client, "since3", term.id)
    assert re.search(r"\(3 lessons\)\. Since: typically [\w ]+ \(3 lessons\)", text)
    assert "5 min" not in text


def test_hidden_and_running_lessons_do_not_count(client, stores, clock, term):
    for lesson in ("since1", "since2", "since3"):
        stores.sharing.teacher.hide(lesson, BY)
    add_lesson(stores, "running", -1, 60, ends_utc_ns=clock.utc_ns() + DAY_NS,
               starts_utc_ns=clock.utc_ns() - 1_000 * SECOND_NS)  # fmt: skip
    text = shown(client, "before1", term.id)
    assert "3 before and 0 since" in text
    assert "1 more lesson has no value" in text


def test_what_the_timeline_cant_show_says_so(client, filled):
    client.post("/lessons/sample/step", data={"what": "Smile"}, headers=HTMX)
    found = re.search(r"/step/(\w+)/remove", client.get("/lessons/sample/step").text)
    assert found is not None
    assert "The timeline can’t show this step." in shown(client, "sample", found[1])
    shown(client, "sample", "never-was", 404)


@pytest.mark.parametrize(
    "fields",
    ({"shows": "zone", "shows_zone": "room", "zone_minutes": "10", "part": "small_group"},
     {"shows": "zone", "shows_zone": "Window", "zone_minutes": "10", "part": "end"},
     {"shows": "quieter", "part": "small_group"}, {"shows": "quieter", "part": "start"},
     {"shows": "settles", "settles_minutes": "3"}),
)  # fmt: skip
def test_each_measure_has_a_value_of_the_sample_lesson(client, filled, fields):
    client.post("/lessons/sample/step", data={"what": "Try", **fields}, headers=HTMX)
    found = re.search(r"/step/(\w+)/remove", client.get("/lessons/sample/step").text)
    assert found is not None
    text = shown(client, "sample", found[1])
    assert "1 before and 0 since" in text
    assert "18 November 2025" in text


def test_the_parts_of_a_lesson_that_a_step_is_about():
    def spans(**given):
        return spans_of(StepText(what="x", **given), PLAN, LENGTH_S)

    zone = {"shows": "zone", "shows_zone": "room", "shows_minutes": 5}
    assert spans(**zone) == spans(**zone, part="start") == [(0.0, 300.0)]
    assert spans(**zone, part="end") == [(LENGTH_S - 300.0, LENGTH_S)]
    assert spans(**zone, part="individual_work") == [(CHANGE_S, CHANGE_S + 300.0)]
    assert spans(**zone, part="test") == []
    assert spans(shows="quieter", part="individual_work") == [(CHANGE_S, LENGTH_S)]
    assert spans(shows="quieter", part="end") == [(LENGTH_S - 300.0, LENGTH_S)]


def test_each_measure_reads_as_a_sentence():
    zone = {"shows": "zone", "shows_zone": "room", "shows_minutes": 1}
    assert measure_words(StepText(what="x", **zone, part="test")) == (
        "Time with more movement than usual in the whole room, in the first 1 minute of the test"
    )
    assert measure_words(StepText(what="x", shows="quieter", part="end")) == (
        "Noise in the last five minutes of the lesson"
    )
    (few,) = comparison_sentences("noise", compare("noise", [65.0], [64.0]))
    assert few.startswith("Too few lessons to compare yet: 1 before and 1 since. It takes 4 in all")
    found = comparison_sentences("noise", compare("noise", [65.0, 66.0, 67.0], [66.0, 66.5]))
    assert found[0] == "No difference that these sensors can show."
    assert "dB quieter to" in found[2]
