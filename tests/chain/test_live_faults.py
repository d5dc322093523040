"""The live page says what has failed, within five seconds: the real programs, and Chromium."""

from __future__ import annotations

import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from dashboard_api.web.rendering import STATIC
from roomtone.demo.broker import free_port
from roomtone.demo.programs import roomtone_command
from roomtone.demo.settings_files import clock_option
from roomtone.faults.children import Child, until
from roomtone.faults.room import FaultRoom, RoomPlan
from roomtone.faults.server import Server
from tests.signed_in import cookie_of_all, storage_of

pytestmark = [
    pytest.mark.alone, pytest.mark.slow, pytest.mark.browser, pytest.mark.broker,
    pytest.mark.timeout(900),
]  # fmt: skip

LIMIT_S = 5.0
PATIENCE_S = 90.0
SENSED = "The room is being sensed"
LINE_BY_LINE = """
(() => {
  const said = window.said = [];
  const look = () => {
    const text = document.getElementById("sentence")?.textContent;
    if (text && text !== said.at(-1)?.text) said.push({ at: Date.now() / 1000, text });
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
})();
"""
SAYS = "(words) => document.getElementById('sentence').textContent.includes(words)"


@dataclass
class School:
    """A chain with a lesson, and the live page of its room."""

    server: Server
    room: FaultRoom
    dashboard: Child
    address: str
    page: Page
    delays_s: dict[str, float]

    def wait_for(self, words: str) -> None:
        self.page.wait_for_function(SAYS, arg=words, polling=50, timeout=PATIENCE_S * 1_000)

    def check(self, fault: str, cause: Callable[[], None], words: str) -> None:
        """Cause a fault, and see that the page names it in time."""
        self.wait_for(SENSED)
        self.page.evaluate("window.said.length = 0")
        began_s = time.time()
        cause()
        self.wait_for(words)
        said: list[dict[str, Any]] = self.page.evaluate("window.said")
        first_s = next(each["at"] for each in said if words in each["text"])
        self.delays_s[fault] = first_s - began_s
        assert self.page.locator("#sentence").get_attribute("data-state") != "sensing"

    def more(self) -> str:
        return self.page.locator("#more").inner_text()

    def wait_for_pages(self) -> None:
        def is_served() -> bool:
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=5) as answer:
                    return bool(answer.status == 200)
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                return False

        until(is_served, what="the pages", timeout_s=PATIENCE_S, running=[self.dashboard])


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not (STATIC / "vendor" / "uPlot.min.js").is_file():
        pytest.skip("the pages' libraries are not here: make setup")
    arguments = ["--disable-background-networking"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with ExitStack() as cleanup:
        server = cleanup.enter_context(Server(tmp_path / "server"))
        room = cleanup.enter_context(
            FaultRoom("room-1", server, RoomPlan(speed=1.0, minutes=15), folder=tmp_path / "room")
        )
        room.begin()
        port = free_port()
        command = roomtone_command(
            "dashboard", "--config", str(server.config), "--port", str(port),
            *clock_option(room.clock),
        )  # fmt: skip
        dashboard = Child("dashboard", command, log=tmp_path / "dashboard.log")
        cleanup.callback(dashboard.end)
        dashboard.start()
        playwright = cleanup.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        cleanup.callback(browser.close)
        cookies = cookie_of_all(server.data)
        page = browser.new_page(
            viewport={"width": 1366, "height": 768}, storage_state=storage_of(cookies)
        )
        page.add_init_script(LINE_BY_LINE)
        address = f"http://127.0.0.1:{port}"
        found = School(server, room, dashboard, address, page, {})
        found.wait_for_pages()
        page.goto(f"{address}/rooms/room-1/live")
        found.wait_for(SENSED)
        yield found


def test_each_fault_has_its_own_sentence_within_five_seconds(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    server, edge, dashboard = school.server, school.room.edge, school.dashboard

    school.check("score suspended", server.score.freeze, "“roomtone score” does not answer")
    server.score.thaw()
    school.check("score killed", server.score.kill, "“roomtone score” is not running")
    server.score.start()

    school.check("ingest suspended", server.ingest.freeze, "“roomtone ingest” does not answer")
    assert "kit" not in school.more()
    server.ingest.thaw()
    school.check("ingest killed", server.ingest.kill, "“roomtone ingest” is not running")
    # The kit is not to blame, and the scorer's fault comes second.
    server.score.kill()
    school.page.wait_for_function(
        "() => document.getElementById('more').textContent.includes('scored either since')",
        timeout=PATIENCE_S * 1_000,
    )
    school.wait_for("“roomtone ingest” is not running")
    server.ingest.start()
    server.score.start()

    school.check("broker killed", server.broker.kill, "no connection to its message broker")
    server.broker.start()

    school.check("kit suspended", edge.freeze, "nothing has arrived from the kit")
    edge.thaw()
    school.check("kit killed", edge.kill, "the kit has been switched off or out of reach")
    edge.start()

    school.check("pages suspended", dashboard.freeze, "has heard nothing from the server")
    dashboard.thaw()
    school.check("pages killed", dashboard.kill, "has heard nothing from the server")
    assert school.page.locator("#old").is_visible()
    dashboard.start()
    school.wait_for(SENSED)
    assert not school.page.locator("#old").is_visible()

    with capsys.disabled():
        print()
        for fault, delay_s in school.delays_s.items():
            print(f"{fault}: the page says so after {delay_s:.1f} s")
    assert max(school.delays_s.values()) <= LIMIT_S, school.delays_s
