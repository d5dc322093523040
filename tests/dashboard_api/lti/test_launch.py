"""Opening the pages from a learning platform: the way that works, and every way that must not."""

from __future__ import annotations

import logging
from html import unescape

import pytest
from joserfc.jwk import OctKey

from contract.clock import SECOND_NS
from dashboard_api.lti.launch_token import CLAIM, MAX_AGE_S
from dashboard_api.lti.platform_keys import DOWN_NS, FRESH_NS, RETRY_NS
from dashboard_api.lti.routes import COOKIE
from dashboard_api.lti.service import FLOW_S
from dashboard_api.web.access import COOKIE as SESSION
from school.audit.actor import Actor
from school.people.passwords import hash_password
from tests.dashboard_api.lti.browsing import (
    FROM_PLATFORM,
    TOOL,
    begin,
    launch,
    launch_name,
    link,
    post,
    refusal,
)
from tests.dashboard_api.lti.platforms import CLIENT, DEPLOYMENT, NEW_KEY, OTHER_KEY
from tests.signed_in import BY, add_person, cookie

LOST = "it was used already, or it began in another browser"
UNTRUSTED = "What Canvas sent can't be trusted: "
PASSWORD = "tuba glacier mitten 94"


@pytest.fixture
def ada(stores):
    """A teacher without a second factor."""
    stores.people.add("Ada", "ada@school.example", ["teacher"], BY, person_id="ada")
    stores.people.set_password("ada", hash_password(PASSWORD), BY)
    return "ada"


@pytest.fixture
def at_work(pages, stores, clock, ada):
    """The browser of Ada."""
    with pages.browser(cookie(stores.people, clock.utc_ns(), ada)) as found:
        yield found


def signed_in(pages) -> bool:
    return pages.get("/account", headers={"Accept": "text/html"}).status_code == 200


# ----------------------------------------------------------------------------- the way that works


def test_an_account_is_linked_once_by_who_is_signed_in(pages, at_work, platform, stores, ada):
    first = launch(at_work, platform)
    assert first.status_code == 200
    assert "You are signed in as Ada. Shall the account of Canvas" in unescape(first.text)
    assert stores.platforms.accounts(ada) == [], "nothing is linked by coming here"
    done = at_work.post("/lti/link", data={"launch": launch_name(first.text)})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    (account,) = stores.platforms.accounts(ada)
    assert account.platform == "Canvas"
    # In another browser, where nobody is signed in, the same account is enough from now on.
    again = launch(pages, platform)
    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert signed_in(pages)
    assert "linked an account of a learning platform to themselves" in said(stores)


def said(stores) -> str:
    return "\n".join(entry.sentence for entry in stores.audit.latest(30))


def test_who_is_not_signed_in_comes_back_to_the_link(pages, platform, stores, ada):
    first = launch(pages, platform)
    assert "linked to nobody here" in first.text
    assert 'name="launch"' not in first.text
    at = first.text.partition("/sign-in?next=")[2].partition('"')[0]
    form = pages.get(f"/sign-in?next={at}").text
    target = unescape(form.partition('name="next" value="')[2].partition('"')[0])
    assert target.startswith("/lti/continue?launch=")
    given = {"name": "ada@school.example", "password": PASSWORD, "next": target}
    came = pages.post("/sign-in", data=given)
    assert came.headers["location"] == target
    name = launch_name(pages.get(target).text)
    assert pages.post("/lti/link", data={"launch": name}).headers["location"] == "/"
    assert len(stores.platforms.accounts(ada)) == 1


def test_never_by_e_mail_or_name(pages, platform, stores, ada):
    assert "linked to nobody here" in launch(pages, platform).text
    assert not signed_in(pages)
    assert "Quillfeather" not in launch(pages, platform).text


def test_a_link_leads_to_its_lesson_by_the_policy_alone(at_work, pages, platform, stores, filled):
    platform.claims = {f"{CLAIM}target_link_uri": f"{TOOL}/lessons/{filled.lesson.id}"}
    done = link(at_work, platform)
    assert done.headers["location"] == f"/lessons/{filled.lesson.id}"
    assert at_work.get(done.headers["location"]).status_code == 404, "it is not shared with Ada"


@pytest.mark.parametrize(
    "target",
    (
        "https://evil.example/lessons/x", f"{TOOL}.evil.example/lessons/x", f"{TOOL}/account",
        f"{TOOL}/lessons/x/delete", f"{TOOL}//evil.example", "javascript:alert(1)", 7,
        f"{TOOL}/lessons/..\\x", f"{TOOL}//[x",
    ),
)  # fmt: skip
def test_a_link_leads_nowhere_else(at_work, platform, target):
    platform.claims = {f"{CLAIM}target_link_uri": target}
    assert link(at_work, platform).headers["location"] == "/"


def test_a_second_factor_is_asked_for_as_ever(pages, platform, stores, clock):
    add_person(stores.people, "kim", "coach")
    with pages.browser(cookie(stores.people, clock.utc_ns(), "kim")) as at_work:
        link(at_work, platform)
    answer = launch(pages, platform)
    assert answer.status_code == 200
    assert "Code from your authenticator app" in answer.text
    assert not signed_in(pages)


def test_a_platform_may_begin_by_an_address(at_work, platform):
    answer = at_work.get("/lti/login", params=platform.login(), headers={"Accept": "text/html"})
    form = platform.answer(answer.headers["location"])
    assert post(at_work, form).headers["location"].startswith("/lti/continue")


def test_a_platform_that_leaves_its_client_id_out_is_known_by_its_issuer(at_work, platform, stores):
    assert begin(at_work, platform, client_id="")
    stores.platforms.add(platform.registration("second", client_id="2"), BY)
    answer = at_work.post("/lti/login", data=platform.login(client_id=""), headers=FROM_PLATFORM)
    assert answer.status_code == 400
    assert "which of its registrations" in refusal(answer)


# ----------------------------------------------------------------------------- what is signed

BAD_CLAIMS = {
    "another platform's": ({"iss": "https://evil.example"}, "it is from another platform"),
    "for another tool": ({"aud": "another"}, "it is for another tool"),
    "for several, and for another party": (
        {"aud": [CLIENT, "another"], "azp": "another"}, "it is for another tool",
    ),
    "for several, and no party": (
        {"aud": [CLIENT, "another"], "azp": None}, "it is for another tool",
    ),
    "another party's": ({"azp": "another"}, "it is for another tool"),
    "for nobody": ({"aud": None}, "it is for another tool"),
    "without an end": ({"exp": None}, "it is not a token of a launch"),
    "of no time": ({"iat": None}, "it is not a token of a launch"),
    "of a time that is a word": ({"iat": "now"}, "it is not a token of a launch"),
    "of another nonce": ({"nonce": "another"}, "it belongs to another launch"),
    "without a nonce": ({"nonce": None}, "it belongs to another launch"),
    "of LTI 1.1": ({f"{CLAIM}version": "LTI-1p0"}, "it is not of LTI 1.3"),
    "of an unknown deployment": ({f"{CLAIM}deployment_id": "2:x"}, "(deployment)"),
    "of no deployment": ({f"{CLAIM}deployment_id": None}, "(deployment)"),
    "for grades": (
        {f"{CLAIM}message_type": "LtiSubmissionReviewRequest"}, "something that Roomtone does not do",
    ),
    "of nobody": ({"sub": None}, "it does not say who you are"),
    "of a very long name": ({"sub": "x" * 256}, "it does not say who you are"),
    "of a name that is no text": ({"sub": "\ud800"}, "it does not say who you are"),
    "of a nonce that is no text": ({"nonce": "\ud800"}, "it belongs to another launch"),
    "for links, but without where to": (
        {f"{CLAIM}message_type": "LtiDeepLinkingRequest"}, "it is not a token of a launch",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_CLAIMS)
def test_a_token_that_says_something_wrong_is_refused(at_work, platform, stores, ada, caplog, kind):
    platform.claims, what = BAD_CLAIMS[kind]
    with caplog.at_level(logging.INFO, "dashboard"):
        form = platform.answer(begin(at_work, platform))
        answer = post(at_work, form)
    assert answer.status_code == 403
    sentence = refusal(answer)
    assert sentence.startswith(UNTRUSTED)
    assert what in sentence
    assert stores.platforms.accounts(ada) == []
    (line,) = (each.getMessage() for each in caplog.records if each.name == "dashboard")
    assert line.startswith("a launch from a learning platform was refused: ")
    for secret in (form["id_token"], form["state"], platform.subject, "evil.example"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("ago_s", "lasts_s", "what"),
    (
        (-61, 300, "it is from the future"),
        (MAX_AGE_S + 1, 86_400, "it is too old"),
        (200, 100, "it is too old"),
    ),
)
def test_a_token_of_another_time_is_refused(at_work, platform, clock, ago_s, lasts_s, what):
    made = clock.utc_ns() // SECOND_NS - ago_s
    platform.claims = {"iat": made, "exp": made + lasts_s}
    assert what in refusal(post(at_work, platform.answer(begin(at_work, platform))))


@pytest.mark.parametrize("ago_s", (-59, MAX_AGE_S - 1))
def test_clocks_may_differ_a_little(at_work, platform, clock, ago_s):
    made = clock.utc_ns() // SECOND_NS - ago_s
    platform.claims = {"iat": made, "exp": made + MAX_AGE_S + 60}
    assert launch(at_work, platform).status_code == 200


def test_another_key_is_refused(at_work, platform):
    platform.key = OTHER_KEY  # it has the same id
    assert "not signed with a key of that platform" in refusal(
        post(at_work, platform.answer(begin(at_work, platform)))
    )


def test_a_changed_token_is_refused(at_work, platform):
    form = platform.answer(begin(at_work, platform))
    head, _body, signature = form["id_token"].split(".")
    platform.subject = "somebody else"
    other = platform.token("n").split(".")[1]
    answer = post(at_work, {**form, "id_token": f"{head}.{other}.{signature}"})
    assert "not signed with a key" in refusal(answer)


@pytest.mark.parametrize("token", ("x", "a.b.c", "e30.e30.", "." * 40_000, "\u0416"))
def test_what_is_no_token_is_refused(at_work, platform, token):
    form = platform.answer(begin(at_work, platform))
    assert "not a token of a launch" in refusal(post(at_work, {**form, "id_token": token}))


def test_a_secret_that_both_know_is_no_signature(at_work, platform):
    platform.header, platform.key = {"alg": "HS256", "kid": "one"}, OctKey.import_key("x" * 32)
    assert refusal(post(at_work, platform.answer(begin(at_work, platform)))).startswith(UNTRUSTED)


def test_the_platforms_report_of_an_error_is_a_sentence(at_work, platform):
    state = platform.answer(begin(at_work, platform))["state"]
    answer = post(at_work, {"state": state, "error": "login_required"})
    assert "Canvas did not confirm who you are" in refusal(answer)


# ----------------------------------------------------------------------------- keys that change


def test_a_new_key_of_the_platform_is_fetched_once_it_is_met(at_work, platform, clock):
    assert launch(at_work, platform).status_code == 200
    assert platform.asked.count("/jwks") == 1
    platform.header, platform.key = {"alg": "ES256", "kid": "two"}, NEW_KEY
    platform.published = [NEW_KEY]
    clock.advance(RETRY_NS / SECOND_NS)
    assert launch(at_work, platform).status_code == 200
    assert platform.asked.count("/jwks") == 2


def test_a_key_that_nobody_publishes_makes_us_ask_at_most_once_a_minute(at_work, platform, clock):
    platform.header, platform.key = {"alg": "ES256", "kid": "two"}, NEW_KEY
    for _ in range(4):
        answer = post(at_work, platform.answer(begin(at_work, platform)))
        assert "a key that the platform does not publish" in refusal(answer)
    assert platform.asked.count("/jwks") == 1
    clock.advance(RETRY_NS / SECOND_NS)
    post(at_work, platform.answer(begin(at_work, platform)))
    assert platform.asked.count("/jwks") == 2


def test_a_key_that_the_platform_took_back_is_over_within_the_hour(at_work, platform, clock):
    assert launch(at_work, platform).status_code == 200
    platform.published = [NEW_KEY]
    clock.advance(FRESH_NS / SECOND_NS)
    assert "does not publish" in refusal(post(at_work, platform.answer(begin(at_work, platform))))


@pytest.mark.parametrize("raw", ((500, b""), (200, b"<html>"), (200, b"[" * 300_000)))
def test_keys_that_can_not_be_had_are_a_sentence(at_work, platform, raw):
    platform.raw = raw
    answer = post(at_work, platform.answer(begin(at_work, platform)))
    assert answer.status_code == 503
    assert "Canvas does not answer right now" in refusal(answer)


def test_a_platform_that_is_down_is_not_asked_by_each_launch(at_work, platform, clock):
    platform.raw = (500, b"")
    for _ in range(3):
        assert post(at_work, platform.answer(begin(at_work, platform))).status_code == 503
    assert platform.asked.count("/jwks") == 1
    platform.raw = None
    clock.advance(DOWN_NS / SECOND_NS)
    assert launch(at_work, platform).status_code == 200


# ----------------------------------------------------------------------------- used, old, stolen


def test_a_launch_is_used_once(at_work, platform):
    form = platform.answer(begin(at_work, platform))
    assert post(at_work, form).status_code == 303
    assert LOST in refusal(post(at_work, form))


def test_a_token_fits_no_other_launch(at_work, platform):
    old = platform.answer(begin(at_work, platform))
    state = platform.answer(begin(at_work, platform))["state"]
    assert "it belongs to another launch" in refusal(
        post(at_work, {"id_token": old["id_token"], "state": state})
    )


def test_nothing_works_again_after_a_start(new_pages, platform):
    with new_pages() as before:
        used = platform.answer(begin(before, platform))
        assert post(before, used).status_code == 303
        unused = platform.answer(begin(before, platform))
    with new_pages() as after:
        assert LOST in refusal(post(after, used))
        assert LOST in refusal(post(after, unused))


@pytest.mark.parametrize("state", ("", "x", "x" * 43))
def test_a_launch_that_nobody_began_is_refused(at_work, platform, state):
    assert LOST in refusal(post(at_work, {"id_token": platform.token("n"), "state": state}))


def test_a_launch_has_an_end(at_work, platform, clock):
    form = platform.answer(begin(at_work, platform))
    clock.advance(FLOW_S)
    assert LOST in refusal(post(at_work, form))


def test_another_browser_can_not_end_it(at_work, pages, platform, stores, clock):
    """Nobody gets a stranger's browser into an account of their own."""
    at = post(at_work, platform.answer(begin(at_work, platform))).headers["location"]
    add_person(stores.people, "bob", "teacher")
    with pages.browser(cookie(stores.people, clock.utc_ns(), "bob")) as other:
        assert LOST in refusal(other.get(at, headers={"Accept": "text/html"}))
        given = {"launch": at.partition("launch=")[2]}
        answer = other.post("/lti/link", data=given, headers={"Accept": "text/html"})
        assert LOST in refusal(answer)
    assert stores.platforms.accounts("bob") == []
    assert at_work.get(at).status_code == 200, "whose it is goes on with it"


def test_the_cookie_is_out_of_scripts_and_other_websites(at_work, platform):
    answer = at_work.post("/lti/login", data=platform.login(), headers=FROM_PLATFORM)
    given = answer.headers["set-cookie"]
    assert given.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/lti"} <= set(given.split("; "))


# ----------------------------------------------------------------------------- whose it is


def test_an_account_is_one_persons(pages, at_work, platform, stores, clock):
    link(at_work, platform)
    add_person(stores.people, "bob", "teacher")
    with pages.browser(cookie(stores.people, clock.utc_ns(), "bob")) as other:
        answer = launch(other, platform)
        assert answer.status_code == 409
        assert "You are signed in here as bob" in refusal(answer)
    assert stores.platforms.accounts("bob") == []


def test_two_who_link_one_account_at_once(pages, at_work, platform, stores, clock):
    add_person(stores.people, "bob", "teacher")
    with pages.browser(cookie(stores.people, clock.utc_ns(), "bob")) as other:
        name = launch_name(launch(other, platform).text)
        link(at_work, platform)
        answer = other.post("/lti/link", data={"launch": name})
    assert (answer.status_code, "linked to someone else" in answer.text) == (409, True)


def test_an_account_is_of_its_deployment(pages, at_work, platform, stores):
    link(at_work, platform)
    stores.platforms.add_deployment("canvas", "2:other", BY)
    platform.claims = {f"{CLAIM}deployment_id": "2:other"}
    assert "linked to nobody here" in launch(pages, platform).text
    platform.claims = {}
    stores.platforms.remove_deployment("canvas", DEPLOYMENT, BY)
    assert "(deployment)" in refusal(post(pages, platform.answer(begin(pages, platform))))


def test_who_has_left_is_not_signed_in(pages, at_work, platform, stores, clock, ada):
    link(at_work, platform)
    by = Actor(name="a test", utc_ns=clock.utc_ns())
    stores.people.leaving.leave(ada, by, utc_ns=clock.utc_ns())
    answer = launch(pages, platform)
    assert "linked to nobody here" in answer.text
    assert SESSION not in answer.headers.get("set-cookie", "")


def test_a_person_removes_the_link(pages, at_work, platform, stores, ada, clock):
    link(at_work, platform)
    (account,) = stores.platforms.accounts(ada)
    assert f"/account/platforms/{account.id}/remove" in at_work.get("/account").text
    add_person(stores.people, "bob", "teacher")
    with pages.browser(cookie(stores.people, clock.utc_ns(), "bob")) as other:
        other.post(f"/account/platforms/{account.id}/remove")
    assert len(stores.platforms.accounts(ada)) == 1, "only one's own"
    assert at_work.post(f"/account/platforms/{account.id}/remove").status_code == 303
    assert stores.platforms.accounts(ada) == []
    assert "linked to nobody here" in launch(pages, platform).text


def test_a_platform_that_was_removed_opens_nothing(pages, at_work, platform, stores, ada, clock):
    link(at_work, platform)
    form = platform.answer(begin(at_work, platform))
    add_person(stores.people, "bob", "teacher")
    with pages.browser(cookie(stores.people, clock.utc_ns(), "bob")) as other:
        assert stores.platforms.remove("canvas", BY) == 1
        assert other.get("/account").status_code == 200
    # Whoever came in by it is out.
    assert at_work.get("/account").status_code in {303, 401}
    assert "is not set up here" in refusal(post(at_work, form))
    answer = pages.post("/lti/login", data=platform.login(), headers=FROM_PLATFORM)
    assert "is not set up here" in refusal(answer)
    assert stores.platforms.accounts(ada) == []


@pytest.mark.parametrize("given", ({}, {"iss": "https://lms.example"}, {"login_hint": "x"}))
def test_a_person_who_opens_the_platforms_address_reads_what_it_is(pages, given):
    answer = pages.get("/lti/login", params=given, headers={"Accept": "text/html"})
    assert (answer.status_code, "is for learning platforms" in refusal(answer)) == (400, True)


def test_too_many_launches_from_one_address_are_refused(pages, platform):
    for _ in range(300):
        pages.app.state.sign_in.count_account_start("127.0.0.1")
    answer = pages.post("/lti/login", data=platform.login(), headers=FROM_PLATFORM)
    assert answer.status_code == 429


# ----------------------------------------------------------------------------- in a frame


def test_in_a_frame_there_is_only_a_button(pages, platform):
    headers = {**FROM_PLATFORM, "Sec-Fetch-Dest": "iframe"}
    answer = pages.post("/lti/login", data=platform.login(), headers=headers)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors https:" in policy
    assert "script-src 'self'" in policy
    at = answer.text.partition('href="/lti/login?frame=')[2].partition('"')[0]
    window = pages.get("/lti/login", params={"frame": at}, headers={"Sec-Fetch-Dest": "document"})
    form = platform.answer(window.headers["location"])
    assert post(pages, form).headers["location"].startswith("/lti/continue")
    assert pages.get(f"/lti/frame/{at}").json() == {"is_done": False, "return_url": "", "token": ""}


def test_a_refusal_in_a_frame_can_be_read_there(pages, platform):
    headers = {**FROM_PLATFORM, "Sec-Fetch-Dest": "iframe"}
    given = platform.login(iss="https://evil.example")
    answer = pages.post("/lti/login", data=given, headers=headers)
    assert answer.status_code == 403
    assert "is not set up here" in answer.text
    assert "frame-ancestors https:" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert "<a " not in answer.text


def test_no_other_page_may_be_framed_or_posted_to_from_elsewhere(pages, at_work, platform):
    for each in ("/", "/account", "/lti/choose", "/lti/jwks", "/sign-in"):
        policy = at_work.get(each).headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
    for each in ("/lti/link", "/lti/choose", "/account/platforms/x/remove"):
        assert at_work.post(each, headers=FROM_PLATFORM).status_code == 403, each


def test_a_frame_that_nobody_opened_is_over(pages):
    assert pages.get("/lti/frame/x").status_code == 404
