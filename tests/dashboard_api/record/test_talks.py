"""How long the two talked, in what is taken along: for the two alone."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from contract.clock import SECOND_NS
from school.bundle.file_format import read_bundle
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie

SECOND = "the-second"


@pytest.fixture
def second(client, coach, stores, filled, clock):
    """Another coach; the teacher talked with each."""
    add_person(stores.people, SECOND, "coach")
    until = clock.utc_ns() + 86_400 * SECOND_NS
    stores.sharing.share("sample", SECOND, BY, until_utc_ns=until)
    for person, day, minutes in (
        (COACH, date(2025, 11, 19), 42), (COACH, date(2025, 11, 20), 75),
        (SECOND, date(2025, 11, 21), 7),
    ):  # fmt: skip
        stores.sharing.talks.add("sample", TEACHER, person, day, minutes)
    with client.browser(cookie(stores.people, clock.utc_ns(), SECOND)) as pages:
        yield pages


def record_of(pages: Pages) -> str:
    made = pages.get("/lessons/sample/record.pdf").content
    return " ".join(
        " ".join(page.extract_text() for page in PdfReader(BytesIO(made)).pages).split()
    )


def bundled(pages: Pages) -> list[tuple[str, date, int]]:
    found = read_bundle(pages.get("/lessons/sample/lesson.json").content, "it")
    return [(one.coach, one.day, one.minutes) for one in found.talks]


def test_each_of_the_two_reads_how_long_they_talked(client, coach, second):
    first = f"Talked for 42 min on 19 November 2025 with {COACH}."
    longer = f"Talked for 75 min on 20 November 2025 with {COACH}."
    other = f"Talked for 7 min on 21 November 2025 with {SECOND}."
    mine, theirs, of_second = (record_of(pages) for pages in (client, coach, second))
    for sentence in (first, longer, other):
        assert sentence in mine
    assert first in theirs
    assert longer in theirs
    assert other in of_second
    assert "21 November" not in theirs
    assert "42 min" not in of_second
    assert [day.day for _, day, _ in bundled(client)] == [19, 20, 21]
    assert bundled(second) == [(SECOND, date(2025, 11, 21), 7)]


def test_an_imported_copy_shows_it_without_the_name(coach, second):
    file = coach.get("/lessons/sample/lesson.json").content
    answer = second.post("/imported", files={"file": ("lesson.json", file)})
    page = second.get(answer.headers["location"]).text
    assert "Talked for 42 min on 19 November 2025 with a coach." in page
    assert COACH not in page
