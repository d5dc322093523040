"""The next visit as an entry for a calendar, read by the icalendar library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from contract.clock import SECOND_NS
from contract.errors import UsageError
from dashboard_api.record.next_visit import Visit, calendar_of, usual_visit, visit_time
from school.audit.actor import Actor
from school.debrief.records import StepText
from school.lessons.records import Lesson
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import COACH, TEACHER

FILE = "/lessons/sample/next-visit.ics"
BERLIN = ZoneInfo("Europe/Berlin")
DAY_NS = 86_400 * SECOND_NS
ADA = Actor(name=TEACHER, utc_ns=START_NS, person=TEACHER)


def event_of(text: bytes) -> object:
    calendar = Calendar.from_ical(text)
    assert calendar["version"] == "2.0"
    (event,) = calendar.walk("VEVENT")
    assert event.errors == []
    return event


def taken(pages: Pages, **asked: object):
    answer = pages.get(FILE, params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return event_of(answer.content)


def lesson(name: str, starts_utc_ns: int, title: str = "Fractions, part 2") -> Lesson:
    return Lesson(
        id=name, room="room-204", teacher="Ms Ortega", title=title, starts_utc_ns=starts_utc_ns,
        ends_utc_ns=starts_utc_ns + 3000 * SECOND_NS, source="timetable",
    )  # fmt: skip


def test_it_is_at_the_chosen_time_and_says_no_more_than_where(client, filled, stores) -> None:
    stores.sharing.steps.write("sample", StepText(what="Begin early; at the bell"), ADA)
    event = taken(client, at="2025-12-02T11:05", minutes=50)
    assert event["dtstart"].dt == datetime(2025, 12, 2, 10, 5, tzinfo=UTC)
    assert event["dtend"].dt - event["dtstart"].dt == timedelta(minutes=50)
    assert event["summary"] == "Next visit: Fractions, part 2"
    assert event["location"] == "room-204"
    assert event["url"] == "http://127.0.0.1:8000/lessons/sample"
    assert event["class"] == "PRIVATE"
    assert "description" not in event
    again = taken(client, at="2025-12-02T11:05", with_step=True)
    assert again["uid"] == event["uid"]
    assert again["description"] == "Begin early; at the bell\nThe timeline can’t show it."
    assert taken(client, at="2025-12-03T11:05")["uid"] != event["uid"]
    done = [e.sentence for e in stores.audit.of_person(TEACHER, 9) if e.action == "exported"]
    assert done[0] == "The-teacher exported lesson sample: the next visit for a calendar"


def test_the_page_proposes_a_time(client, coach, filled, stores) -> None:
    assert 'value="2025-11-25T11:05"' in client.get("/lessons/sample/take").text
    stores.lessons.put(lesson("other", START_NS + 2 * DAY_NS, "Music"))
    assert 'value="2025-11-20T11:05"' in client.get("/lessons/sample/take").text
    stores.lessons.put(lesson("like", START_NS + 3 * DAY_NS))
    assert 'value="2025-11-21T11:05"' in client.get("/lessons/sample/take").text
    assert 'value="2025-11-25T11:05"' in coach.get("/lessons/sample/take").text
    assert taken(coach)["dtstart"].dt == datetime(2025, 11, 25, 10, 5, tzinfo=UTC)
    assert taken(coach)["summary"] == "Next visit: Ms Ortega"


@pytest.mark.parametrize("at", ("2025-11-18T11:05", "2027-01-01T10:00", "soon", "2025-13-01T10:00"))
def test_another_time_is_refused_with_a_sentence(client, filled, stores, at: str) -> None:
    answer = client.get(FILE, params={"at": at})
    assert answer.status_code == 422
    assert "next visit" in answer.json()["detail"]
    assert not [e for e in stores.audit.of_person(TEACHER, 9) if e.action == "exported"]


def test_a_week_later_is_at_the_same_time_by_the_clock_on_the_wall() -> None:
    before_change = round(datetime(2026, 3, 27, 9, 0, tzinfo=BERLIN).timestamp()) * SECOND_NS
    at = usual_visit(lesson("a", before_change), [], before_change + DAY_NS, BERLIN)
    assert at.isoformat() == "2026-04-03T09:00:00+02:00"
    with pytest.raises(UsageError):
        visit_time("", before_change, BERLIN)
    assert visit_time("2026-04-03T09:00", before_change, None).tzinfo is not None


@given(st.text(), st.text(), st.text())
def test_no_word_adds_a_line_of_its_own(title: str, room: str, words: str) -> None:
    visit = Visit(
        lesson="a", starts=datetime(2026, 1, 1, tzinfo=UTC), minutes=45, title=f"x {title}",
        room=room, address="https://school.example/lessons/a", words=words,
    )  # fmt: skip
    event = event_of(calendar_of(visit, START_NS))
    assert {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "URL", "CLASS"} <= set(
        event
    )
    assert set(event) <= {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "URL",
                          "CLASS", "DESCRIPTION"}  # fmt: skip
    assert not event.subcomponents
    assert COACH not in str(event)
