"""The page for notes during a visit: who opens it, on which day, and whose notes it lists."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.clock import SECOND_NS
from tests.signed_in import BY, COACH, add_person, cookie

VISIT = "/lessons/sample/visit"
CLOSED = "Notes of a visit are taken on the day of the lesson"


@pytest.mark.parametrize(
    ("hours", "is_open"),
    ((-12, False), (-11, True), (0, True), (0.5, True), (12.9, True), (13, False)),
)
def test_it_is_open_on_the_schools_day_of_the_lesson(client, clock, filled, hours, is_open):
    """The lesson begins at 11:05 in Berlin."""
    clock.utc_at_boot_ns = filled.start_ns + round(hours * 3600) * SECOND_NS
    text = client.get(VISIT).text
    assert (CLOSED not in text) == is_open
    assert ('id="visit"' in text) == is_open


def test_a_lesson_that_goes_on_over_midnight_stays_open(client, stores, clock, filled):
    hour = 3600 * SECOND_NS
    starts, ends = filled.start_ns + 12 * hour, filled.start_ns + 14 * hour  # 23:05 to 1:05
    stores.lessons.put(replace(filled.lesson, starts_utc_ns=starts, ends_utc_ns=ends))
    clock.utc_at_boot_ns = ends - 1
    assert 'id="visit"' in client.get(VISIT).text
    clock.utc_at_boot_ns = ends
    assert CLOSED in client.get(VISIT).text


def test_it_lists_ones_own_notes_of_the_visit_alone(client, stores, clock, filled):
    add_person(stores.people, COACH, "coach")
    now = clock.utc_ns()
    stores.sharing.share("sample", COACH, BY, until_utc_ns=now + 86_400 * SECOND_NS)
    began = (filled.start_ns + 100 * SECOND_NS) // 1_000_000
    with client.browser(cookie(stores.people, now, COACH)) as coach:
        for pages, note in ((coach, "of the coach"), (client, "of the teacher")):
            body = {"began_utc_ms": began, "note": note, "note_kind": "strength"}
            assert pages.post("/api/lessons/sample/moments", json=body).status_code == 201
        text = coach.get(VISIT).text
    assert "of the coach" in text
    assert "of the teacher" not in text
    assert "Handing out the cards" not in text


def test_its_clock_is_the_servers(client, clock, filled):
    assert client.get(f"{VISIT}/clock").json() == {"utc_ms": clock.utc_ns() // 1_000_000}


def test_the_start_page_leads_there_while_a_lesson_is_on(client, clock, filled):
    assert VISIT not in client.get("/").text
    assert VISIT not in client.get("/lessons/sample").text
    clock.utc_at_boot_ns = filled.start_ns + 600 * SECOND_NS
    assert VISIT in client.get("/").text
    assert VISIT in client.get("/lessons/sample").text


def test_a_look_at_it_is_recorded(client, stores, filled):
    client.get(VISIT)
    assert any("looked at" in each.sentence for each in stores.audit.of_lesson("sample", 10))
