"""A roster from a server of the standard's shape, with everything that a server can do wrong."""

from __future__ import annotations

import itertools
import json
from datetime import date
from urllib.parse import unquote

import httpx2
import pytest

import school.roster.rest
from contract.errors import StoreError, UsageError
from school.roster.reading import RosterReading, read_roster
from school.roster.records import Roster
from school.roster.rest import RestRoster
from school.roster.rest_rows import row_of
from school.roster.source import COLUMNS
from simulators.one_roster.district import district
from simulators.one_roster.server import OneRosterServer, RosterFault

TODAY = date(2026, 11, 30)
VERSIONS = pytest.mark.parametrize("version", ("1.1", "1.2"))


def read(server: OneRosterServer, version: str = "1.2", secret: str | None = None) -> RosterReading:
    url, known = server.url(version), server.secret if secret is None else secret
    with RestRoster(url, server.token_url, server.client_id, known) as source:
        return read_roster(source, Roster(), TODAY)


@VERSIONS
def test_a_district_is_read_page_by_page(version: str) -> None:
    with OneRosterServer() as server:
        reading = read(server, version)
    roster = reading.roster
    assert [len(roster.of(kind)) for kind in ("orgs", "users", "classes", "enrollments")] == [
        4, 24, 24, 24,
    ]  # fmt: skip
    assert roster.of("users")["t-0-0"].orgs == ("school-0",)
    assert roster.of("classes")["c-2-7"].location == "Room 8"


@VERSIONS
def test_pupils_are_not_even_asked_for(version: str) -> None:
    with OneRosterServer() as server:
        reading = read(server, version)
        asked = [unquote(each) for each in server.asked]
    assert (reading.counts.pupils, reading.counts.pupils_enrolments) == (0, 0)
    assert {each.split("?")[0].rsplit("/", 1)[-1] for each in asked} == {
        "token", "orgs", "academicSessions", "courses", "teachers", "classes", "enrollments",
    }  # fmt: skip
    of_enrolments = [each for each in asked if "/enrollments" in each]
    assert of_enrolments
    assert all("filter=role='teacher'" in each for each in of_enrolments)


@VERSIONS
def test_a_server_that_sends_pupils_anyway_changes_nothing_of_it(version: str) -> None:
    with OneRosterServer() as server:
        wanted = read(server, version)
    with OneRosterServer(fault="no_filter") as server:
        reading = read(server, version)
    assert reading.roster == wanted.roster
    assert (reading.counts.pupils, reading.counts.pupils_enrolments) == (480, 480)
    assert "p-0-0-0" not in repr(reading)


@pytest.mark.parametrize("fault", ("short_tokens", "no_total"))
def test_tokens_may_run_out_and_the_count_may_be_missing(fault: RosterFault) -> None:
    with OneRosterServer() as server:
        wanted = read(server)
    with OneRosterServer(fault=fault) as server:
        assert read(server).roster == wanted.roster


@pytest.mark.parametrize(
    ("fault", "sentence"),
    (
        ("html", r"/orgs answers with text/html, and not with JSON\."),
        ("redirect", r"/orgs leads elsewhere \(302\); give the address itself\."),
        ("huge", r"/orgs answers with more than 16 MiB at once\."),
        ("loop", r"/orgs answers with what it had before from item 5 on"),
    ),
)
def test_what_a_server_does_wrong_is_a_sentence(fault: RosterFault, sentence: str) -> None:
    with OneRosterServer(fault=fault) as server, pytest.raises(StoreError, match=sentence):
        read(server)


def test_a_wrong_secret_is_a_sentence_without_it() -> None:
    with OneRosterServer() as server, pytest.raises(StoreError) as error:
        read(server, secret="wrong-secret")
    assert "/token refuses this client (401); check its id, its secret" in str(error.value)
    assert "wrong-secret" not in str(error.value)


@pytest.mark.parametrize(
    ("orgs", "sentence"),
    (
        (["x"], r"/orgs, item 1: it is no object\."),
        ([{"name": "Ash", "type": "school"}], r"/orgs, item 1: no sourcedId\."),
        ([{"sourcedId": ["a"], "name": "Ash", "type": "school"}], r"item 1: no sourcedId\."),
        (
            [{"sourcedId": "a\ud800", "name": "Ash", "type": "school"}],
            r"1: sourcedId is no identif",
        ),
        ([{"sourcedId": "a", "name": "\ud800", "type": "school"}], r"item 1: name has at most 200"),
        ({"a": 1}, r"/orgs answers without a list of orgs\."),
    ),
)
def test_items_that_are_wrong_are_named(
    orgs: object, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"orgs": orgs}).encode()

    def page(self: RestRoster, address: str, asked: object) -> object:
        return body, httpx2.Headers({"x-total-count": "1"})

    monkeypatch.setattr(RestRoster, "_page", page)
    with (
        RestRoster("https://sis.example/v1p2", "https://sis.example/t", "c", "s") as source,
        pytest.raises((StoreError, UsageError), match=sentence),
    ):
        read_roster(source, Roster(), TODAY)


@pytest.mark.parametrize("knows_pages", (True, False))
def test_a_server_may_give_fewer_than_it_is_asked_for(
    knows_pages: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    orgs = [{"sourcedId": f"s-{n}", "name": f"School {n}", "type": "school"} for n in range(150)]

    def page(self: RestRoster, address: str, asked: dict[str, str]) -> object:
        start = int(asked["offset"]) if knows_pages else 0
        found = orgs[start : start + 100] if knows_pages else orgs
        return json.dumps({"orgs": found}).encode(), httpx2.Headers({})

    monkeypatch.setattr(RestRoster, "_page", page)
    with RestRoster("https://sis.example/v1p2", "https://sis.example/t", "c", "s") as source:
        ids = {row["sourcedId"] for row in source.rows("orgs")}
    assert ids == {each["sourcedId"] for each in orgs}


def test_more_than_a_district_can_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(school.roster.rest, "_MAX_ITEMS", 20)
    with OneRosterServer() as server, pytest.raises(StoreError, match="has more than 20 items"):
        read(server)


def test_a_roster_that_is_endless_in_all_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(school.roster.rest, "_MAX_BYTES", 1 << 20)
    orgs = [
        {"sourcedId": f"s-{n}", "name": "a" * 190, "type": "school", "status": "active"}
        for n in range(6_000)
    ]
    with (
        OneRosterServer({**district(), "orgs": orgs}) as server,
        pytest.raises(StoreError, match="more than 1 MiB in all; nothing was changed"),
    ):
        read(server)


def test_a_server_that_drips_is_ended() -> None:
    clock = itertools.count(step=1_200.0)
    with OneRosterServer() as server:
        address, token = server.url("1.2"), server.token_url
        with (
            RestRoster(
                address, token, server.client_id, server.secret, now_s=lambda: next(clock)
            ) as source,
            pytest.raises(StoreError, match="needs more than 60 minutes"),
        ):
            read_roster(source, Roster(), TODAY)


def test_nothing_of_a_teacher_is_taken_that_is_not_looked_at() -> None:
    user = {
        "sourcedId": "t", "status": "active", "role": "teacher", "givenName": "Ada",
        "familyName": "Bell", "preferredFirstName": "Addie", "email": "a@x", "phone": "555-0100",
        "sms": "555-0101", "identifier": "social-security", "birthDate": "1980-01-01",
        "password": "secret", "metadata": {"ext": 1}, "orgs": [{"sourcedId": "s"}],
        "enabledUser": True,
    }  # fmt: skip
    row = row_of("users", user, "here")
    assert set(row.values) <= set(COLUMNS["users"])
    assert (row["preferredGivenName"], row["orgSourcedIds"]) == ("Addie", "s")
    for file in COLUMNS:
        taken = row_of(file, {**user, "class": {"sourcedId": "c"}}, "here").values
        assert not {"555-0100", "555-0101", "social-security", "secret"} & set(taken.values())
        assert set(taken) <= set(COLUMNS[file])


def test_a_server_that_is_gone_is_a_sentence() -> None:
    with OneRosterServer() as server:
        url, token = server.url("1.1"), server.token_url
    with (
        RestRoster(url, token, "c", "s") as source,
        pytest.raises(StoreError, match=r"/token can't be reached"),
    ):
        list(source.rows("orgs"))


@pytest.mark.parametrize(
    ("url", "sentence"),
    (
        ("http://sis.example/v1p2", "is without TLS; a roster is read by https:// alone."),
        ("http://localhost.example/v1p2", "is without TLS"),
        ("https://sis.example/v2", "a roster's address ends in /v1p1 or /v1p2"),
        ("https://me:pw@sis.example/v1p2", "it begins with https:// and has no name in it"),
        ("file:///etc/passwd", "it begins with https://"),
        ("https://sis.example:port/v1p2", "is none"),
    ),
)
def test_an_address_that_cannot_be_right_is_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(UsageError) as error:
        RestRoster(url, "https://sis.example/token", "c", "s")
    assert sentence in str(error.value)


def test_the_token_is_not_asked_for_without_tls() -> None:
    with pytest.raises(UsageError, match=r"the address for tokens .* is without TLS"):
        RestRoster("https://sis.example/v1p2", "http://sis.example/token", "c", "s")
