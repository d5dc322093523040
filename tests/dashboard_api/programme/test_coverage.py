"""The page and the file of how far coaching reaches: who sees what, and that a month is counted once."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest

from school.programme.records import SchoolGroup
from tests.dashboard_api.conftest import START_NS
from tests.schools import BY, add_school
from tests.signed_in import COACH, add_person, cookie


def text_of(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def table(answer):
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))


@pytest.fixture
def district(client, stores):
    add_school(stores, "ash", 20, 10)
    add_school(stores, "birch", 12, 0)
    north = SchoolGroup(name="north", title="The north", sites=frozenset({"ash"}))
    stores.programme.put_group(north, BY)
    return client


def test_a_month_is_counted_and_shown_with_n_and_interval(district, stores):
    page = text_of(district.get("/programme/coverage"))
    assert "No month is counted yet." in page
    assert "October 2025 September 2025" in page
    answer = district.post("/programme/coverage/count", data={"month": "2025-10"})
    assert (answer.status_code, answer.headers["location"]) == (
        303, "/programme/coverage?month=2025-10"
    )  # fmt: skip
    page = text_of(district.get("/programme/coverage"))
    assert "The whole district 32 31 % (18 to 49 %): 10 of 32 0 % (0 to 28 %): 0 of 10" in page
    assert "Groups of schools The north 20 50 % (30 to 70 %): 10 of 20" in page
    assert "Schools Ash 20 50 % (30 to 70 %): 10 of 20" in page
    assert "Birch 12 0 % (0 to 24 %): 0 of 12" in page
    assert '<option value="2025-10"' not in district.get("/programme/coverage").text
    stores.programme.remove_group("north", BY)
    assert "The north" in text_of(district.get("/programme/coverage?month=2025-10"))


def test_the_file_has_what_the_page_has(district, stores):
    assert table(district.get("/programme/coverage.csv")) == []
    district.post("/programme/coverage/count", data={"month": "2025-10"})
    rows = table(district.get("/programme/coverage.csv?month=2025-10"))
    assert [(row["kind"], row["name"], row["teachers"], row["with_cycle"]) for row in rows] == [
        ("district", "", "32", "10"), ("group", "north", "20", "10"),
        ("school", "ash", "20", "10"), ("school", "birch", "12", "0"),
    ]  # fmt: skip
    assert (rows[0]["share"], rows[0]["low_95"], rows[0]["high_95"]) == (
        "0.3125", "0.1795", "0.4857"
    )  # fmt: skip
    assert (rows[0]["rooms"], rows[0]["running"], rows[0]["rooms_share"]) == ("10", "0", "0.0")
    assert "exported the programme" in stores.audit.latest(limit=1)[0].sentence


def test_a_school_of_fewer_than_ten_has_no_row_of_figures(district, stores):
    add_school(stores, "cedar", 9, 9)
    district.post("/programme/coverage/count", data={"month": "2025-10"})
    page = text_of(district.get("/programme/coverage"))
    assert "Cedar not shown: fewer than ten teachers" in page
    assert "Birch not shown: fewer than ten teachers, or too few to hide a small group" in page
    last = table(district.get("/programme/coverage.csv"))[-1]
    assert (last["title"], last["teachers"], last["rooms"]) == ("Cedar", "", "")
    assert last["note"] == "too few teachers to show"


@pytest.mark.parametrize("month", ("2025-11", "2025-04", "2025-1", "2025-13", "october"))
def test_a_month_that_is_not_over_or_too_old_is_refused(district, stores, month):
    answer = district.post("/programme/coverage/count", data={"month": month})
    assert answer.status_code == 422
    assert "Choose one of the last six months that are over." in text_of(answer)
    assert stores.coverage.months() == []


def test_too_few_teachers_are_not_counted(district, stores):
    answer = district.post("/programme/coverage/count", data={"month": "2025-09"})
    assert answer.status_code == 422
    assert "Fewer than ten teachers had a lesson in 2025-09" in text_of(answer)
    assert district.get("/programme/coverage?month=2025-09").status_code == 404
    assert district.get("/programme/coverage.csv?month=2025-09").status_code == 404


def test_who_reads_counts_alone_counts_no_month(district, stores):
    add_person(stores.people, "officer", "privacy_officer")
    with district.browser(cookie(stores.people, START_NS, "officer")) as officer:
        assert "Count a month" not in text_of(officer.get("/programme/coverage"))
        refused = officer.post("/programme/coverage/count", data={"month": "2025-10"})
        assert refused.status_code == 404
    add_person(stores.people, COACH, "coach")
    with district.browser(cookie(stores.people, START_NS, COACH)) as coach:
        assert coach.get("/programme/coverage").status_code == 404
        assert coach.get("/programme/coverage.csv").status_code == 404
    assert stores.coverage.months() == []
