"""One's own time and the sheet over HTTP: whose is what, and what a file that is wrong changes."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import insert

from school.audit.actor import Actor
from school.ledger.records import Costs, Week
from school.programme.records import SchoolGroup
from school.rooms.records import Site
from school.roster.tables import roster_records
from tests.dashboard_api.conftest import START_NS
from tests.signed_in import COACH, TEACHER, add_person, cookie

MONDAY = date(2025, 11, 17)
LAST_DAY = "2025-11-14"
"""A Friday: the sheet has the week's Sunday as its last day."""
BY = Actor(name="roomtone site", utc_ns=START_NS)


def text_of(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def table(answer):
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))


def upload(client, path, text):
    return client.post(path, files={"file": ("my time.csv", text.encode(), "text/csv")})


@pytest.fixture
def district(client, stores):
    """Twelve people save two hours a week each since the programme began, ten weeks ago."""
    for name in ("ash", "birch"):
        stores.rooms.add_site(Site(name=name), BY)
    stores.programme.put_group(
        SchoolGroup(name="north", title="The north", sites=frozenset({"ash"})), BY
    )
    starts_on = MONDAY - timedelta(weeks=10)
    stores.ledger.put_costs(Costs(starts_on=starts_on, hour_cost=40.0, kit_cost=500.0), BY)
    for number in range(12):
        person = f"p{number}"
        add_person(stores.people, person, "coach")
        keep(stores, person, starts_on)
    stores.programme.put_people({f"p{n}": "ash" if n < 3 else "birch" for n in range(12)}, BY)
    return client


def keep(stores, person, starts_on):
    weeks = [
        Week(monday=starts_on + timedelta(days=7 * at), travelling=300 if at < 0 else 180)
        for at in (-2, -1, 0, 1)
    ]
    stores.ledger.put_weeks(person, weeks, START_NS)


def count(client, last_day=LAST_DAY):
    return client.post("/programme/worth/count", data={"last_day": last_day})


def test_a_week_is_corrected_and_kept_by_its_owner(client, coach, stores, filled):
    stores.sharing.talks.add("sample", TEACHER, COACH, date(2025, 11, 18), 25)
    page = text_of(coach.get("/time"))
    assert "Week of 17 November 2025 Not kept yet." in page
    assert "Roomtone saw 25 minutes." in page
    answer = coach.post("/time", data={"monday": "2025-11-17", "debriefing": "30", "visiting": ""})
    assert (answer.status_code, answer.headers["location"]) == (303, "/time?week=2025-11-17")
    assert stores.ledger.all_weeks() == {COACH: [Week(monday=MONDAY, debriefing=30)]}
    assert "This is what you kept." in text_of(coach.get("/time?week=2025-11-19"))
    assert "17 November 2025 0.5 h" in text_of(coach.get("/time"))
    assert "not kept" in text_of(client.get("/time")), "nobody sees another one's week"
    assert table(client.get("/time.csv")) == []
    assert coach.post("/time/remove", data={"monday": "2025-11-17"}).status_code == 303
    assert coach.post("/time/remove", data={"monday": "2025-11-17"}).status_code == 404
    assert stores.ledger.all_weeks() == {}


@pytest.mark.parametrize(
    ("given", "sentence"),
    (
        ({"monday": "2025-11-17", "visiting": "-5"}, "visiting"),
        ({"monday": "2025-11-17", "visiting": "6001"}, "visiting"),
        ({"monday": "2025-11-18"}, "2025-11-18 is no Monday"),
        ({"monday": "2025-11-24"}, "This week has not started."),
    ),
)
def test_a_week_that_can_not_be_is_refused(client, stores, given, sentence):
    answer = client.post("/time", data=given)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert stores.ledger.all_weeks() == {}


def test_a_file_is_kept_whole_or_not_at_all(client, stores):
    head = "monday,preparing,visiting,travelling,debriefing,travel_saved\n2025-11-10,1,2,3,4,5\n"
    for line, sentence in (
        ("2025-11-03,0,-45,0,0,0\n", "my time.csv, line 3: visiting is “-45”"),
        ("2025-11-24,0,45,0,0,0\n", "the week of 2025-11-24 has not started"),
    ):
        answer = upload(client, "/time/file", head + line)
        assert answer.status_code == 422
        assert sentence in text_of(answer)
        assert stores.ledger.all_weeks() == {}
    assert client.post("/time/file", files={"other": ("x", b"")}).status_code == 422
    assert upload(client, "/time/file", head).status_code == 303
    (row,) = table(client.get("/time.csv"))
    assert list(row.values()) == ["2025-11-10", "1", "2", "3", "4", "5"]
    assert upload(client, "/time/file", client.get("/time.csv").text).status_code == 303


def test_the_list_has_26_weeks_and_a_link_to_those_before(client, stores):
    mondays = [MONDAY - timedelta(days=7 * back) for back in range(60)]
    stores.ledger.put_weeks(TEACHER, [Week(monday=each) for each in mondays], START_NS)
    shown, address = [], "/time"
    for weeks in (26, 26, 8):
        page = client.get(address).text
        on_it = re.findall(r'<a href="/time\?week=([0-9-]+)">', page)
        assert len(on_it) == weeks
        shown += on_it
        further = re.search(r"/time\?before=[0-9-]+", page)
        address = further[0] if further else ""
    assert shown == [each.isoformat() for each in mondays]
    assert address == ""
    assert "The latest weeks" in page
    assert "No earlier week is kept." in text_of(client.get("/time?before=0001-01-01"))


def test_a_sheet_is_counted_and_has_n_an_interval_and_its_caution(district, stores):
    before = text_of(district.get("/programme/worth"))
    assert "No sheet is counted yet It covers the weeks from 8 September 2025 on" in before
    assert "at least 8 of them: its last day is 2 November 2025 or later." in before
    assert "Hours saved a week" not in before
    assert table(district.get("/programme/worth.csv")) == []
    answer = count(district)
    assert (answer.status_code, answer.headers["location"]) == (303, "/programme/worth?sheet=1")
    page = text_of(district.get("/programme/worth"))
    assert "8 September 2025 to 16 November 2025 Counted once, on" in page
    assert "Correlation, not cause." in page
    assert "before the start (first sheet) 5.00 counted" in page
    assert "Hours saved a week and person, everybody 12 2.00 2.00 to 2.00" in page
    assert "The next sheet It covers the weeks from 17 November 2025 on" in page
    assert "These weeks are not over yet." in page
    answer = district.get("/programme/worth.csv?sheet=1")
    named = "worth-2025-09-08-to-2025-11-16.csv"
    assert named in answer.headers["content-disposition"]
    rows = {(row["figure"], row["of"]): row for row in table(answer)}
    saved = rows["hours_saved", "everybody"]
    assert [saved[name] for name in ("n", "value", "low_95", "high_95")] == [
        "12",
        "2.0",
        "2.0",
        "2.0",
    ]
    assert rows["hours_saved_in_all", "everybody"]["value"] == "48.0"
    assert rows["cost_of_hours_saved", "everybody"]["value"] == "1920.0"
    assert rows["gain_of_classes", "coached"]["value"] == ""
    assert all("correlation, not cause" in row["note"] for row in rows.values())
    assert {(row["first_day"], row["last_day"]) for row in rows.values()} == {
        ("2025-09-08", "2025-11-16")
    }
    (entry, *_) = stores.audit.latest(limit=1)
    assert "exported the programme" in entry.sentence


def test_what_changes_later_changes_no_sheet_but_its_money(district, stores):
    count(district)
    figures = district.get("/programme/worth.csv").text
    stores.people.leaving.leave("p3", BY, utc_ns=START_NS)
    stores.programme.put_people({"p4": ""}, BY)
    stores.programme.remove_group("north", BY)
    assert count(district).status_code == 303, "counted already"
    assert district.get("/programme/worth.csv").text == figures
    assert "The north" in district.get("/programme/hours-and-gain.csv").text
    costs = {"starts_on": "2025-09-08", "hour_cost": "50"}
    assert district.post("/programme/costs", data=costs).status_code == 303
    rows = {row["figure"]: row for row in table(district.get("/programme/worth.csv"))}
    assert rows["cost_of_hours_saved"]["value"] == "2400.0"
    assert rows["hours_saved_in_all"]["value"] == "48.0"
    moved = district.post("/programme/costs", data=costs | {"starts_on": "2025-09-15"})
    assert (moved.status_code, "The start stays 2025-09-08" in text_of(moved)) == (422, True)


def test_money_that_is_whole_stands_in_its_field_without_a_point(district, stores):
    costs = Costs(starts_on=date(2025, 9, 8), hour_cost=36.0, kit_cost=1234567.25, kit_years=4.5)
    stores.ledger.put_costs(costs, BY)
    fields = dict(re.findall(r'name="(\w+)" type="number"[^>]*value="([^"]*)"',
                             district.get("/programme/worth").text))  # fmt: skip
    assert fields == {
        "hour_cost": "36", "kit_cost": "1234567.25", "kit_years": "4.5", "school_weeks": "36",
        "comparison": "2100",
    }  # fmt: skip


def test_a_sheet_may_end_with_a_term_of_the_roster(district, stores):
    terms = (
        ("year", "2025/26", "2025-08-25", "2026-07-04"),
        ("early", "Early", "2025-08-25", "2025-10-27"),
        ("autumn", "Autumn", "2025-09-08", "2025-11-15"),
        ("period", "Period 2", "2025-10-06", "2025-11-15"),
    )
    with stores.ledger._database.writing() as connection:
        for number, name, first, after in terms:
            content = {"name": name, "kind": "term", "starts_on": first, "ends_on": after}
            values = {"kind": "academicSessions", "id": number, "content": json.dumps(content)}
            connection.execute(insert(roster_records), values)
    page = district.get("/programme/worth").text
    (choices,) = re.findall(r'<select id="term" name="last_day">(.*?)</select>', page)
    assert re.findall(r'<option value="([^"]*)">([^<]*)<', choices) == [
        ("2025-11-14", "Period 2, Autumn, up to 14 November 2025")
    ]
    assert count(district, "2025-11-14").status_code == 303
    assert '<select id="term"' not in district.get("/programme/worth").text


@pytest.mark.parametrize(
    ("last_day", "sentence"),
    (
        ("2025-11-17", "The week of 2025-11-17 is not over yet"),
        (
            "2025-10-26",
            "8 weeks or more: this one begins on 2025-09-08, so its last day is 2025-11-02",
        ),
        ("", "last_day"),
    ),
)
def test_a_sheet_that_can_not_be_is_refused(district, stores, last_day, sentence):
    answer = count(district, last_day)
    assert (answer.status_code, sentence in text_of(answer)) == (422, True)
    assert stores.worth_sheets.sheets() == []
    assert district.get("/programme/worth?sheet=1").status_code == 404
    assert district.get("/programme/worth.csv?sheet=1").status_code == 404


def test_without_a_start_the_page_asks_for_it_first(client, stores):
    assert "enters below on which Monday the programme began" in text_of(
        client.get("/programme/worth")
    )
    answer = count(client)
    assert (answer.status_code, "Enter first on which Monday" in text_of(answer)) == (422, True)


def test_who_keeps_a_week_that_is_counted_reads_so(district):
    words = "before 17 November 2025 are counted"
    assert words not in text_of(district.get("/time"))
    count(district)
    assert words in text_of(district.get("/time"))


def test_a_small_group_of_schools_has_no_row_of_figures(district):
    count(district)
    whole, north = table(district.get("/programme/hours-and-gain.csv"))
    assert (whole["group"], whole["hours_saved_n"], whole["hours_saved"]) == (
        "the whole district", "12", "2.0"
    )  # fmt: skip
    assert north["group"] == "The north"
    assert (north["hours_saved_n"], north["hours_saved"], north["gain"]) == ("", "", "")


def test_outcomes_come_from_a_file_or_not_at_all(district, stores):
    head = "school,class,teacher,coached,pupils,before,after\n"
    lines = [f"ash,{n}a,Ms Quill {n},yes,20,50,{54 + n % 3}\n" for n in range(10)]
    wrong = upload(district, "/programme/outcomes", head + "".join(lines) + "ash,9b,X,yes,3,5,6\n")
    assert wrong.status_code == 422
    assert "line 12: pupils is “3”" in text_of(wrong)
    assert stores.ledger.outcomes() == []
    assert upload(district, "/programme/outcomes", head + "".join(lines)).status_code == 303
    page = text_of(district.get("/programme/worth"))
    assert "Quill" not in page
    assert "10 classes are kept. They count in the next sheet." in page
    count(district)
    page = text_of(district.get("/programme/worth"))
    assert "Gain of coached classes 10, with 10 classes 4.90" in page
    assert "10 classes are kept. They are in a sheet already" in page
    whole, north = table(district.get("/programme/hours-and-gain.csv"))
    assert (whole["gain_n"], whole["gain"]) == ("10", "4.9")
    assert (north["gain_n"], north["gain"]) == ("10", "4.9"), "all of them are in the north"
    assert upload(district, "/programme/outcomes", head).status_code == 422
    assert len(stores.ledger.outcomes()) == 10, "a file without a class replaces nothing"
    assert district.post("/programme/outcomes/remove").status_code == 303
    assert stores.ledger.outcomes() == []
    assert "Gain of coached classes 10, with 10 classes 4.90" in text_of(
        district.get("/programme/worth")
    )


def test_an_administrator_enters_start_and_costs(client, stores):
    given = {"starts_on": "2025-11-03", "hour_cost": "42.5", "kit_cost": "310"}
    assert client.post("/programme/costs", data=given).status_code == 303
    costs = stores.ledger.costs()
    assert (costs.starts_on, costs.hour_cost, costs.comparison) == (date(2025, 11, 3), 42.5, 2100.0)
    for wrong in ({"starts_on": "2025-11-04"}, {"hour_cost": "-1"}, {"kit_cost": "nan"}):
        assert client.post("/programme/costs", data=wrong).status_code == 422
    assert stores.ledger.costs() == costs


def test_a_coach_reads_no_sheet(coach):
    assert coach.get("/programme/worth").status_code == 404
    assert coach.get("/programme/hours-and-gain.csv").status_code == 404
    assert coach.post("/programme/costs", data={"kit_cost": "1"}).status_code == 404
    assert count(coach).status_code == 404
    assert upload(coach, "/programme/outcomes", "school,class\n").status_code == 404


def test_who_reads_counts_alone_enters_nothing(district, stores):
    add_person(stores.people, "officer", "privacy_officer")
    with district.browser(cookie(stores.people, START_NS, "officer")) as officer:
        page = text_of(officer.get("/programme/worth"))
        assert "No sheet is counted yet" in page
        assert "Start and costs" not in page
        assert "Count it" not in page
        assert count(officer).status_code == 404
        assert officer.post("/programme/costs", data={"kit_cost": "1"}).status_code == 404
