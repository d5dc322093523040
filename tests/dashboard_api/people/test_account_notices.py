"""What others do to one's account stands on one's pages, and how people can sign in."""

from __future__ import annotations

import re
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from contract.clock import SECOND_NS
from dashboard_api.people.people_view import way_in_text
from school.audit.actor import Actor
from school.people.records import ROLES, Identity, Invitation, Person, Role
from school.people.store import INVITATION_NS
from school.people.ways_in import NO_WAY, WaysIn
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, FACTOR, add_person, cookie

DAY_NS = 86_400 * SECOND_NS
ISSUER = "https://accounts.school.example"


def text_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def on_pages(client: Pages, stores, clock, person: str = "kim") -> tuple[str, str]:
    """The start page and the account page of someone who signs in now."""
    with client.browser(cookie(stores.people, clock.utc_ns(), person)) as pages:
        return text_of(pages.get("/").text), text_of(pages.get("/account").text)


def reset(client: Pages, person: str = "kim") -> None:
    assert client.post(f"/people/{person}/invitation").status_code == 200


def link_account(stores, person: str = "kim") -> str:
    token = stores.people.invite(person, BY)
    found = stores.people.redeem_with_account(token, ISSUER, f"of-{person}", 1)
    assert found is not None
    return str(stores.people.accounts(person)[0].id)


@pytest.mark.parametrize("role", ROLES)
def test_a_reset_stands_on_its_owners_home_for_30_days(client, stores, clock, role: Role) -> None:
    add_person(stores.people, "kim", role)
    stores.people.set_password("kim", "a hash", BY)
    reset(client)
    said = (
        "The-teacher made a link on 18 November 2025, 12:05 to choose a new password for your account. "
        "If you did not ask for it, change your password on your account page, which ends links that "
        "were not used, and ask them why."
    )
    clock.utc_at_boot_ns += 29 * DAY_NS
    for page in on_pages(client, stores, clock):
        assert said in page
    clock.utc_at_boot_ns += 2 * DAY_NS
    for page in on_pages(client, stores, clock):
        assert "made a link" not in page
        assert "What was done to your account" not in page


def test_the_first_invitation_is_no_news_and_a_second_one_is(client, stores, clock) -> None:
    form = {"name": "Kim", "sign_in_name": "kim@school.example", "roles": ["teacher"]}
    assert client.post("/people", data=form).status_code == 200
    kim = stores.people.named("kim@school.example").id
    assert all("invitation" not in page for page in on_pages(client, stores, clock, kim))
    reset(client, kim)
    for page in on_pages(client, stores, clock, kim):
        assert "The-teacher made a new invitation on 18 November 2025, 12:05" in page
        assert "If you did not ask for it, ask them why." in page


def test_ones_own_changes_and_those_of_others_accounts_are_not_there(client, stores, clock) -> None:
    add_person(stores.people, "kim", "teacher")
    add_person(stores.people, "bo", "administrator")
    reset(client)
    reset(client, "the-teacher")
    for person in ("bo", "the-teacher"):
        for page in on_pages(client, stores, clock, person):
            assert "What was done to your account" not in page


def test_a_command_on_the_server_is_named(client, stores, clock) -> None:
    add_person(stores.people, "kim", "teacher")
    stores.people.set_password("kim", "a hash", BY)
    server = Actor(name="roomtone admin", utc_ns=clock.utc_ns())
    stores.people.set_second_factor("kim", None, server)
    stores.people.invite("kim", server)
    for page in on_pages(client, stores, clock):
        assert "The command “roomtone admin” made a link on 18 November 2025" in page
        assert "The command “roomtone admin” removed your second factor" in page
        assert "ask who runs the server why" in page


def test_a_new_password_ends_a_link_that_nobody_has_used(client, stores, clock) -> None:
    add_person(stores.people, "kim", "teacher")
    token = stores.people.invite("kim", BY)
    assert stores.people.invited(token, 1) is not None
    stores.people.set_password("kim", "a hash", Actor(name="kim", utc_ns=1, person="kim"))
    assert stores.people.invited(token, 1) is None


def test_an_administrator_removes_a_school_account_of_someones(client, stores, clock) -> None:
    add_person(stores.people, "kim", "teacher")
    add_person(stores.people, "bo", "teacher")
    account, other = link_account(stores), link_account(stores, "bo")
    page = client.get("/people").text
    assert "signs in with a school account, without a password" in text_of(page)
    assert ISSUER in page
    cookies = cookie(stores.people, clock.utc_ns(), "kim")
    assert client.post(f"/people/kim/identities/{other}/remove").status_code == 303
    with client.browser(cookies) as kim:
        assert kim.get("/account").status_code == 200, "that was somebody else's account"
        assert client.post(f"/people/kim/identities/{account}/remove").status_code == 303
        assert kim.get("/account").status_code == 401, "the sessions end"
    assert stores.people.with_account(ISSUER, "of-kim") is None
    assert stores.people.with_account(ISSUER, "of-bo") is not None
    assert stores.audit.latest(1)[0].sentence == (
        "The-teacher removed the linked school account of kim"
    )
    stores.people.set_roles("the-teacher", ["administrator"], BY)
    with client.browser(cookie(stores.people, clock.utc_ns())) as pages:
        assert "removed the linked school account of kim" in text_of(pages.get("/audit").text)
    for page in on_pages(client, stores, clock):
        assert "The-teacher removed a school account from yours on 18 November 2025" in page


def test_a_reset_keeps_school_accounts_and_says_so(client, stores, clock) -> None:
    add_person(stores.people, "kim", "teacher")
    link_account(stores)
    assert "Linked school accounts stay" in text_of(client.get("/people").text)
    said = text_of(client.post("/people/kim/invitation").text)
    assert "Their linked school accounts stay" in said
    assert len(stores.people.accounts("kim")) == 1
    assert "made a link for kim to choose a new password" in stores.audit.latest(1)[0].sentence
    assert "Their linked" not in text_of(client.post("/people/the-teacher/invitation").text)


def test_an_administrator_locks_themselves_not_out(client, stores, clock) -> None:
    stores.people.set_roles("the-teacher", ["administrator"], BY)
    account = link_account(stores, "the-teacher")
    with client.browser(cookie(stores.people, clock.utc_ns())) as pages:
        answer = pages.post(f"/people/the-teacher/identities/{account}/remove")
    assert answer.status_code == 422
    assert "You have no password yet" in text_of(answer.text)


# ------------------------------------------------------------------------------- how people sign in

NOW_NS = 1_763_460_300 * SECOND_NS
KIM = Person(
    id="kim", name="Kim", sign_in_name="kim", roles=frozenset({"coach"}), has_password=False,
    has_second_factor=False, created_utc_ns=0,
)  # fmt: skip
KIM_WITH_PASSWORD = Person(
    id="kim", name="Kim", sign_in_name="kim", roles=frozenset({"coach"}), has_password=True,
    has_second_factor=True, created_utc_ns=0,
)  # fmt: skip
OPEN = "a link for a new password works until"
ACCOUNT = Identity(id="1", issuer=ISSUER, created_utc_ns=0)


def made(ago_ns: int, used: int | None = None) -> Invitation:
    at = NOW_NS - ago_ns
    return Invitation(
        person="kim", made_by="Ada", created_utc_ns=at, expires_utc_ns=at + INVITATION_NS,
        used_utc_ns=used,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("person", "ways", "words"),
    (
        (KIM, NO_WAY, "can't sign in; a new link is needed"),
        (KIM, WaysIn(link=made(DAY_NS)), "invited; the link works until 24 November 2025, 11:05"),
        (KIM, WaysIn(link=made(INVITATION_NS)), "invited; the link ended on 18 November 2025, 11:05"),
        (KIM, WaysIn(link=made(1, used=5)), "can't sign in; a new link is needed"),
        (KIM, WaysIn(accounts=(ACCOUNT,)), "signs in with a school account, without a password"),
        (KIM, WaysIn(accounts=(ACCOUNT, ACCOUNT), link=made(DAY_NS)),
         f"signs in with 2 school accounts, without a password; {OPEN} 24 November 2025, 11:05"),
        (KIM_WITH_PASSWORD, NO_WAY, "has a password"),
        (KIM_WITH_PASSWORD, WaysIn(link=made(INVITATION_NS)), "has a password"),
        (KIM_WITH_PASSWORD, WaysIn(accounts=(ACCOUNT,), link=made(1, used=5)),
         "has a password, and signs in with a school account too"),
        (KIM_WITH_PASSWORD, WaysIn(link=made(0)),
         f"has a password; {OPEN} 25 November 2025, 11:05"),
    ),
)  # fmt: skip
def test_what_is_true_of_each_is_said(person: Person, ways: WaysIn, words: str) -> None:
    assert way_in_text(person, ways, NOW_NS, ZoneInfo("Europe/Berlin")) == words


def test_whoever_may_not_change_people_reads_none_of_it(client, stores, clock) -> None:
    add_person(stores.people, "kim", "teacher")
    link_account(stores)
    add_person(stores.people, "eve", "privacy_officer")
    stores.people.set_second_factor("eve", FACTOR, BY)
    with client.browser(cookie(stores.people, clock.utc_ns(), "eve")) as pages:
        page = text_of(pages.get("/people").text)
    assert "kim" in page
    assert "signs in" not in page
    assert ISSUER not in page
