"""The calendar of what one plans: its secret address, what stands in it, and what never does."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from icalendar import Calendar

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.cycle.records import CycleText
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, COACH, TEACHER, cookie

DAY_NS = 86_400 * SECOND_NS
TEXT = CycleText(
    focus="Waiting after a question", debrief_on=date(2025, 12, 1), again_on=date(2025, 12, 15)
)


def make(client: Pages) -> str:
    """The path of a new address."""
    answer = client.post("/account/calendar")
    assert answer.status_code == 200, answer.text
    (path,) = re.findall(
        r"http://127\.0\.0\.1:8000(/calendar/roomtone_[\w-]{43}\.ics)", answer.text
    )
    return str(path)


def entries(client: Pages, path: str) -> list[tuple[str, object, str]]:
    with client.browser() as nobody:
        answer = nobody.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return [
        (str(each["summary"]), each.decoded("dtstart"), str(each["url"]))
        for each in Calendar.from_ical(answer.content).walk("VEVENT")
    ]


@pytest.fixture
def cycle(stores):
    by = Actor(name="Ms Ortega", utc_ns=1, person=TEACHER)
    return stores.sharing.cycles.write(TEXT, COACH, by)


def test_both_sides_of_a_cycle_have_its_days(client, coach, cycle) -> None:
    days = [
        ("Talk about a lesson", date(2025, 12, 1)),
        ("Look at a lesson again", date(2025, 12, 15)),
    ]
    own = entries(client, make(client))
    assert own == [(*each, "http://127.0.0.1:8000/cycle") for each in days]
    theirs = entries(client, make(coach))
    assert theirs == [(*each, "http://127.0.0.1:8000/caseload") for each in days]


def test_a_lesson_to_observe_stands_there_with_its_room(
    client, coach, filled, stores, clock
) -> None:
    lesson = filled.lesson
    starts_ns = clock.utc_ns() + 2 * DAY_NS
    visit = replace(lesson, id="coming", starts_utc_ns=starts_ns, ends_utc_ns=None)
    stores.lessons.put(visit)
    stores.lessons.put(replace(visit, id="old", starts_utc_ns=starts_ns - 40 * DAY_NS,
                               ends_utc_ns=starts_ns - 40 * DAY_NS + 1))  # fmt: skip
    by = Actor(name="Ms Ortega", utc_ns=1, person=TEACHER)
    path = make(coach)
    assert entries(client, path) == []
    for name in ("coming", "old"):
        stores.sharing.observers.ask(name, COACH, by)
    (found,) = entries(client, path)
    what, starts, url = found
    assert (what, url) == ("Visit a lesson", "http://127.0.0.1:8000/observing")
    assert isinstance(starts, datetime)
    assert int(starts.timestamp()) == starts_ns // SECOND_NS
    with client.browser() as nobody:
        (event,) = Calendar.from_ical(nobody.get(path).content).walk("VEVENT")
    assert event.decoded("dtend") - starts == timedelta(minutes=45)
    assert str(event["location"]) == lesson.room
    stores.sharing.observers.take_back("coming", COACH, by)
    assert entries(client, path) == []


def test_no_name_no_focus_and_no_title_stands_in_it(
    client, coach, filled, stores, clock, cycle
) -> None:
    lesson = replace(filled.lesson, id="coming", starts_utc_ns=clock.utc_ns() + DAY_NS,
                     ends_utc_ns=None)  # fmt: skip
    stores.lessons.put(lesson)
    stores.sharing.observers.ask("coming", COACH, Actor(name="o", utc_ns=1, person=TEACHER))
    with client.browser() as nobody:
        text = nobody.get(make(coach)).text
    assert text.count("BEGIN:VEVENT") == 3
    for word in (TEACHER, COACH, lesson.teacher, lesson.title, "Waiting", cycle.id):
        assert word not in text


def test_an_entry_keeps_its_id_when_its_day_changes(client, coach, stores, cycle) -> None:
    path = make(client)
    with client.browser() as nobody:
        before = re.findall("UID:.*", nobody.get(path).text)
        by = Actor(name="Ms Ortega", utc_ns=2, person=TEACHER)
        stores.sharing.cycles.change(
            cycle.id, cycle.revision, replace(TEXT, again_on=date(2026, 1, 9)), COACH, by
        )
        assert re.findall("UID:.*", nobody.get(path).text) == before


def test_its_address_opens_nothing_else(client, filled) -> None:
    path = make(client)
    token = path.removeprefix("/calendar/").removesuffix(".ics")
    with client.browser() as program:
        program._client.headers["Authorization"] = f"Bearer {token}"
        for page in ("/api/lessons", "/account", "/", "/api/lessons/sample/moments"):
            assert program.get(page).status_code == 401, page


def test_a_token_of_a_role_is_no_address(client) -> None:
    form = {"name": "robot", "role": "teacher", "until": "2025-12-24"}
    (token,) = re.findall(r"roomtone_[\w-]{43}", client.post("/account/tokens", data=form).text)
    with client.browser() as nobody:
        assert nobody.get(f"/calendar/{token}.ics").status_code == 404
        assert nobody.get("/calendar/x.ics").status_code == 404


def test_it_is_shown_once_ends_the_one_before_and_is_revoked(client, stores, tmp_path) -> None:
    first, second = make(client), make(client)
    page = client.get("/account").text
    assert second not in page
    assert page.count("opens your calendar alone") == 1
    with client.browser() as nobody:
        assert nobody.get(first).status_code == 404
        assert nobody.get(second).status_code == 200
        (own,) = stores.people.tokens.of_person(TEACHER)
        client.post(f"/account/tokens/{own.id}/revoke")
        assert nobody.get(second).status_code == 404
    for file in tmp_path.rglob("school.db*"):
        assert second.removeprefix("/calendar/roomtone_").removesuffix(".ics").encode() not in (
            file.read_bytes()
        )


def test_it_ends_after_a_year_and_with_whoever_leaves(client, coach, stores, clock) -> None:
    path = make(coach)
    with client.browser() as nobody:
        clock.advance(366 * 86_400)
        assert nobody.get(path).status_code == 404
    with client.browser(cookie(stores.people, clock.utc_ns(), COACH)) as pages:
        path = make(pages)
    stores.people.leaving.leave(COACH, BY, utc_ns=1)
    with client.browser() as nobody:
        assert nobody.get(path).status_code == 404


def test_it_is_in_the_owners_language(client, coach, cycle, stores) -> None:
    path = make(coach)
    stores.people.languages.choose(COACH, "es")
    assert {each[0] for each in entries(client, path)} == {
        "Hablar de una lección", "Volver a mirar una lección",
    }  # fmt: skip
