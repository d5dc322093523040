"""The pages on a network: which names, ways and addresses are answered, and as whose."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from dashboard_api.app import create_app
from dashboard_api.settings import DashboardSettings
from dashboard_api.web.access import COOKIE
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, TEACHER, cookie

PROXY, STRANGER = "10.0.0.1", "203.0.113.9"
NAME = "roomtone.school.example"
HTTPS = {"X-Forwarded-For": STRANGER, "X-Forwarded-Proto": "https", "Host": NAME}
SETTINGS = {"host": "0.0.0.0", "trusted_proxies": [PROXY], "hosts": [NAME]}
SECURE = f"__Host-{COOKIE}"


class FromAfar(Pages):
    """A client at any address, with any headers."""

    def ask(
        self, method: str, path: str, *, peer: str = PROXY, at: str = "http", **given: Any
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=(peer, 4711))
            base = f"{at}://testserver"
            async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                return await client.request(method, path, **given)

        return self._runner.run(ask())


@pytest.fixture
def pages(stores, clock, request) -> Iterator[FromAfar]:
    settings = DashboardSettings.checked(SETTINGS | getattr(request, "param", {}), where="the test")
    app = create_app(lambda: stores, clock=clock, settings=settings)
    with FromAfar(app) as made:
        yield made


def test_a_proxy_that_is_trusted_says_how_the_browser_came(pages):
    answer = pages.ask("GET", "/sign-in", headers=HTTPS)
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("peer", "headers"),
    (
        (STRANGER, HTTPS),  # not the proxy
        (PROXY, HTTPS | {"X-Forwarded-Proto": "http"}),
        (PROXY, {"X-Forwarded-For": STRANGER, "Host": NAME}),
        (PROXY, HTTPS | {"Host": "evil.example"}),
        (PROXY, HTTPS | {"X-Forwarded-Host": "evil.example"}),
        (PROXY, HTTPS | {"Host": "localhost"}),
        (PROXY, {"Host": NAME}),
        (PROXY, {"Host": "localhost"}),
        (STRANGER, {"Host": "localhost"}),
        (STRANGER, {"Host": NAME}),
        ("127.0.0.1", {"Host": NAME}),
    ),
)
def test_nothing_else_is_answered(pages, peer, headers):
    answer = pages.ask("GET", "/sign-in", peer=peer, headers=headers)
    assert answer.status_code == 421


def test_this_computer_needs_no_proxy(pages):
    assert pages.ask("GET", "/sign-in", peer="127.0.0.1", headers={"Host": "localhost"}).is_success


@pytest.mark.parametrize("pages", ({"trusted_proxies": ["127.0.0.1"]},), indirect=True)
def test_a_silent_proxy_on_this_computer_is_not_this_computer(pages):
    for path, status in (("/sign-in", 421), ("/healthz", 200)):
        answer = pages.ask("GET", path, peer="127.0.0.1", headers={"Host": "127.0.0.1:8000"})
        assert answer.status_code == status


def test_health_pages_answer_this_computer_alone(pages):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert pages.ask("GET", path, headers=HTTPS).status_code == 404
        here = pages.ask("GET", path, peer="127.0.0.1", headers={"Host": "localhost"})
        assert here.status_code == 200


def test_the_cookie_is_of_https_alone(pages, stores, clock):
    token = cookie(stores.people, clock.utc_ns())[COOKIE]
    here = {"Host": "localhost"}
    for peer, headers, name, status in (
        (PROXY, HTTPS, SECURE, 200),
        (PROXY, HTTPS, COOKIE, 401),
        ("127.0.0.1", here, COOKIE, 200),
        ("127.0.0.1", here, SECURE, 401),
    ):
        sent = headers | {"Cookie": f"{name}={token}"}
        assert pages.ask("GET", "/account", peer=peer, headers=sent).status_code == status


def test_the_cookie_is_made_and_removed_as_its_prefix_demands(pages, stores, monkeypatch):
    stores.people.set_password(TEACHER, "x", BY)
    stores.people.set_second_factor(TEACHER, None, BY)
    monkeypatch.setattr("dashboard_api.people.sign_in.is_password", lambda *_: True)
    data = {"name": TEACHER, "password": "x"}
    made = pages.ask("POST", "/sign-in", headers=HTTPS, data=data).headers["set-cookie"]
    assert made.startswith(f"{SECURE}=")
    sent = HTTPS | {"Cookie": made.partition(";")[0], "Origin": f"https://{NAME}"}
    gone = pages.ask("POST", "/sign-out", headers=sent).headers["set-cookie"]
    assert gone.startswith(f'{SECURE}=""')
    for each in (made, gone):
        assert "; Path=/" in each
        assert "; Secure" in each
        assert "domain" not in each.lower()
    assert pages.ask("GET", "/account", headers=sent).status_code == 401


@pytest.mark.parametrize(
    ("origin", "more", "status"),
    (
        (f"https://{NAME}", {}, 303),
        (f"https://{NAME}:443", {}, 303),
        (f"https://{NAME}", {"HX-Request": "true"}, 303),
        (f"https://{NAME}", {"X-Forwarded-Host": NAME, "Host": "10.0.0.2:8000"}, 303),
        (f"http://{NAME}", {}, 403),
        (f"https://{NAME}:444", {}, 403),
        ("https://evil.example", {"HX-Request": "true"}, 403),
        ("null", {}, 403),
        (f"https://{NAME}", {"Sec-Fetch-Site": "cross-site"}, 403),
        (f"https://{NAME}", {"Sec-Fetch-Site": "same-site"}, 403),
        (f"https://{NAME}/", {}, 403),
    ),
)
def test_a_change_comes_from_the_page_as_the_browser_saw_it(
    pages, stores, clock, origin, more, status
):
    token = cookie(stores.people, clock.utc_ns())[COOKIE]
    sent = HTTPS | {"Cookie": f"{SECURE}={token}", "Origin": origin} | more
    assert pages.ask("POST", "/sign-out", headers=sent).status_code == status


def test_sign_in_is_limited_by_the_browsers_address(pages, monkeypatch):
    monkeypatch.setattr("dashboard_api.people.sign_in.is_password", lambda *_: False)

    def attempt(number: int, address: str) -> int:
        # What the browser itself claims is in front.
        sent = HTTPS | {"X-Forwarded-For": f"198.51.100.{number}, {address}"}
        data = {"name": f"n{number}", "password": "guess"}
        return pages.ask("POST", "/sign-in", headers=sent, data=data).status_code

    codes = [attempt(number, STRANGER) for number in range(102)]
    assert codes == [403] * 100 + [429] * 2
    assert attempt(1, "203.0.113.10") == 403


@pytest.mark.parametrize("pages", ({"max_connections_per_address": 2},), indirect=True)
def test_one_browser_can_not_take_all_of_a_proxys_requests(pages):
    begun, release = asyncio.Queue(), asyncio.Event()

    async def held(_request: object) -> PlainTextResponse:
        begun.put_nowait(None)
        await release.wait()
        return PlainTextResponse("")

    pages.app.router.add_route("/held", held)

    async def ask(address: str) -> int:
        transport = httpx.ASGITransport(pages.app, client=(PROXY, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            sent = HTTPS | {"X-Forwarded-For": address}
            return (await client.get("/held", headers=sent)).status_code

    async def run() -> list[int]:
        busy = [asyncio.create_task(ask(STRANGER)) for _ in range(2)]
        for _ in busy:
            await begun.get()
        refused = await ask(STRANGER)
        other = asyncio.create_task(ask("203.0.113.10"))
        await begun.get()
        release.set()
        return [refused, await other, *await asyncio.gather(*busy), await ask(STRANGER)]

    assert pages._runner.run(run()) == [429, 200, 200, 200, 200]
    assert pages.app.state.refusal_counts.by_reason["connections"] == 1


@pytest.mark.parametrize(
    ("pages", "base"),
    (({}, f"https://{NAME}"), ({"public_address": f"https://{NAME}:8443"}, f"https://{NAME}:8443")),
    indirect=("pages",),
)
def test_a_link_has_the_public_address(pages, stores, clock, base):
    token = cookie(stores.people, clock.utc_ns())[COOKIE]
    sent = {"Host": "localhost", "Cookie": f"{COOKIE}={token}", "Sec-Fetch-Site": "same-origin"}
    answer = pages.ask("POST", f"/people/{TEACHER}/invitation", peer="127.0.0.1", headers=sent)
    assert f"{base}/invitation/" in answer.text
