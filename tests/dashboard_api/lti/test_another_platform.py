"""Launched by a platform that others wrote: lti1p3platform, which OpenLearning publishes.

It decides what a launch looks like, and judges what comes back; here are only its addresses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from lti1p3platform.exceptions import LtiException, PreflightRequestValidationException
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration

from contract.clock import SystemClock
from school.lti.records import Platform
from tests.dashboard_api.conftest import Pages
from tests.dashboard_api.lti.browsing import FROM_PLATFORM, TOOL, launch_name
from tests.dashboard_api.lti.platforms import platform_server
from tests.dashboard_api.lti.test_choosing import choose, name_of, returned
from tests.dashboard_api.openid.providers import KEY, OTHER_KEY
from tests.signed_in import BY, cookie

HTML = {"Accept": "text/html"}
CLIENT, DEPLOYMENT, USER = "roomtone-in-a-course", "course-4", "user-17"


class TheirPlatform(LTI1P3PlatformConfAbstract):
    """One tool is registered there."""

    def init_platform_config(self, **registered: Any) -> None:
        self._registration = registered["registration"]

    def get_registration_by_params(self, **_: Any) -> Registration:
        raise NotImplementedError


class TheirLogin(OIDCLoginAbstract):
    """The first step of a launch."""

    def set_lti_message_hint(self, **hint: Any) -> None:
        self._lti_message_hint = json.dumps(hint)

    def get_redirect(self, url: str) -> str:
        return url


class TheirLaunch(LTIAdvantageMessageLaunchAbstract):
    """The last step: what its page posts to the tool."""

    def get_preflight_response(self) -> dict[str, Any]:
        found: dict[str, Any] = self._request
        return found

    def render_launch_form(self, launch_data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return launch_data


class Course:
    """A link in a course of that platform, which a person follows in a browser."""

    def __init__(self, issuer: str) -> None:
        self.registration = (
            Registration()
            .set_iss(issuer)
            .set_client_id(CLIENT)
            .set_deployment_id(DEPLOYMENT)
            .set_launch_url(f"{TOOL}/")
            .set_deeplink_launch_url(f"{TOOL}/")
            .set_oidc_login_url(f"{TOOL}/lti/login")
            .set_platform_public_key(KEY.as_pem(private=False).decode())
            .set_platform_private_key(KEY.as_pem(private=True).decode())
        )
        self.theirs = TheirPlatform(registration=self.registration)

    def begin(self, browser: Pages) -> dict[str, str]:
        """Follow the link; what the tool asks the platform for."""
        login = TheirLogin(None, self.theirs)
        login.set_lti_message_hint(link="link-4")
        address = urlsplit(login.initiate_login(USER))
        assert f"{address.scheme}://{address.netloc}" == TOOL
        answer = browser.get(f"{address.path}?{address.query}", headers={**FROM_PLATFORM})
        assert answer.status_code == 303, answer.text
        asked = urlsplit(answer.headers["location"])
        assert asked.path == "/auth"
        return {name: values[0] for name, values in parse_qs(asked.query).items()}

    def answer(
        self, asked: dict[str, str], *, return_url: str = "", target: str = ""
    ) -> dict[str, Any]:
        """What the platform posts; it raises if it does not like what it is asked for."""
        launch = TheirLaunch(asked, self.theirs)
        launch.set_user_data(
            USER, ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"],
            full_name="Ada Quillfeather", email_address="ada@school.example",
        )  # fmt: skip
        launch.set_resource_link_claim("link-4", title="Maths")
        launch.set_launch_context_claim("course-4", context_title="Maths 7b")
        launch.set_launch_presentation_claim(document_target="iframe")
        launch.set_custom_parameters_claim({"colour": "green"})
        if target:
            launch.set_launch_url(target)
        if return_url:
            launch.set_dl(return_url, "Choose", "A link", {"ltiResourceLink", "link", "html"})
        posted: dict[str, Any] = launch.lti_launch()
        return posted

    def open(self, browser: Pages, **what: str) -> httpx.Response:
        """The whole way, to the first page of ours."""
        came = post(browser, self.answer(self.begin(browser), **what))
        assert came.status_code == 303, came.text
        return browser.get(came.headers["location"], headers=HTML)


def post(browser: Pages, posted: dict[str, Any]) -> httpx.Response:
    """Its form, from another website, with no cookie."""
    with browser.browser() as without_cookies:
        form = {"id_token": posted["id_token"], "state": posted["state"]}
        path = posted["launch_url"].removeprefix(TOOL)
        return without_cookies.post(path, data=form, headers=FROM_PLATFORM)


@pytest.fixture
def clock() -> SystemClock:
    """It reads this machine's clock itself."""
    return SystemClock()


@pytest.fixture
def course(stores) -> Iterator[Course]:
    with platform_server(lambda: 0, TOOL) as served:
        course = Course(served.issuer)
        served.raw = (200, json.dumps(course.theirs.get_jwks()).encode())
        stores.platforms.add(
            Platform(
                name="open", title="Open", issuer=served.issuer, client_id=CLIENT,
                auth_url=f"{served.issuer}/auth", jwks_url=f"{served.issuer}/jwks",
                deployments=frozenset({DEPLOYMENT}),
            ),
            BY,
        )  # fmt: skip
        yield course


@pytest.fixture
def teacher(pages, stores, clock) -> Iterator[Pages]:
    with pages.browser(cookie(stores.people, clock.utc_ns())) as found:
        yield found


def link(course: Course, browser: Pages) -> None:
    page = course.open(browser)
    assert page.status_code == 200
    done = browser.post("/lti/link", data={"launch": launch_name(page.text)})
    assert (done.status_code, done.headers["location"]) == (303, "/")


@pytest.fixture
def linked(course, teacher) -> Course:
    link(course, teacher)
    return course


def test_its_link_signs_in_who_linked_the_account(course, pages, stores, clock):
    stores.people.add("Ada", "ada@school.example", ["teacher"], BY, person_id="ada")
    with pages.browser(cookie(stores.people, clock.utc_ns(), "ada")) as at_work:
        link(course, at_work)
    assert pages.get("/account", headers=HTML).status_code != 200
    assert course.open(pages).headers["location"] == "/"
    assert pages.get("/account", headers=HTML).status_code == 200


def test_it_takes_the_link_that_a_teacher_chose_and_launches_it(linked, teacher, pages, filled):
    back = f"{linked.registration.get_iss()}/return"
    name = name_of(linked.open(teacher, return_url=back))
    address, token = returned(choose(teacher, name, filled.lesson.id))
    assert address == back
    linked.registration.set_tool_key_set(pages.get("/lti/jwks").json())
    (item,) = linked.theirs.validate_deeplinking_resp({"JWT": token})
    lesson = f"/lessons/{filled.lesson.id}"
    assert (item["type"], item["url"]) == ("ltiResourceLink", f"{TOOL}{lesson}")
    assert linked.open(teacher, target=item["url"]).headers["location"] == lesson


def test_it_refuses_a_link_that_is_signed_with_another_key(linked, teacher, pages, filled):
    name = name_of(linked.open(teacher, return_url=f"{linked.registration.get_iss()}/return"))
    _, token = returned(choose(teacher, name, filled.lesson.id))
    (key,) = pages.get("/lti/jwks").json()["keys"]
    other = OTHER_KEY.as_dict(private=False) | {"kid": key["kid"]}
    linked.registration.set_tool_key_set({"keys": [other]})
    with pytest.raises(Exception, match="Signature verification failed"):
        linked.theirs.validate_deeplinking_resp({"JWT": token})
    linked.registration.set_tool_key_set({"keys": []})
    with pytest.raises(LtiException, match="Unable to find public key"):
        linked.theirs.validate_deeplinking_resp({"JWT": token})


def test_its_answer_serves_once_and_for_one_login(linked, teacher):
    posted = linked.answer(linked.begin(teacher))
    assert post(teacher, posted).status_code == 303
    assert post(teacher, posted).status_code == 403
    asked = linked.begin(teacher) | {"nonce": "another"}
    assert post(teacher, linked.answer(asked)).status_code == 403
    with pytest.raises(PreflightRequestValidationException):
        linked.answer(asked | {"client_id": "another"})
