"""Signing in and out, invitations, sessions, the second factor, and whoever guesses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pyotp
import pytest

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from school.people.passwords import hash_password
from school.people.records import Role
from school.people.second_factor import STEP_S
from school.people.session_rows import IDLE_NS
from school.people.store import INVITATION_NS, SESSION_NS
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, FACTOR, TEACHER

PASSWORD = "tuba glacier mitten 94"
HASHED = hash_password(PASSWORD)
HTML = {"accept": "text/html"}


@pytest.fixture
def nobody(client) -> Iterator[Pages]:
    """A browser in which nobody is signed in."""
    with client.browser() as pages:
        yield pages


@pytest.fixture
def ada(stores) -> str:
    """A teacher with a password and without a second factor."""
    add(stores, "ada", "teacher")
    return "ada"


def add(stores, name: str, *roles: Role) -> None:
    stores.people.add(name.title(), f"{name}@school.example", roles, BY, person_id=name)
    stores.people.set_password(name, HASHED, BY)


def sign_in(pages: Pages, name: str = "ada@school.example", password: str = PASSWORD, **more: str):
    return pages.post("/sign-in", data={"name": name, "password": password, **more})


def code(clock) -> str:
    return pyotp.TOTP(FACTOR).at(clock.utc_ns() // SECOND_NS)


def text_of(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_one_signs_in_and_out(nobody, ada):
    page = nobody.get("/people?a=b", headers=HTML)
    assert page.status_code == 303
    assert page.headers["location"] == "/sign-in?next=%2Fpeople%3Fa%3Db"
    assert 'value="/people?a=b"' in nobody.get(page.headers["location"]).text
    answer = sign_in(nobody, next="/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Ada" in nobody.get("/account").text
    assert nobody.post("/sign-out").headers["location"] == "/sign-in"
    assert nobody.get("/account").status_code == 401


def test_a_program_and_a_part_of_a_page_learn_that_nobody_is_signed_in(nobody):
    assert nobody.get("/api/lessons").json() == {"detail": "Sign in first."}
    part = nobody.get("/lessons/x/table?number=2", headers={"HX-Request": "true"})
    assert part.status_code == 401
    assert part.headers["hx-redirect"] == "/sign-in?next=%2Flessons%2Fx%2Ftable%3Fnumber%3D2"


@pytest.mark.parametrize(
    "target", ("//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "evil", "")
)
def test_after_it_one_stays_on_these_pages(nobody, ada, target):
    assert sign_in(nobody, next=target).headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_look_the_same(nobody, ada, monkeypatch):
    checked = []
    monkeypatch.setattr(
        "dashboard_api.people.sign_in.is_password",
        lambda password, hashed: checked.append((password, hashed)) or False,
    )
    wrong = sign_in(nobody, password="not it")
    unknown = sign_in(nobody, name="bob@school.example", password="not it")
    assert wrong.status_code == unknown.status_code == 403
    assert wrong.text.replace("ada@", "bob@") == unknown.text
    assert "The name or the password is wrong." in wrong.text
    assert checked == [("not it", HASHED), ("not it", None)]  # it takes as long


def test_someone_without_a_password_can_not_sign_in(nobody, stores):
    stores.people.add("Eve", "eve", ["coach"], BY)
    assert sign_in(nobody, name="eve", password="").status_code == 403


def test_guessing_is_slow_and_locks_nobody_out_for_good(nobody, ada, monkeypatch):
    now = [1_000.0]
    monkeypatch.setattr("limits.storage.memory.time.time", lambda: now[0])
    monkeypatch.setattr("limits.strategies.time.time", lambda: now[0])
    monkeypatch.setattr("dashboard_api.people.sign_in.is_password", lambda p, _: p == PASSWORD)
    for _ in range(10):
        assert sign_in(nobody, password="guess").status_code == 403
    refused = sign_in(nobody)
    assert refused.status_code == 429
    assert "Wait fifteen minutes" in refused.text
    assert sign_in(nobody, name="bob@school.example").status_code == 403  # others may try
    now[0] += 15 * 60 + 1
    assert sign_in(nobody).status_code == 303


def test_an_address_that_tries_every_name_is_slowed_down(nobody, monkeypatch):
    monkeypatch.setattr("dashboard_api.people.sign_in.is_password", lambda _, __: False)
    codes = [sign_in(nobody, name=f"n{i}").status_code for i in range(110)]
    assert codes == [403] * 100 + [429] * 10


def test_a_session_ends_when_it_is_not_used_and_at_its_age(nobody, ada, clock, stores):
    sign_in(nobody)
    began = clock.utc_at_boot_ns
    while clock.utc_at_boot_ns < began + SESSION_NS - IDLE_NS:
        clock.utc_at_boot_ns += IDLE_NS - SECOND_NS
        assert nobody.get("/account").status_code == 200
    clock.utc_at_boot_ns = began + SESSION_NS
    assert nobody.get("/account").status_code == 401
    sign_in(nobody)
    clock.utc_at_boot_ns += IDLE_NS
    assert nobody.get("/account").status_code == 401
    assert stores.people.sessions(ada, clock.utc_ns()) == []


def test_the_token_in_the_cookie_is_nowhere_in_the_database(nobody, ada, stores, tmp_path):
    token = sign_in(nobody).cookies["roomtone_session"]
    stores.people.invite("ada", BY)
    files = [path.read_bytes() for path in (tmp_path / "school").iterdir()]
    assert files
    assert not any(token.encode() in content for content in files)
    assert not any(PASSWORD.encode() in content for content in files)


def test_each_session_can_be_ended_by_its_owner_alone(client, nobody, ada, stores, clock):
    sign_in(nobody)
    with client.browser() as other:
        sign_in(other)
        sessions = stores.people.sessions(ada, clock.utc_ns())
        assert len(sessions) == 2
        own = re.findall(r"/account/sessions/(\w+)/end", nobody.get("/account").text)
        assert len(own) == 1
        client.post(f"/account/sessions/{own[0]}/end")  # someone else's
        assert other.get("/account").status_code == 200
        nobody.post(f"/account/sessions/{own[0]}/end")
        assert other.get("/account").status_code == 401
    assert nobody.get("/account").status_code == 200


def test_a_new_password_ends_all_sessions(client, nobody, ada):
    sign_in(nobody)
    new = "harbour violin toast 38"
    wrong = nobody.post("/account/password", data={"old": "no", "new": new})
    assert (wrong.status_code, "The name or the password is wrong." in wrong.text) == (
        422,
        True,
    )
    weak = nobody.post("/account/password", data={"old": PASSWORD, "new": "password123"})
    assert weak.status_code == 422
    assert "easy to guess" in text_of(weak)
    with client.browser() as other:
        sign_in(other)
        done = nobody.post("/account/password", data={"old": PASSWORD, "new": new})
        assert done.headers["location"] == "/sign-in"
        assert nobody.get("/account").status_code == 401
        assert other.get("/account").status_code == 401
    assert sign_in(nobody).status_code == 403
    assert sign_in(nobody, password=new).status_code == 303


def test_a_role_that_is_taken_away_ends_the_sessions(nobody, ada, stores):
    sign_in(nobody)
    stores.people.set_roles(ada, ["coach"], BY)
    assert nobody.get("/account").status_code == 401


# ------------------------------------------------------------------------------- invitations


def invite(client, stores) -> str:
    """An administrator invites Bob; the path of his link."""
    form = {"name": "Bob", "sign_in_name": "Bob@School.example", "roles": ["teacher", "coach"]}
    answer = client.post("/people", data=form)
    assert answer.status_code == 200
    found = re.search(r'value="http://127\.0\.0\.1:8000(/invitation/[\w-]+)"', answer.text)
    assert found
    assert stores.people.named("bob@school.example").roles == {"teacher", "coach"}
    return found[1]


def test_an_invitation_works_once(client, nobody, stores):
    link = invite(client, stores)
    for _ in range(3):  # programs that look for malware open links, and change nothing
        assert "Welcome, Bob" in nobody.get(link).text
    weak = nobody.post(link, data={"password": "bob bob bob"})
    assert (weak.status_code, "easy to guess" in weak.text) == (422, True)
    short = nobody.post(link, data={"password": "x7!"})
    assert (short.status_code, "at least 10 characters" in short.text) == (422, True)
    done = nobody.post(link, data={"password": PASSWORD})
    assert "Your password is set." in done.text
    assert sign_in(nobody, name=" BOB@school.example ").status_code == 303
    for again in (nobody.get(link), nobody.post(link, data={"password": PASSWORD})):
        assert again.status_code == 404
        assert "This link was used already" in again.text


def test_an_invitation_is_over_after_seven_days_and_when_there_is_a_newer_one(
    client, nobody, stores, clock
):
    link = invite(client, stores)
    bob = stores.people.named("bob@school.example")
    newer = client.post(f"/people/{bob.id}/invitation").text
    assert nobody.get(link).status_code == 404
    link = re.search(r"/invitation/[\w-]+", newer)[0]
    clock.utc_at_boot_ns += INVITATION_NS - 1
    assert nobody.get(link).status_code == 200
    clock.utc_at_boot_ns += 1
    assert nobody.get(link).status_code == 404
    assert nobody.get("/invitation/never-was").text == nobody.get(link).text


def test_a_new_link_ends_the_sessions(client, nobody, ada):
    sign_in(nobody)
    client.post("/people/ada/invitation")
    assert nobody.get("/account").status_code == 401


def test_people_that_can_not_be_are_refused_in_a_sentence(client, ada):
    for form, words in (
        ({"name": "X", "sign_in_name": "ADA@school.example", "roles": "coach"}, "already"),
        ({"name": " ", "sign_in_name": "x", "roles": "coach"}, "needs a name"),
        ({"name": "X", "sign_in_name": "x"}, "at least one role"),
        ({"name": "X", "sign_in_name": "x", "roles": "king"}, "roles"),
    ):
        answer = client.post("/people", data=form)
        assert answer.status_code == 422
        assert words in text_of(answer)
    answer = client.post(f"/people/{TEACHER}/roles", data={"roles": "teacher"})
    assert "can't stop being an administrator yourself" in text_of(answer)
    answer = client.post(f"/people/{TEACHER}/names", data={"teacher": "x" * 300})
    assert answer.status_code == 422


def test_a_name_of_a_timetable_opens_nothing_until_it_is_tied(client, nobody, ada, stores, filled):
    stores.lessons.put(replace(filled.lesson, id="poems", teacher="Ms Lovelace", title="Poems"))
    sign_in(nobody)
    assert "Poems" not in nobody.get("/").text
    assert "Ms Lovelace" in client.get("/people").text
    assert client.post("/people/ada/names", data={"teacher": "Ms Lovelace"}).status_code == 303
    assert "Poems" in nobody.get("/").text
    # What is someone's stays theirs.
    client.post(f"/people/{TEACHER}/names", data={"teacher": "Ms Lovelace"})
    assert "Poems" in nobody.get("/").text
    assert "Poems" not in client.get("/").text


# ------------------------------------------------------------------------------- second factor


def test_a_second_factor_is_asked_for_and_works_once(nobody, ada, stores, clock):
    stores.people.set_second_factor(ada, FACTOR, BY)
    page = sign_in(nobody, next="/account")
    pending = re.search(r'name="pending" value="([\w-]+)"', page.text)[1]
    assert nobody.get("/account").status_code == 401
    form = {"pending": pending, "next": "/account"}
    wrong = nobody.post("/sign-in/code", data={**form, "code": "000000"})
    assert (wrong.status_code, "The code is wrong" in wrong.text) == (403, True)
    used = code(clock)
    done = nobody.post("/sign-in/code", data={**form, "code": f"{used[:3]} {used[3:]}"})
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    assert nobody.get("/account").status_code == 200
    again = nobody.post("/sign-in/code", data={**form, "code": used})
    assert "That took too long" in again.text
    page = sign_in(nobody)
    form["pending"] = re.search(r'name="pending" value="([\w-]+)"', page.text)[1]
    assert nobody.post("/sign-in/code", data={**form, "code": used}).status_code == 403
    clock.utc_at_boot_ns += STEP_S * SECOND_NS
    assert nobody.post("/sign-in/code", data={**form, "code": code(clock)}).status_code == 303


def test_a_code_comes_within_five_minutes(nobody, ada, stores, clock):
    stores.people.set_second_factor(ada, FACTOR, BY)
    pending = re.search(r'name="pending" value="([\w-]+)"', sign_in(nobody).text)[1]
    clock.utc_at_boot_ns += 300 * SECOND_NS
    late = nobody.post("/sign-in/code", data={"pending": pending, "code": code(clock)})
    assert (late.status_code, "That took too long" in late.text) == (403, True)


@pytest.mark.parametrize("role", ("administrator", "privacy_officer"))
def test_who_reaches_everybody_sets_one_up_first(nobody, stores, clock, role):
    add(stores, "eve", role)
    sign_in(nobody, name="eve@school.example")
    assert nobody.get("/people", headers=HTML).headers["location"] == "/account"
    assert nobody.get("/people").status_code == 403
    page = nobody.get("/account").text
    key = re.search(r'name="key" value="(\w+)"', page)[1]
    form = {"key": key, "password": PASSWORD}
    wrong = nobody.post("/account/second-factor", data={**form, "code": "000000"})
    assert "The code does not fit" in wrong.text
    assert f'value="{key}"' in wrong.text
    right = pyotp.TOTP(key).at(clock.utc_ns() // SECOND_NS)
    stolen = nobody.post("/account/second-factor", data={**form, "password": "no", "code": right})
    assert stolen.status_code == 422
    assert nobody.post("/account/second-factor", data={**form, "code": right}).status_code == 303
    assert nobody.get("/people").status_code == 200


# ------------------------------------------------------------------------------- other websites


@pytest.mark.parametrize(
    "headers",
    (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
    ),
)
def test_another_website_can_change_nothing(client, stores, filled, headers):
    for path, data in (
        ("/lessons/sample/moments", {"start_s": "1"}),
        ("/people", {"name": "Eve", "sign_in_name": "eve", "roles": "administrator"}),
        ("/sign-out", {}),
    ):
        answer = client.post(path, data=data, headers={**headers, "HX-Request": "true"})
        assert answer.status_code == 403
    assert stores.people.named("eve") is None
    assert client.get("/account").status_code == 200


def test_a_browser_that_does_not_say_where_a_change_comes_from_can_change_nothing(client):
    del client._client.headers["Sec-Fetch-Site"]
    assert client.post("/sign-out").status_code == 403
    assert client.get("/account").status_code == 200


def test_in_a_simulation_people_keep_their_own_clock(stores, clock):
    """A lesson may play at twenty times the speed; an authenticator app does not."""
    people_clock = ManualClock(now_ns=0, utc_at_boot_ns=clock.utc_ns())
    app = create_app(lambda: stores, clock=clock, people_clock=people_clock)
    add(stores, "ada", "teacher")
    stores.people.set_second_factor("ada", FACTOR, BY)
    with Pages(app) as pages:
        clock.utc_at_boot_ns += SESSION_NS
        pending = re.search(r'name="pending" value="([\w-]+)"', sign_in(pages).text)[1]
        clock.utc_at_boot_ns += SESSION_NS
        form = {"pending": pending, "code": code(people_clock)}
        assert pages.post("/sign-in/code", data=form).status_code == 303
        assert pages.get("/account").status_code == 200
        people_clock.utc_at_boot_ns += SESSION_NS
        assert pages.get("/account").status_code == 401
