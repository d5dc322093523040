"""The sheet over HTTP: what it shows, and what it takes, twice, late and out of order."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest

from contract.clock import SECOND_NS
from contract.wire.messages import Birth, Hub
from contract.wire.payload import FULL_LAYOUT_CODES
from ingest.stores.records import Tick
from tests.dashboard_api.conftest import START_NS

SHEET = "/lessons/maths/coding"


def sent(start_s: int, answer: str | None = "few", *, name: str = "a", said_ms: int = 1) -> dict:
    return {"id": name * 32, "start_s": start_s, "answer": answer, "said_ms": said_ms}


def post(browser, *looks: dict):
    return browser.post("/lessons/maths/looks", json={"looks": list(looks)})


def coded(lesson, person: str = "kim") -> list[tuple[int, str, str]]:
    looks = lesson.stores.sharing.observers.looks_of(person)
    return [(look.start_s, look.zone, look.answer) for look in looks]


def plan_of(page: str) -> dict:
    (text,) = re.findall(r'data-plan="([^"]*)"', page)
    return json.loads(html.unescape(text))


@pytest.fixture
def kim(lesson):
    lesson.ask("kim")
    with lesson.browser("kim") as browser:
        assert browser.get(SHEET).status_code == 200  # from then on the plan is settled
        yield browser


def test_both_observers_have_the_same_turn_whenever_they_open_it(lesson) -> None:
    lesson.ask("kim", "lou")
    zones = []
    for second in (300, 319, 329.9, 330, 365):
        lesson.at(second)
        seen = set()
        for person in ("kim", "lou"):
            with lesson.browser(person) as browser:
                page = browser.get(SHEET).text
                seen.add(re.findall(r'id="zone">([^<]*)<', page)[0])
                assert plan_of(page)["zones"] == ["Window", "Front", "Door"]
        zones += seen
    assert zones == ["Front", "Front", "Front", "Door", "Window"]


def test_a_look_is_kept_once_however_often_it_comes(lesson, kim) -> None:
    for _ in range(3):
        answer = post(kim, sent(300), sent(270, "most", name="b"))
        assert answer.status_code == 200
        assert answer.json()["taken"] == ["a" * 32, "b" * 32]
    assert coded(lesson) == [(270, "Window", "most"), (300, "Front", "few")]
    # Undone, and the first answer comes once more.
    post(kim, sent(300, None, name="c", said_ms=9))
    post(kim, sent(300))
    assert coded(lesson) == [(270, "Window", "most")]


def test_the_lessons_clock_comes_with_every_answer(lesson, kim) -> None:
    lesson.at(301.5)
    reply = kim.get(f"{SHEET}/clock").json()
    assert reply == {"lesson_ms": 301_500, "length_s": 2700}
    assert post(kim).json() == {**reply, "taken": [], "refused": {}}
    assert 'data-now-ms="301500"' in kim.get(SHEET).text


@pytest.mark.parametrize(
    ("start_s", "why"),
    ((301, "No look"), (2700, "No look"), (86_400, "No look")),
)
def test_what_is_no_look_yet_is_refused_by_id_and_the_others_are_kept(
    lesson, kim, start_s, why
) -> None:
    reply = post(kim, sent(start_s, name="b"), sent(300)).json()
    assert reply["taken"] == ["a" * 32]
    assert why in reply["refused"]["b" * 32]
    assert coded(lesson) == [(300, "Front", "few")]


def test_a_look_that_has_not_begun_by_a_clock_that_was_set_back_is_sent_again(lesson, kim) -> None:
    reply = post(kim, sent(330, name="b"), sent(300)).json()
    assert (reply["taken"], reply["refused"]) == (["a" * 32], {})
    answer = kim.post(SHEET, data={"start_s": "330", "answer": "half"})
    assert (answer.status_code, "has not started yet" in answer.text) == (422, True)
    lesson.at(335)
    assert post(kim, sent(330, name="b")).json()["taken"] == ["b" * 32]


@pytest.mark.parametrize(
    "look",
    (
        sent(300, "bored"), sent(-30), {**sent(300), "seat": 4}, {**sent(300), "id": "x"},
        {**sent(300), "start_s": 300.5}, sent(300, said_ms=-1),
    ),
)  # fmt: skip
def test_what_is_no_answer_is_refused(lesson, kim, look) -> None:
    assert post(kim, look).status_code == 422
    assert coded(lesson) == []


def test_a_phone_may_send_what_it_holds_for_a_week_after_the_lesson(lesson, kim) -> None:
    lesson.at(2700 + 7 * 86_400 - 1)
    with lesson.browser("kim") as later:
        assert post(later, sent(300)).json()["taken"] == ["a" * 32]
        assert "The lesson is over" in later.get(SHEET).text
        lesson.at(2700 + 7 * 86_400)
    with lesson.browser("kim") as later:
        assert post(later, sent(330)).status_code == 404
        assert later.get(SHEET).status_code == 404
        assert "the sheet is closed" in later.get("/observing").text
        assert "Fractions" not in later.get("/observing").text


def test_one_look_by_a_plain_form_and_its_undoing(lesson, kim) -> None:
    page = kim.get(SHEET).text
    assert "How many were off task?" in page
    (start,) = re.findall(r'id="answers".*?name="start_s" value="(\d+)"', page, re.DOTALL)
    answer = kim.post(SHEET, data={"start_s": start, "answer": "half"})
    assert (answer.status_code, answer.headers["location"]) == (303, SHEET)
    assert coded(lesson) == [(300, "Front", "half")]
    page = kim.get(SHEET).text
    assert "Undo Front: about half" in page
    assert re.search(r'id="answers"[^>]* hidden>', page)
    lesson.at(302)
    kim.post(SHEET, data={"start_s": start, "answer": "undone"})
    assert coded(lesson) == []
    answer = kim.post(SHEET, data={"start_s": "3000", "answer": "few"})
    assert answer.status_code == 422
    assert "No look of this lesson begins at that time" in answer.text


def test_zones_of_the_kit_serve_where_the_lesson_names_none(lesson) -> None:
    lessons, periods = lesson.stores.lessons, lesson.stores.periods
    found = lessons.get("maths")
    lessons.put(replace(found, zones=()))
    lesson.ask("kim")
    with lesson.browser("kim") as kim:
        assert "No zones yet" in kim.get(SHEET).text
        reply = post(kim, sent(300)).json()
        assert (reply["taken"], reply["refused"]) == ([], {})
        periods.commit(tick_of_kit())
        assert plan_of(kim.get(SHEET).text)["zones"] == ["hub-a + hub-b", "hub-c"]
        # Settled: a seat that opts out now changes nothing for the other phone.
        for seat in range(11, 16):
            lessons.opt_out("r1", seat)
        assert plan_of(kim.get(SHEET).text)["zones"] == ["hub-a + hub-b", "hub-c"]
        assert post(kim, sent(300)).json()["taken"]


def tick_of_kit() -> Tick:
    seats = {"hub-a": (1, 2, 3), "hub-b": (4, 5, 6, 7), "hub-c": (11, 12, 13, 14, 15)}
    birth = Birth(
        node="pi-1", run=1, boot="00000000-0000-4000-8000-000000000001", software="0.1.0",
        period_ns=SECOND_NS, run_boot_ns=0, seat_codes=FULL_LAYOUT_CODES[0],
        room_codes=FULL_LAYOUT_CODES[1], units={}, synchronised=True,
        hubs=tuple(
            Hub(hub=name, firmware="1", seats=some, sample_rate_hz=50.0, has_sound=False)
            for name, some in seats.items()
        ),
    )  # fmt: skip
    return Tick(received_utc_ns=START_NS, births=[("school", "r1", birth)])


def test_zones_are_settled_a_quarter_of_an_hour_before_the_lesson(lesson) -> None:
    lesson.ask("kim")
    lesson.at(-901)
    with lesson.browser("kim") as kim:
        page = kim.get(SHEET).text
        assert "Not yet" in page
        assert plan_of(page)["zones"] == []
    assert lesson.stores.sharing.observers.plan("maths") == ()
    lesson.at(-899)
    with lesson.browser("kim") as kim:
        page = kim.get(SHEET).text
        assert "The lesson has not started" in page
        assert plan_of(page)["zones"] == ["Window", "Front", "Door"]


def test_a_lesson_that_was_stopped_takes_no_looks_after_its_end(lesson, kim) -> None:
    lessons = lesson.stores.lessons
    lessons.put(replace(lessons.get("maths"), ends_utc_ns=START_NS + 330 * SECOND_NS))
    reply = post(kim, sent(300), sent(330, name="b")).json()
    assert (reply["taken"], list(reply["refused"])) == (["a" * 32], ["b" * 32])
    assert reply["length_s"] == 330


def test_opening_the_sheet_stands_in_the_audit_log(lesson, kim) -> None:
    kim.get(SHEET)
    entries = [entry.sentence for entry in lesson.stores.audit.of_lesson("maths", 9)]
    assert entries.count("Kim looked at the observers’ sheet of lesson maths") == 1


def test_observers_download_and_withdraw_what_they_coded(lesson, kim) -> None:
    post(kim, sent(300), sent(270, "unsure", name="b"), sent(240, None, name="c"))
    text = kim.get("/observing/looks.csv").content.decode("utf-8-sig").splitlines()
    assert text == [
        "lesson,zone,start_s,end_s,answer",
        "maths,Window,270,290,unsure",
        "maths,Front,300,320,few",
    ]
    page = kim.get("/observing").text
    assert "2 looks" in page
    assert "Delete all 2 for good" in page
    assert kim.post("/lessons/maths/looks/withdraw").headers["location"] == "/observing"
    assert coded(lesson) == []
    assert "Nobody asks you to observe" in kim.get("/observing").text
    assert kim.get(SHEET).status_code == 404
    assert kim.post("/lessons/never-was/looks/withdraw").status_code == 303


def test_others_may_withdraw_nothing_of_it(lesson, kim) -> None:
    post(kim, sent(300))
    with lesson.browser("lou") as lou:
        lou.post("/lessons/maths/looks/withdraw")
        assert lou.get("/observing/looks.csv").text.count("\n") == 1
    assert coded(lesson) == [(300, "Front", "few")]
