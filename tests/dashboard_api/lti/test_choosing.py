"""Deep linking: a teacher puts a link to one of their lessons into a course."""

from __future__ import annotations

import fcntl
import os
import re
from html import unescape

import pytest

from contract.clock import SECOND_NS
from dashboard_api.lti import tool_keys as tool_keys_module
from dashboard_api.lti.launch_token import CLAIM
from dashboard_api.lti.routes import CHOOSE
from dashboard_api.lti.tool_keys import OLD_NS, ToolKeys
from school.audit.actor import Actor
from school.lessons.records import Lesson
from tests.dashboard_api.conftest import START_NS
from tests.dashboard_api.lti.browsing import (
    FROM_PLATFORM,
    TOOL,
    begin,
    launch,
    link,
    post,
    refusal,
)
from tests.signed_in import TEACHER, add_person, cookie

HTML = {"Accept": "text/html"}


@pytest.fixture
def teacher(pages, stores, clock, filled):
    """The browser of who teaches the sample lesson."""
    with pages.browser(cookie(stores.people, clock.utc_ns())) as found:
        yield found


@pytest.fixture
def asked(teacher, platform):
    """The teacher's account is linked, and the platform asks for a link; the launch's name."""
    link(teacher, platform)
    platform.deep_linking = {}
    return name_of(launch(teacher, platform))


def name_of(answer) -> str:
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"]
    assert address.startswith(f"{CHOOSE}?launch=")
    return str(address.partition("launch=")[2])


def choose(pages, name: str, lesson: str, title: str = "Talk in groups"):
    return pages.post(CHOOSE, data={"launch": name, "lesson": lesson, "title": title}, headers=HTML)


def returned(answer) -> tuple[str, str]:
    """Where the page's form goes, and the signed link in it."""
    form = re.search(r'<form method="post" action="([^"]+)">\s*<input type="hidden" name="JWT" value="([^"]+)"',
                     answer.text)  # fmt: skip
    assert form, answer.text
    return unescape(form[1]), unescape(form[2])


def test_the_course_gets_a_signed_link_that_opens_nothing_by_itself(
    teacher, pages, asked, platform, filled
):
    page = teacher.get(CHOOSE, params={"launch": asked}).text
    assert filled.lesson.title in page
    answer = choose(teacher, asked, filled.lesson.id)
    address, token = returned(answer)
    assert address == f"{platform.issuer}/return"
    item = platform.item(token, pages.get("/lti/jwks").json())
    lesson = f"{TOOL}/lessons/{filled.lesson.id}"
    assert item == {
        "type": "ltiResourceLink", "url": lesson, "title": "Talk in groups",
        "window": {"targetName": "_blank"},
    }  # fmt: skip
    assert pages.get(lesson, headers=HTML).headers["location"].startswith("/sign-in")
    policy = answer.headers["content-security-policy"]
    assert f"form-action 'self' {platform.issuer};" in policy
    # The same link is where a launch by it leads.
    platform.deep_linking = None
    platform.claims = {f"{CLAIM}target_link_uri": item["url"]}
    assert launch(teacher, platform).headers["location"] == f"/lessons/{filled.lesson.id}"


def test_the_title_says_nothing_of_the_lesson_unless_the_teacher_does(teacher, asked, filled):
    page = teacher.get(CHOOSE, params={"launch": asked}).text
    assert 'name="title" maxlength="100" required value="A lesson in Roomtone"' in page
    for bad in ("", "   ", "x\u0007y"):
        assert choose(teacher, asked, filled.lesson.id, bad).status_code == 422
    returned(choose(teacher, asked, filled.lesson.id))


def test_a_link_is_made_once(teacher, asked, filled):
    returned(choose(teacher, asked, filled.lesson.id))
    answer = choose(teacher, asked, filled.lesson.id)
    assert "it was used already" in refusal(answer)


@pytest.mark.parametrize("which", ("another's", "shared", "never-was"))
def test_only_an_own_lesson_can_be_chosen(teacher, asked, stores, clock, which):
    for name, owner in (("another's", "bob"), ("shared", "kim")):
        add_person(stores.people, owner, "teacher")
        stores.sharing.tie_name(owner, owner, _by(clock))
        stores.lessons.put(
            Lesson(
                id=name.replace("'", ""), room="r", teacher=owner, title="Secret", starts_utc_ns=START_NS,
                ends_utc_ns=START_NS + SECOND_NS, source="timetable",
            )
        )  # fmt: skip
    until = clock.utc_ns() + 86_400 * SECOND_NS
    stores.sharing.share("shared", TEACHER, _by(clock, "kim"), until_utc_ns=until)
    assert "Secret" not in teacher.get(CHOOSE, params={"launch": asked}).text
    answer = choose(teacher, asked, which.replace("'", ""))
    assert answer.status_code == 404
    assert "JWT" not in answer.text


def _by(clock, person=None):
    return Actor(name=person or "a test", utc_ns=clock.utc_ns(), person=person)


def test_someone_else_can_not_choose_for_the_account(teacher, pages, asked, stores, clock, filled):
    add_person(stores.people, "bob", "teacher")
    name = teacher._client.cookies["roomtone_lti"]
    with pages.browser(
        {**cookie(stores.people, clock.utc_ns(), "bob"), "roomtone_lti": name}
    ) as bob:
        assert "used already" in refusal(bob.get(CHOOSE, params={"launch": asked}, headers=HTML))
        assert "used already" in refusal(choose(bob, asked, filled.lesson.id))
    with pages.browser(cookie(stores.people, clock.utc_ns())) as elsewhere:
        answer = elsewhere.get(CHOOSE, params={"launch": asked}, headers=HTML)
        assert "another browser" in refusal(answer)


def test_who_does_not_teach_can_not_choose(pages, platform, stores, clock):
    add_person(stores.people, "kim", "coach")
    with pages.browser(cookie(stores.people, clock.utc_ns(), "kim")) as coach:
        link(coach, platform)
        platform.deep_linking = {}
        assert "Only a teacher" in refusal(launch(coach, platform))
        assert coach.get(CHOOSE, headers=HTML).status_code == 404


def test_a_launch_that_asks_for_no_link_gets_none(teacher, platform, pages, filled):
    link(teacher, platform)
    at = post(teacher, platform.answer(begin(teacher, platform))).headers["location"]
    name = at.partition("launch=")[2]
    assert "used already" in refusal(choose(teacher, name, filled.lesson.id))


@pytest.mark.parametrize(
    ("settings", "what"),
    (
        ({"accept_types": ["file", "html"]}, "it does not accept links"),
        ({"accept_types": None}, "it does not accept links"),
        ({"deep_link_return_url": "http://lms.example/return"}, "no safe address"),
        ({"deep_link_return_url": "javascript:alert(1)"}, "no safe address"),
        ({"deep_link_return_url": "https://lms.example/;script-src *"}, "no safe address"),
        ({"deep_link_return_url": "https://lms.example;script-src'self',/"}, "no safe address"),
        ({"deep_link_return_url": 'https://lms.example/"'}, "no safe address"),
        ({"deep_link_return_url": None}, "no safe address"),
        ({"data": 7}, "it is not a token of a launch"),
    ),
)
def test_a_request_that_can_not_be_met_is_refused(teacher, platform, settings, what):
    platform.deep_linking = settings
    assert what in refusal(post(teacher, platform.answer(begin(teacher, platform))))


def test_an_address_may_have_commas_and_quotes_behind_its_host(teacher, platform, pages, filled):
    link(teacher, platform)
    address = "https://lms.example:8443/return/a,b;c='d'?items=(1,2)"
    platform.deep_linking = {"deep_link_return_url": address}
    answer = choose(teacher, name_of(launch(teacher, platform)), filled.lesson.id)
    assert returned(answer)[0] == address
    policy = answer.headers["content-security-policy"]
    assert "form-action 'self' https://lms.example:8443;" in policy


def test_a_plain_link_where_the_platform_takes_no_other(teacher, platform, pages, filled):
    link(teacher, platform)
    platform.deep_linking = {"accept_types": ["html", "link"]}
    _address, token = returned(
        choose(teacher, name_of(launch(teacher, platform)), filled.lesson.id)
    )
    assert platform.item(token, pages.get("/lti/jwks").json())["type"] == "link"


# ----------------------------------------------------------------------------- from a frame


def test_a_frame_returns_what_the_window_chose(teacher, pages, platform, filled):
    link(teacher, platform)
    platform.deep_linking = {}
    headers = {**FROM_PLATFORM, "Sec-Fetch-Dest": "iframe"}
    with pages.browser() as framed:  # without cookies, as browsers have it
        page = framed.post("/lti/login", data=platform.login(), headers=headers).text
        frame = page.partition('href="/lti/login?frame=')[2].partition('"')[0]
        window = teacher.get("/lti/login", params={"frame": frame}, headers=HTML)
        form = platform.answer(window.headers["location"])
        at = teacher.get(post(teacher, form).headers["location"], headers=HTML)
        assert framed.get(f"/lti/frame/{frame}").json()["is_done"] is False
        answer = choose(teacher, name_of(at), filled.lesson.id)
        assert "JWT" not in answer.text
        assert "in the window in which you began" in answer.text
        found = framed.get(f"/lti/frame/{frame}").json()
    assert found["return_url"] == f"{platform.issuer}/return"
    item = platform.item(found["token"], pages.get("/lti/jwks").json())
    assert item["url"].endswith(filled.lesson.id)


# ----------------------------------------------------------------------------- our keys


def test_a_platform_that_has_our_old_keys_checks_what_was_signed_before(
    teacher, pages, asked, platform, filled, tool_keys, clock
):
    _address, token = returned(choose(teacher, asked, filled.lesson.id))
    old = pages.get("/lti/jwks").json()
    tool_keys.rotate(clock.utc_ns())
    both = pages.get("/lti/jwks").json()
    assert [each["kid"] for each in both["keys"]][1:] == [each["kid"] for each in old["keys"]]
    platform.item(token, both)
    _address, newer = returned(
        choose(teacher, name_of(launch(teacher, platform)), filled.lesson.id)
    )
    platform.item(newer, both)
    with pytest.raises(Exception, match=r"No key|InvalidKeyId|invalid_key_id|kid"):
        platform.item(newer, old)


def test_an_old_key_goes_after_a_week_and_no_private_half_is_published(pages, tool_keys, clock):
    first = tool_keys.public(clock.utc_ns())["keys"][0]["kid"]
    tool_keys.rotate(clock.utc_ns())
    assert len(pages.get("/lti/jwks").json()["keys"]) == 2
    clock.advance(OLD_NS / SECOND_NS)
    (left,) = pages.get("/lti/jwks").json()["keys"]
    assert left["kid"] != first
    assert set(left) == {"kty", "n", "e", "kid", "use", "alg"}
    # Not on disk either: the private half of the one before went at once.
    assert tool_keys.path.read_text().count('"d":') == 1
    assert tool_keys.path.stat().st_mode & 0o777 == 0o600


def test_the_private_key_is_read_once_for_all_who_ask_for_the_public_ones(
    pages, tool_keys, clock, monkeypatch
):
    read, count = ToolKeys._read, []
    monkeypatch.setattr(ToolKeys, "_read", lambda keys: count.append(1) or read(keys))
    first = [pages.get("/lti/jwks").json() for _ in range(3)]
    assert (len(count), first[0]) == (1, first[2])
    tool_keys.rotate(clock.utc_ns())
    count.clear()
    assert len(pages.get("/lti/jwks").json()["keys"]) == len(first[0]["keys"]) + 1
    assert pages.get("/lti/jwks").json() != first[0]
    assert len(count) == 1


def test_who_rotates_holds_up_another_rotation_until_the_key_is_written(
    tool_keys, clock, monkeypatch
):
    """Two at once would both keep the public half of the same key before them, and one be lost."""
    held = []

    def is_held() -> bool:
        handle = os.open(tool_keys.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    read, write = ToolKeys._read, tool_keys_module.write_private
    monkeypatch.setattr(ToolKeys, "_read", lambda keys: held.append(is_held()) or read(keys))
    monkeypatch.setattr(
        tool_keys_module, "write_private", lambda *what: held.append(is_held()) or write(*what)
    )
    tool_keys.rotate(clock.utc_ns())
    assert held == [True, True]
    assert not is_held()


def test_without_a_key_nothing_is_signed(teacher, asked, filled, tool_keys):
    tool_keys.path.unlink()
    answer = choose(teacher, asked, filled.lesson.id)
    assert (answer.status_code, "`roomtone lti rotate`" in answer.text) == (503, True)
    assert ToolKeys(tool_keys.path.parent).public(0) == {"keys": []}


def test_a_damaged_key_file_is_a_sentence_without_the_key(pages, tool_keys):
    tool_keys.path.write_text('{"version": 1, "private": {"kty": "RSA", "d": "SECRET"}}')
    answer = pages.get("/lti/jwks", headers=HTML)
    assert answer.status_code == 503
    assert "roomtone lti rotate" in answer.text
    assert "SECRET" not in answer.text
