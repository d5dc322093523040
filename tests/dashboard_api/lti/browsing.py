"""What a browser does between a platform and the pages."""

from __future__ import annotations

import re
from html import unescape

import httpx

from tests.dashboard_api.conftest import Pages
from tests.dashboard_api.lti.platforms import FakePlatform

TOOL = "http://127.0.0.1:8000"
FROM_PLATFORM = {
    "Sec-Fetch-Site": "cross-site",
    "Origin": "https://lms.example",
    "Accept": "text/html",
}


def begin(pages: Pages, platform: FakePlatform, **more: str) -> str:
    """Follow a link of the platform; the address of it to which the pages send the browser on."""
    answer = pages.post("/lti/login", data=platform.login(**more), headers=FROM_PLATFORM)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def post(pages: Pages, form: dict[str, str]) -> httpx.Response:
    """The platform's page posts, from another website: with no cookie, which is `Lax`."""
    with pages.browser() as without_cookies:
        return without_cookies.post("/lti/launch", data=form, headers=FROM_PLATFORM)


def launch(pages: Pages, platform: FakePlatform) -> httpx.Response:
    """The whole way, to the first page of ours."""
    answer = post(pages, platform.answer(begin(pages, platform)))
    assert answer.status_code == 303, answer.text
    return pages.get(answer.headers["location"], headers={"Accept": "text/html"})


def refusal(answer: httpx.Response) -> str:
    """The sentence of a page that refuses."""
    found = re.search(
        r"<h1>Roomtone could not be opened</h1>\s*<p>(.*?)</p>", answer.text, re.DOTALL
    )
    assert found, answer.text
    return unescape(found[1])


def launch_name(text: str) -> str:
    """What names the launch on a page."""
    found = re.search(r'name="launch" value="([^"]+)"', text)
    assert found, text
    return found[1]


def link(pages: Pages, platform: FakePlatform) -> httpx.Response:
    """Launch and link the account to who is signed in."""
    return pages.post("/lti/link", data={"launch": launch_name(launch(pages, platform).text)})
