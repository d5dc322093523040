"""An invitation, linked to a school account and then opened with it, in a real browser."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import expect
from pydantic import SecretStr

from contract.clock import ManualClock
from dashboard_api.app import create_app
from dashboard_api.openid.provider import Provider
from dashboard_api.web.store_thread import Stores
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from school.audit.actor import Actor
from school.people.settings import OpenIdSettings
from tests.dashboard_api.openid.providers import CLIENT, SECRET, real
from tests.signed_in import open_test_school

NOW_NS = 1_763_460_300_000_000_000


@dataclass(frozen=True)
class Served:
    address: str
    token: str


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The pages, with a real provider and someone who is invited."""
    school = open_test_school(tmp_path)
    stores = Stores.of_school(school, periods=MemoryPeriodStore(), scores=MemoryScoreStore())
    by = Actor(name="a test", utc_ns=NOW_NS)
    ada = school.people.add("Ada", "ada@school.example", ["teacher"], by)
    token = school.people.invite(ada.id, by)
    with real() as issuer, socket.create_server(("127.0.0.1", 0)) as listener:
        settings = OpenIdSettings(issuer=issuer, client_id=CLIENT, name="Schoolhouse")
        app = create_app(
            lambda: stores,
            clock=ManualClock(now_ns=0, utc_at_boot_ns=NOW_NS),
            provider=Provider(settings, SecretStr(SECRET)),
        )
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1, ws="none")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", token)
        server.should_exit = True
        thread.join()


def test_the_invited_link_their_account_and_sign_in_with_it(browser, served):
    context = browser.new_context(base_url=served.address)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    own = re.compile(f"^{re.escape(served.address)}/")
    page.on(
        "console",
        lambda said: (
            faults.append(said.text) if said.type == "error" and own.match(page.url) else None
        ),
    )

    def at_the_provider(subject: str) -> None:
        expect(page.get_by_role("heading", name="Authorize Client")).to_be_visible()
        page.get_by_placeholder("sub").fill(subject)
        page.get_by_role("button", name="Authorize", exact=True).click()

    page.goto("/account")
    page.get_by_role("button", name="Sign in with Schoolhouse").click()
    at_the_provider("ada@school.example")
    expect(page.get_by_role("alert")).to_contain_text("not linked to anyone here")

    page.goto(f"/invitation/{served.token}")
    page.get_by_role("button", name="Use Schoolhouse").click()
    at_the_provider("0815")
    expect(page.get_by_role("link", name="Ada")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    page.goto("/account")
    page.get_by_role("button", name="Sign in with Schoolhouse").click()
    at_the_provider("0815")
    expect(page.get_by_role("heading", name="Your account", exact=True)).to_be_visible()
    assert page.url == f"{served.address}/account"
    expect(page.get_by_role("heading", name="School account")).to_be_visible()
    context.close()
    assert [fault for fault in faults if "403" not in fault] == []
