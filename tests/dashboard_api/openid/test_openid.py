"""Signing in with a school account: against a real provider, and against one that lies."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from html import unescape
from zoneinfo import ZoneInfo

import httpx
import pyotp
import pytest
from pydantic import SecretStr

from contract.clock import SECOND_NS
from dashboard_api.app import create_app
from dashboard_api.openid.provider import Provider
from dashboard_api.openid.routes import COOKIE
from school.audit.actor import Actor
from school.people.passwords import hash_password
from school.people.records import Role
from school.people.settings import OpenIdSettings
from tests.dashboard_api.conftest import START_NS, Pages
from tests.dashboard_api.openid.providers import (
    CLIENT,
    KEY,
    NEW_KEY,
    OTHER_KEY,
    SECRET,
    Lying,
    lying,
    real,
)
from tests.signed_in import FACTOR

BY = Actor(name="a test", utc_ns=START_NS + 3_600 * SECOND_NS)
"""At the pages' time, for an invitation has an end."""
PASSWORD = "tuba glacier mitten 94"
STRANGER = "This account is not linked to anyone here; ask an administrator for an invitation."
UNTRUSTED = "can't be trusted, so nobody was signed in"
DOWN = "does not answer right now"
OF_THE_TEST = {"httpx", "httpcore.http11", "httpcore.connection"}
"""Loggers of the client that plays the browser."""
LOST = "That took too long, or it began in another window."


@pytest.fixture
def provider() -> Iterator[Lying]:
    with lying() as found:
        yield found


@pytest.fixture
def pages(stores, clock, provider) -> Iterator[Pages]:
    with browser_with(stores, clock, provider.issuer) as found:
        yield found


def browser_with(stores, clock, issuer: str, **more) -> Pages:
    settings = OpenIdSettings(**{"issuer": issuer, "client_id": CLIENT, "timeout_s": 5, **more})
    app = create_app(
        lambda: stores, clock=clock, zone=ZoneInfo("Europe/Berlin"),
        provider=Provider(settings, SecretStr(SECRET)),
    )  # fmt: skip
    return Pages(app)


def add(stores, name: str = "ada", *roles: Role) -> str:
    """Someone who is invited; the token of the invitation."""
    stores.people.add(
        name.title(), f"{name}@school.example", roles or ("teacher",), BY, person_id=name
    )
    return invite(stores, name)


def invite(stores, name: str) -> str:
    return stores.people.invite(name, BY)


def begin(pages: Pages, **form: str) -> str:
    """Press the button; the address that the page leads on to."""
    answer = pages.post("/sign-in/openid", data=form)
    assert answer.status_code == 200, answer.text
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.text)
    assert found, answer.text
    return unescape(found[1])


def come_back(pages: Pages, provider: Lying, **form: str) -> httpx.Response:
    return pages.get("/sign-in/openid/callback", params=provider.code(begin(pages, **form)))


def linked(pages: Pages, stores, provider: Lying, name: str = "ada", *roles: Role) -> None:
    assert come_back(pages, provider, invitation=add(stores, name, *roles)).status_code == 303
    pages.post("/sign-out")
    pages._client.cookies.clear()


def actions(stores) -> list[str]:
    return [entry.sentence for entry in stores.audit.latest(30)]


# ----------------------------------------------------------------------------- the way that works


@pytest.mark.slow
def test_a_real_provider_lets_the_invited_in_and_no_stranger(stores, clock):
    token = add(stores)
    with real() as issuer, browser_with(stores, clock, issuer) as pages:

        def at_the_provider(subject: str, **form: str) -> httpx.Response:
            answer = httpx.post(begin(pages, **form), data={"sub": subject})
            assert answer.status_code == 302
            return pages.get(answer.headers["location"])

        stranger = at_the_provider("eve@school.example")
        assert (stranger.status_code, STRANGER in unescape(stranger.text)) == (403, True)
        # Not by an address either: it is Ada's, and the account is not yet.
        assert at_the_provider("ada@school.example").status_code == 403
        done = at_the_provider("0815", invitation=token)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert issuer in pages.get("/account").text
        pages.post("/sign-out")
        again = at_the_provider("0815", next="/account")
        assert (again.status_code, again.headers["location"]) == (303, "/account")
        assert "Ada" in pages.get("/account").text
        address = begin(pages)
        denied = httpx.post(address, data={"action": "deny"})
        assert "error=access_denied" in denied.headers["location"]
        assert len(stores.people.people()) == 2, "a stranger makes nothing"


def test_without_the_settings_there_is_nothing_of_it(client, stores):
    assert "/sign-in/openid" not in client.get("/sign-in").text
    assert "/sign-in/openid" not in client.get(f"/invitation/{add(stores)}").text
    assert client.post("/sign-in/openid").status_code == 404
    assert client.get("/sign-in/openid/callback").status_code == 404


def test_an_invitation_links_the_account(pages, stores, provider):
    token = add(stores)
    page = pages.get(f"/invitation/{token}").text
    assert "Use my school account" in page
    assert f'name="invitation" value="{token}"' in page
    assert "Sign in with my school account" in pages.get("/sign-in").text
    address = begin(pages, invitation=token)
    for part in ("code_challenge_method=S256", "scope=openid&", "response_type=code"):
        assert part in f"{address}&"
    assert pages.get(f"/invitation/{token}").status_code == 200, "nothing is used up yet"
    done = pages.get("/sign-in/openid/callback", params=provider.code(address))
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert pages.get(f"/invitation/{token}").status_code == 404
    account = pages.get("/account").text
    assert provider.issuer in account
    assert "subject-1" not in account
    assert "Change it" not in account, "there is no password to change"
    said = actions(stores)
    assert "Ada used a link to choose how they sign in" in said
    assert "Ada linked a school account to themselves" in said


def test_a_person_may_have_both_and_remove_the_account(pages, stores, provider):
    linked(pages, stores, provider)
    come_back(pages, provider)
    own = stores.people.accounts("ada")[0].id
    refused = pages.post(f"/account/identities/{own}/remove")
    assert (refused.status_code, "no password yet" in refused.text) == (422, True)
    assert "/remove" not in pages.get("/account").text
    stores.people.set_password("ada", hash_password(PASSWORD), BY)
    come_back(pages, provider)
    add(stores, "bob")
    assert f"/account/identities/{own}/remove" in pages.get("/account").text
    assert pages.post(f"/account/identities/{own}/remove").status_code == 303
    assert stores.people.accounts("ada") == []
    assert "Ada removed their own linked school account" in actions(stores)
    assert come_back(pages, provider).status_code == 403
    answer = pages.post("/sign-in", data={"name": "ada@school.example", "password": PASSWORD})
    assert answer.status_code == 303


def test_one_removes_only_ones_own(pages, stores, provider):
    linked(pages, stores, provider)
    provider.subject = "subject-2"
    linked(pages, stores, provider, "bob")
    stores.people.set_password("bob", hash_password(PASSWORD), BY)
    come_back(pages, provider)
    pages.post(f"/account/identities/{stores.people.accounts('ada')[0].id}/remove")
    assert len(stores.people.accounts("ada")) == 1


def test_an_account_is_one_persons(pages, stores, provider):
    linked(pages, stores, provider)
    token = add(stores, "bob")
    answer = come_back(pages, provider, invitation=token)
    assert (answer.status_code, "linked to someone else" in answer.text) == (409, True)
    assert pages.get(f"/invitation/{token}").status_code == 200, "it still works"
    assert stores.people.accounts("bob") == []


def test_an_invitation_that_is_over_links_nothing(pages, stores, provider):
    token = add(stores)
    address = begin(pages, invitation=token)
    invite(stores, "ada")
    late = pages.get("/sign-in/openid/callback", params=provider.code(address))
    assert (late.status_code, "is over" in late.text) == (404, True)
    assert stores.people.accounts("ada") == []


# ------------------------------------------------------------------------------- second factor


def test_a_second_factor_of_ours_is_asked_for(pages, stores, provider, clock):
    linked(pages, stores, provider)
    stores.people.set_second_factor("ada", FACTOR, BY)
    provider.claims = {"amr": ["pwd", "otp", "mfa"]}  # the settings do not trust that
    page = come_back(pages, provider, next="/account")
    pending = re.search(r'name="pending" value="([\w-]+)"', page.text)[1]
    assert pages.get("/account").status_code == 401
    code = pyotp.TOTP(FACTOR).at(clock.utc_ns() // SECOND_NS)
    done = pages.post("/sign-in/code", data={"pending": pending, "code": code, "next": "/account"})
    assert done.headers["location"] == "/account"


def test_who_reaches_everybody_needs_one(pages, stores, provider, clock):
    linked(pages, stores, provider, "eve", "administrator")
    provider.claims = {"amr": ["mfa"]}
    come_back(pages, provider)
    assert pages.get("/people").status_code == 403
    key = re.search(r'name="key" value="(\w+)"', pages.get("/account").text)[1]
    form = {"key": key, "code": pyotp.TOTP(key).at(clock.utc_ns() // SECOND_NS)}
    clock.utc_at_boot_ns += 1_000 * SECOND_NS
    assert "You signed in a while ago" in pages.post("/account/second-factor", data=form).text
    come_back(pages, provider)
    form["code"] = pyotp.TOTP(key).at(clock.utc_ns() // SECOND_NS)
    assert pages.post("/account/second-factor", data=form).status_code == 303
    assert pages.get("/people").status_code == 200


@pytest.mark.parametrize(
    ("claims", "is_enough"),
    (
        ({"amr": ["mfa"]}, True),
        ({"amr": ["pwd", "otp"]}, True),
        ({"acr": "two"}, True),
        ({"amr": ["pwd", "pin"]}, False),
        ({"amr": ["otp"]}, False),
        ({"amr": []}, False),
        ({"acr": "one"}, False),
        ({"acr": ["two"]}, False),
        ({}, False),
    ),
)
def test_the_providers_factors_count_if_the_settings_say_so(
    stores, clock, provider, claims, is_enough
):
    more = {"trust_second_factor": True, "second_factor_acr": ("two",)}
    with browser_with(stores, clock, provider.issuer, **more) as pages:
        linked(pages, stores, provider, "eve", "administrator")
        provider.claims = claims
        come_back(pages, provider)
        assert pages.get("/people").status_code == (200 if is_enough else 403)


# ------------------------------------------------------------------------------- lies and faults


@pytest.fixture
def refused(pages, stores, provider, caplog):
    """Checks that a sign-in of Ada, who is linked, is refused in a sentence, and counted."""
    linked(pages, stores, provider)
    caplog.set_level(logging.DEBUG)

    def check(words: str = UNTRUSTED, browser: Pages | None = None) -> None:
        used = browser or pages
        counts = used.app.state.refusal_counts.by_reason
        before = counts["provider"]
        answer = used.post("/sign-in/openid", data={})
        if answer.status_code == 200:
            answer = come_back(used, provider)
        text = " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())
        assert words in text
        assert "Password" in text, "it is the sign-in page"
        assert answer.status_code in {403, 503}
        assert counts["provider"] == before + 1
        assert used.get("/account").status_code == 401
        logged = [each.getMessage() for each in caplog.records if each.name not in OF_THE_TEST]
        assert logged
        for secret in (SECRET, "an access token", "code-", "eyJ", "Traceback"):
            assert secret not in str(logged)
            assert secret not in text

    return check


@pytest.mark.parametrize(
    "claims",
    (
        {"iss": "https://accounts.evil.example"}, {"iss": None}, {"aud": "another"}, {"aud": None},
        {"aud": [CLIENT, "another"], "azp": "another"}, {"aud": [CLIENT, "another"]},
        {"nonce": "another"}, {"nonce": None}, {"nonce": 7}, {"exp": 1_000}, {"exp": None},
        {"exp": "soon"}, {"iat": 99_999_999_999}, {"nbf": 99_999_999_999},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 256}, {"at_hash": "of another"},
    ),
    ids=str,
)  # fmt: skip
def test_a_token_with_a_lie_in_it_is_refused(refused, provider, claims):
    provider.claims = claims
    refused()


def test_the_expiry_has_a_leeway_of_a_minute(pages, stores, provider, refused):
    provider.claims = {"exp": int(time.time()) - 90}
    refused()
    provider.claims = {"exp": int(time.time()) - 20}
    assert come_back(pages, provider).status_code == 303


def test_a_token_that_nobody_signed_or_someone_else_is_refused(refused, provider):
    provider.key = OTHER_KEY
    refused()
    provider.key, provider.header = KEY, {"alg": "none"}
    refused()
    provider.shared = KEY.as_pem(private=False)  # as if what is public were a shared secret
    refused()
    provider.shared = SECRET.encode()
    refused()


def test_a_new_key_is_asked_for_once(pages, provider, refused):
    provider.key, provider.header = NEW_KEY, {"alg": "ES256", "kid": "two"}
    provider.asked.clear()
    refused()
    assert provider.asked.count("/jwks") == 1
    provider.published = [KEY, NEW_KEY]
    assert come_back(pages, provider).status_code == 303
    provider.asked.clear()
    assert come_back(pages, provider).status_code == 303
    assert provider.asked == ["/token"], "addresses and keys are kept"


@pytest.mark.parametrize(
    ("setting", "claims"),
    (
        ({"tenant": "our-tenant"}, {"tid": "our-tenant"}),
        ({"domain": "school.example"}, {"hd": "School.example"}),
    ),
)
def test_another_tenant_or_domain_is_refused(stores, clock, provider, refused, setting, claims):
    words = "That account does not belong to this school."
    with browser_with(stores, clock, provider.issuer, **setting) as pages:
        for wrong in ({}, dict.fromkeys(claims, "another"), dict.fromkeys(claims)):
            provider.claims = wrong
            refused(words, pages)
        provider.claims = claims
        assert come_back(pages, provider).status_code == 303


@pytest.mark.parametrize(
    "metadata",
    (
        {"issuer": "https://accounts.evil.example"}, {"issuer": None},
        {"token_endpoint": "http://elsewhere.example/token"}, {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"}, {"token_endpoint": 7},
    ),
    ids=str,
)  # fmt: skip
def test_a_discovery_document_that_lies_is_refused(refused, stores, clock, provider, metadata):
    provider.metadata = metadata
    with browser_with(stores, clock, provider.issuer) as pages:
        refused(UNTRUSTED, pages)


@pytest.mark.parametrize("path", ("/.well-known/openid-configuration", "/jwks", "/token"))
@pytest.mark.parametrize(
    ("status", "body", "words"),
    (
        (500, b"{}", DOWN), (503, b"<html>", DOWN), (200, b"<html>", UNTRUSTED),
        (200, b"[]", ""), (200, b"{}", UNTRUSTED), (200, b"[" * 100_000, UNTRUSTED),
        (200, b" " * 300_000, UNTRUSTED), (200, b"\xff\xfe\x00", UNTRUSTED),
    ),
)  # fmt: skip
def test_an_answer_that_is_none(refused, stores, clock, provider, path, status, body, words):
    provider.raw = {path: (status, body)}
    with browser_with(stores, clock, provider.issuer) as pages:
        refused(words, pages)


def test_a_packed_answer_is_refused(refused, stores, clock, provider):
    provider.packed = True
    with browser_with(stores, clock, provider.issuer) as pages:
        refused(UNTRUSTED, pages)


def test_a_provider_that_is_silent_or_gone_is_reported(refused, stores, clock, provider):
    provider.is_silent = True
    with browser_with(stores, clock, provider.issuer, timeout_s=0.2) as pages:
        refused(DOWN, pages)
    with browser_with(stores, clock, "http://127.0.0.1:9") as pages:
        refused(DOWN, pages)


def test_what_comes_back_belongs_to_the_browser_that_began_once(pages, stores, provider, clock):
    linked(pages, stores, provider)
    path = "/sign-in/openid/callback"
    back = provider.code(begin(pages))
    with pages.browser() as other:
        assert LOST in other.get(path, params=back).text
    wrong = pages.get(path, params={**back, "state": "another"})
    assert (wrong.status_code, LOST in wrong.text) == (403, True)
    assert LOST in pages.get(path, params=back).text, "the attempt was used up"
    back, cookie = provider.code(begin(pages)), pages._client.cookies[COOKIE]
    assert pages.get(path, params=back).status_code == 303
    pages.post("/sign-out")
    header = {"Cookie": f"{COOKIE}={cookie}"}
    assert LOST in pages.get(path, params=back, headers=header).text, "a state works once"
    back = provider.code(begin(pages))
    clock.utc_at_boot_ns += 600 * SECOND_NS
    assert LOST in pages.get(path, params=back).text
    back = provider.code(begin(pages))
    denied = pages.get(path, params={"state": back["state"], "error": "<b>access_denied</b>"})
    assert "did not accept you" in denied.text
    assert "access_denied" not in denied.text
    assert pages.get(path).status_code == 403
    assert pages.get("/account").status_code == 401


def test_a_code_that_is_another_browsers_is_refused(pages, stores, provider):
    linked(pages, stores, provider)
    with pages.browser() as other:
        stolen = provider.code(begin(other))["code"]
    own = provider.code(begin(pages))
    answer = pages.get("/sign-in/openid/callback", params={**own, "code": stolen})
    assert (answer.status_code, UNTRUSTED in unescape(answer.text)) == (403, True)


@pytest.mark.parametrize("target", ("//evil.example", "https://evil.example", "/\\evil.example"))
def test_after_it_one_stays_on_these_pages(pages, stores, provider, target):
    linked(pages, stores, provider)
    assert come_back(pages, provider, next=target).headers["location"] == "/"


def test_a_stranger_is_recorded(pages, stores, provider):
    assert STRANGER in come_back(pages, provider).text
    assert "The sign-in page refused an attempt to sign in as a name that nobody has" in actions(
        stores
    )


def test_another_website_can_not_begin_it(pages, stores):
    answer = pages.post(
        "/sign-in/openid",
        data={"invitation": add(stores)},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403


def test_one_address_begins_it_only_so_often(pages, provider):
    codes = [pages.post("/sign-in/openid", data={}).status_code for _ in range(302)]
    assert codes == [200] * 300 + [429] * 2


def test_its_cookie_is_for_the_way_back_alone(pages):
    cookie = pages.post("/sign-in/openid", data={}).headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/sign-in/openid", "Max-Age=600"):
        assert part in cookie
