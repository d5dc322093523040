"""From a frame in a learning platform's page to a window of its own, in a real browser.

The platform is another website to the browser: `localhost` beside `127.0.0.1`.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import expect

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from dashboard_api.lti.tool_keys import ToolKeys
from dashboard_api.web.store_thread import Stores
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from school.audit.actor import Actor
from school.lessons.records import Lesson
from tests.browser.axe import findings
from tests.dashboard_api.lti.platforms import FakePlatform, platform_server
from tests.signed_in import cookie, open_test_school, storage_of

OUT_OF_CARDS = """() => [...document.querySelectorAll(".card :is(select, input, button)")]
  .filter((each) => each.getBoundingClientRect().right >
    each.closest(".card").getBoundingClientRect().right - 8)
  .map((each) => each.outerHTML)"""
"""Fields that reach over the edge of their card."""
NOW_NS = 1_763_460_300 * SECOND_NS
BY = Actor(name="a test", utc_ns=NOW_NS)


@dataclass(frozen=True)
class Served:
    address: str
    platform: FakePlatform
    keys: ToolKeys
    cookies: dict[str, str]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The pages, a platform, and a teacher without a second factor who has one lesson."""
    school = open_test_school(tmp_path)
    stores = Stores.of_school(school, periods=MemoryPeriodStore(), scores=MemoryScoreStore())
    school.people.add("Ada", "ada@school.example", ["teacher"], BY, person_id="ada")
    school.sharing.tie_name("Ms Quill", "ada", BY)
    school.lessons.put(
        Lesson(
            id="maths-1", room="r", teacher="Ms Quill", title="Fractions",
            starts_utc_ns=NOW_NS - 3_600 * SECOND_NS, ends_utc_ns=NOW_NS - 60 * SECOND_NS,
            source="timetable",
        )
    )  # fmt: skip
    keys = ToolKeys(tmp_path)
    keys.ensure(NOW_NS)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with platform_server(lambda: NOW_NS // SECOND_NS, address) as platform:
            platform.issuer = platform.issuer.replace("127.0.0.1", "localhost")
            stores.platforms.add(platform.registration(), BY)
            clock = ManualClock(now_ns=0, utc_at_boot_ns=NOW_NS)
            app = create_app(lambda: stores, clock=clock)
            app.state.data_dir = tmp_path
            server = uvicorn.Server(
                uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1, ws="none")
            )
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            yield Served(address, platform, keys, cookie(school.people, NOW_NS, "ada"))
            server.should_exit = True
            thread.join()


def look(page, part, name: str) -> None:
    """No finding of axe, and no text beyond the edge, wide and light, narrow and dark."""
    for width, scheme in ((1366, "light"), (320, "dark")):
        page.set_viewport_size({"width": width, "height": 640})
        page.emulate_media(color_scheme=scheme)
        assert findings(part) == [], (name, width, scheme)
        if part is page:
            wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (name, width, wide)
            assert page.evaluate(OUT_OF_CARDS) == [], (name, width)
        if folder := os.environ.get("ROOMTONE_PICTURES"):
            page.screenshot(path=f"{folder}/platform-{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1366, "height": 640})


def test_a_frame_opens_a_window_and_gets_the_link_back(browser, served):
    platform = served.platform
    context = browser.new_context(storage_state=storage_of(served.cookies))
    course = context.new_page()

    def opened(*, is_looked_at: bool = False):
        """Follow the link in the course, and the button in its frame."""
        course.goto(f"{platform.issuer}/course")
        frame = course.frame_locator("iframe")
        if is_looked_at:
            expect(frame.get_by_role("link")).to_be_visible()
            look(course, course.frames[-1], "frame")
        with context.expect_page() as window:
            frame.get_by_role("link", name="Open Roomtone in a new window").click()
        return window.value

    window = opened(is_looked_at=True)
    expect(window.get_by_role("heading", name="Link your account of Canvas")).to_be_visible()
    look(window, window, "link")
    window.get_by_role("button", name="Link it, and continue").click()
    expect(window.get_by_role("link", name="Fractions")).to_be_visible()
    expect(course.frame_locator("iframe").get_by_role("status")).to_contain_text(
        "Roomtone is open in another window"
    )

    platform.deep_linking = {}
    window = opened()
    expect(window.get_by_role("heading", name="Choose a lesson for Canvas")).to_be_visible()
    look(window, window, "choose")
    window.get_by_role("button", name="Make the link").click()
    expect(window.get_by_role("status")).to_contain_text("You can close this one")
    expect(course.frame_locator("iframe").get_by_text("The link is here now.")).to_be_visible()
    (form,) = platform.returned
    item = platform.item(form["JWT"], served.keys.public(NOW_NS))
    assert item["url"] == f"{served.address}/lessons/maths-1"
    assert item["title"] == "A lesson in Roomtone"
    context.close()


def test_a_window_returns_the_link_itself(browser, served):
    """Where the platform opens no frame."""
    platform = served.platform
    platform.deep_linking = {}
    context = browser.new_context(storage_state=storage_of(served.cookies))
    page = context.new_page()
    page.goto(f"{served.address}/lti/login?iss={platform.issuer}&login_hint=user-17"
              "&lti_message_hint=link-4")  # fmt: skip
    page.get_by_role("button", name="Link it, and continue").click()
    page.get_by_label("What the link is called in your course").fill("Talk in groups")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("button", name="Back to Canvas")).to_be_visible()
    look(page, page, "returned")
    page.get_by_role("button", name="Back to Canvas").click()
    expect(page.get_by_text("The link is here now.")).to_be_visible()
    (form,) = platform.returned
    assert platform.item(form["JWT"], served.keys.public(NOW_NS))["title"] == "Talk in groups"
    context.close()
