"""The page and the file of waves: what is met, one wave beside another, and what is refused."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import date

import pytest

from school.programme.waves import Criterion, Wave
from tests.dashboard_api.conftest import START_NS
from tests.schools import OCTOBER_NS, SEPTEMBER_NS, add_school
from tests.signed_in import COACH, add_person, cookie

FIRST = {
    "title": "First wave", "starts_on": "2025-09-01", "sites": ["ash"], "with_cycle": "40",
    "running": "50", "own_words": ["Schools with a coach", "", ""], "own_least": ["2", "", ""],
    "own_value": ["", "", ""],
}  # fmt: skip
SECOND = {"title": "Second wave", "starts_on": "2025-10-06", "sites": ["birch"]}


def text_of(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


@pytest.fixture
def district(client, stores):
    """Signed in as an administrator: two schools, each with lessons in September and October."""
    add_school(stores, "ash", 20, 10, (SEPTEMBER_NS, OCTOBER_NS))
    add_school(stores, "birch", 12, 0, (SEPTEMBER_NS, OCTOBER_NS))
    return client


def count(district, *months):
    for month in months:
        answer = district.post("/programme/coverage/count", data={"month": month})
        assert answer.status_code == 303


def test_a_wave_is_added_changed_and_removed(district, stores):
    assert "No wave is described yet." in text_of(district.get("/programme/waves"))
    answer = district.post("/programme/waves", data=FIRST)
    assert (answer.status_code, answer.headers["location"]) == (303, "/programme/waves")
    own = Criterion(figure="own", at_least=2.0, words="Schools with a coach")
    shares = (
        Criterion(figure="with_cycle", at_least=40.0),
        Criterion(figure="running", at_least=50.0),
    )
    wave = Wave(
        name="first-wave", title="First wave", starts_on=date(2025, 9, 1),
        sites=frozenset({"ash"}), criteria=(*shares, own),
    )  # fmt: skip
    assert stores.waves.waves() == [wave]
    page = text_of(district.get("/programme/waves"))
    assert "Began on 1 September 2025. Schools: Ash." in page
    assert "Teachers with a running cycle: 40 % at least not known" in page
    assert "Schools with a coach: 2 at least not known nobody has entered it yet" in page
    later = FIRST | {"starts_on": "2025-12-01", "own_value": ["2", "", ""], "running": ""}
    assert district.post("/programme/waves/first-wave", data=later).status_code == 303
    page = text_of(district.get("/programme/waves"))
    assert "Begins on 1 December 2025." in page
    assert "Schools with a coach: 2 at least met 2, as it was entered" in page
    assert "Rooms with a kit that ran: " not in page
    # Each field holds what is kept: saving the form again changes nothing.
    fields = re.findall(r'name="(own_least|with_cycle|own_words)"[^>]*value="([^"]+)"',
                        district.get("/programme/waves").text)  # fmt: skip
    assert dict(fields) == {
        "with_cycle": "40", "own_words": "Schools with a coach", "own_least": "2"
    }  # fmt: skip
    assert district.post("/programme/waves/first-wave/remove").status_code == 303
    assert stores.waves.waves() == []
    assert district.post("/programme/waves/first-wave/remove").status_code == 404
    assert district.post("/programme/waves/first-wave", data=FIRST).status_code == 404


def test_criteria_are_judged_by_the_latest_month_that_is_counted(district, stores):
    district.post("/programme/waves", data=FIRST)
    count(district, "2025-09")
    page = text_of(district.get("/programme/waves"))
    assert "running cycle: 40 % at least not met 0 % (0 to 16 %): 0 of 20" in page
    assert "Shares are of September 2025" in page
    count(district, "2025-10")
    page = text_of(district.get("/programme/waves"))
    said = "50 % (30 to 70 %): 10 of 20; the interval holds 40 % too"
    assert f"Teachers with a running cycle: 40 % at least met {said}" in page
    assert "Rooms with a kit that ran: 50 % at least not met 0 % (0 to 43 %): 0 of 5" in page
    assert "Waves First wave 20 50 % (30 to 70 %): 10 of 20" in text_of(
        district.get("/programme/coverage")
    )


def test_one_wave_stands_beside_another_in_the_same_month_of_each(district, stores):
    district.post("/programme/waves", data=SECOND)
    district.post("/programme/waves", data=FIRST)
    count(district, "2025-09")
    assert "No month is counted yet that two waves have in common." in text_of(
        district.get("/programme/waves")
    )
    count(district, "2025-10")
    page = text_of(district.get("/programme/waves"))
    _, _, compared = page.partition("Wave beside wave")
    month = "Month 1 of each wave First wave September 2025 20 0 % (0 to 16 %): 0 of 20"
    assert month in compared
    assert "Second wave October 2025 12 0 % (0 to 24 %): 0 of 12" in compared
    assert "Month 2" not in compared
    answer = district.get("/programme/waves.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [
        (row["wave"], row["month"], row["month_of_wave"], row["teachers"], row["with_cycle"])
        for row in rows
    ] == [
        ("first-wave", "2025-09", "1", "20", "0"), ("first-wave", "2025-10", "2", "20", "10"),
        ("second-wave", "2025-09", "0", "12", "0"), ("second-wave", "2025-10", "1", "12", "0"),
    ]  # fmt: skip
    assert (rows[1]["low_95"], rows[1]["high_95"]) == ("0.2993", "0.7007")
    assert "exported the programme" in stores.audit.latest(limit=1)[0].sentence


def test_a_month_that_is_counted_stays_whatever_becomes_of_the_waves(district, stores):
    district.post("/programme/waves", data=FIRST)
    count(district, "2025-10")
    (before,) = stores.coverage.months()
    district.post("/programme/waves/first-wave", data=FIRST | {"sites": ["ash", "birch"]})
    district.post("/programme/waves/first-wave/remove")
    assert stores.coverage.months() == [before]


def test_a_wave_that_is_too_small_to_show_is_not_known(district, stores):
    add_school(stores, "cedar", 4, 4)
    district.post("/programme/waves", data=FIRST | {"sites": ["cedar"]})
    count(district, "2025-10")
    page = text_of(district.get("/programme/waves"))
    assert "Teachers with a running cycle: 40 % at least not known not shown, or no month" in page


@pytest.mark.parametrize(
    ("more", "sentence"),
    (
        ({"title": "!"}, "A wave needs a name with a letter or a digit."),
        ({"title": "First wave"}, "There is a wave of that name already."),
        ({"sites": ["ash"]}, "Ash is in the wave First wave already; a school is in one wave."),
        ({"sites": ["nowhere"]}, "There is no school nowhere"),
        ({"with_cycle": "140"}, "expected a number from 0 to 100"),
        ({"running": "-3"}, "expected a number from 0 to 100"),
        ({"starts_on": "1066-10-14"}, "is no day on which a wave begins."),
        ({"own_words": ["Coaches"]}, "Say how much “Coaches” is to be at least."),
        ({"own_least": ["3"]}, "Say in words what a criterion of your own is."),
    ),
)
def test_what_is_no_wave_is_refused_in_a_sentence(district, stores, more, sentence):
    district.post("/programme/waves", data=FIRST)
    kept = stores.waves.waves()
    answer = district.post("/programme/waves", data=SECOND | more)
    assert (answer.status_code, sentence in text_of(answer)) == (422, True)
    assert stores.waves.waves() == kept


def test_a_refused_form_keeps_what_was_typed(district, stores):
    district.post("/programme/waves", data=FIRST)
    typed = SECOND | {"with_cycle": "140", "own_words": ["Coaches"], "own_least": ["1234567.5"]}
    for address in ("/programme/waves", "/programme/waves/first-wave"):
        page = district.post(address, data=typed).text
        assert 'value="Second wave"' in page
        assert 'value="2025-10-06"' in page
        assert re.search(r'value="birch" checked', page)
        for value in ("140", "Coaches", "1234567.5"):
            assert f'value="{value}"' in page
        is_change = address.endswith("first-wave")
        assert ("<details open>" in page) is is_change
        assert ('value="First wave"' in page) is not is_change, "the other form has what is kept"


def test_a_wave_that_is_added_again_begins_without_the_months_of_the_removed_one(district, stores):
    district.post("/programme/waves", data=FIRST)
    count(district, "2025-09")
    district.post("/programme/waves/first-wave/remove")
    district.post("/programme/waves", data=FIRST | {"sites": ["birch"]})
    assert [wave.name for wave in stores.waves.waves()] == ["first-wave-2"]
    assert "0 of 20" not in text_of(district.get("/programme/waves"))
    assert district.get("/programme/waves.csv").text.count("\n") == 1
    again = district.post("/programme/waves", data=FIRST | {"sites": []})
    assert "There is a wave of that name already." in text_of(again)


@pytest.mark.parametrize("more", ({"starts_on": "soon"}, {"with_cycle": "nan"}, {"more": "x"}))
def test_what_no_browser_sends_is_refused(district, stores, more):
    assert district.post("/programme/waves", data=SECOND | more).status_code == 422
    assert stores.waves.waves() == []


def test_who_reads_counts_alone_changes_no_wave(district, stores):
    district.post("/programme/waves", data=FIRST)
    add_person(stores.people, "officer", "privacy_officer")
    with district.browser(cookie(stores.people, START_NS, "officer")) as officer:
        page = text_of(officer.get("/programme/waves"))
        assert "First wave" in page
        assert "Add a wave" not in page
        assert "Change" not in page
        assert officer.post("/programme/waves", data=SECOND).status_code == 404
    add_person(stores.people, COACH, "coach")
    with district.browser(cookie(stores.people, START_NS, COACH)) as coach:
        assert coach.get("/programme/waves").status_code == 404
    assert [wave.title for wave in stores.waves.waves()] == ["First wave"]
