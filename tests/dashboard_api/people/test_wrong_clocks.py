"""A clock that jumps back an hour or ahead a year: what ends, what comes back, what never lasts."""

from __future__ import annotations

import re

import pyotp
import pytest

from contract.clock import SECOND_NS
from school.people.store import INVITATION_NS, SESSION_NS
from tests.signed_in import BY, FACTOR, add_person, cookie

HOUR_NS = 3_600 * SECOND_NS
YEAR_NS = 365 * 24 * HOUR_NS
PASSWORD = "tuba glacier mitten 94"


@pytest.fixture
def kim(stores) -> str:
    add_person(stores.people, "kim", "teacher")
    stores.people.set_password("kim", "a hash", BY)
    return "kim"


def test_a_session_outlasts_an_hour_back_and_is_over_while_the_clock_is_ahead(
    client, stores, clock, kim
) -> None:
    with client.browser(cookie(stores.people, clock.utc_ns(), kim)) as pages:
        clock.utc_at_boot_ns -= HOUR_NS
        assert pages.get("/account").status_code == 200
        clock.utc_at_boot_ns += YEAR_NS
        answer = pages.get("/account")
        assert (answer.status_code, answer.json()["detail"]) == (401, "Sign in first.")
        clock.utc_at_boot_ns -= YEAR_NS - HOUR_NS
        assert pages.get("/account").status_code == 200


def test_a_session_of_a_clock_that_was_ahead_does_not_last_for_a_year(
    client, stores, clock, kim
) -> None:
    clock.utc_at_boot_ns += YEAR_NS
    cookies = cookie(stores.people, clock.utc_ns(), kim)
    with client.browser(cookies) as pages:
        assert pages.get("/account").status_code == 200
        clock.utc_at_boot_ns -= YEAR_NS
        assert pages.get("/account").status_code == 401
        assert stores.people.sessions(kim, clock.utc_ns()) == []
        clock.utc_at_boot_ns += SESSION_NS
        assert pages.get("/account").status_code == 401


def open_link(client, stores, clock, kim) -> str:
    """A link that an administrator makes now."""
    stores.people.set_roles("the-teacher", ["administrator"], BY)
    with client.browser(cookie(stores.people, clock.utc_ns())) as pages:
        found = re.search(r"/invitation/[\w-]+", pages.post(f"/people/{kim}/invitation").text)
    assert found is not None
    return found[0]


def test_an_invitation_outlasts_an_hour_back_and_waits_while_the_clock_is_ahead(
    client, stores, clock, kim
) -> None:
    link = open_link(client, stores, clock, kim)
    with client.browser() as pages:
        clock.utc_at_boot_ns -= HOUR_NS
        assert pages.get(link).status_code == 200
        clock.utc_at_boot_ns += YEAR_NS
        late = pages.post(link, data={"password": PASSWORD})
        assert (late.status_code, "This link was used already" in late.text) == (404, True)
        clock.utc_at_boot_ns -= YEAR_NS - HOUR_NS
        assert pages.post(link, data={"password": PASSWORD}).status_code == 200


def test_an_invitation_of_a_clock_that_was_ahead_does_not_last_for_a_year(
    client, stores, clock, kim
) -> None:
    clock.utc_at_boot_ns += YEAR_NS
    link = open_link(client, stores, clock, kim)
    clock.utc_at_boot_ns -= YEAR_NS
    with client.browser() as pages:
        assert pages.get(link).status_code == 404
        assert pages.post(link, data={"password": PASSWORD}).status_code == 404
        clock.utc_at_boot_ns += INVITATION_NS
        assert pages.get(link).status_code == 404
    (line,) = re.findall(r"kim · [^<]*", client_of_now(client, stores, clock))
    assert "a link for a new password works" not in line


def client_of_now(client, stores, clock) -> str:
    with client.browser(cookie(stores.people, clock.utc_ns())) as pages:
        return str(pages.get("/people").text)


@pytest.mark.parametrize("jump_ns", (YEAR_NS, HOUR_NS, -HOUR_NS))
def test_codes_of_a_phone_fit_again_once_the_clock_is_right(
    client, stores, clock, kim, monkeypatch, jump_ns: int
) -> None:
    monkeypatch.setattr("dashboard_api.people.sign_in.is_password", lambda p, _: p == PASSWORD)

    def sign_in(phone_ns: int) -> int:
        with client.browser() as pages:
            page = pages.post("/sign-in", data={"name": "kim", "password": PASSWORD}).text
            pending = re.search(r'name="pending" value="([\w-]+)"', page)
            assert pending is not None
            code = pyotp.TOTP(FACTOR).at(phone_ns // SECOND_NS)
            answer = pages.post("/sign-in/code", data={"pending": pending[1], "code": code})
        if answer.status_code != 303:
            assert "The code is wrong, or was used already." in answer.text
        return int(answer.status_code)

    phone_ns = clock.utc_ns()
    assert sign_in(phone_ns) == 303
    clock.utc_at_boot_ns += jump_ns
    assert sign_in(phone_ns + 60 * SECOND_NS) == 403
    clock.utc_at_boot_ns -= jump_ns - 120 * SECOND_NS
    assert sign_in(phone_ns) == 403, "a code works once"
    assert sign_in(clock.utc_ns()) == 303


def test_a_notice_of_a_link_does_not_vanish_with_the_clock(client, stores, clock, kim) -> None:
    open_link(client, stores, clock, kim)
    for jump_ns in (-HOUR_NS, HOUR_NS):
        clock.utc_at_boot_ns += jump_ns
        with client.browser(cookie(stores.people, clock.utc_ns(), kim)) as pages:
            assert "made a link" in pages.get("/").text
