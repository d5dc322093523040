"""The page of a code counts down, follows the kit by itself, and says when it has reported."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from contract.clock import ManualClock
from ingest.receiving.keeper import Keeper
from ingest.settings import IngestSettings
from tests.browser.lab import BY, NODE, describe_lab
from tests.ingest.node import Node
from tests.kit_authority import FakeAuthority


@pytest.fixture
def authority(school) -> Iterator[FakeAuthority]:
    """Asked for before the page: a page that is still open asks for its kit."""
    before = school.app.state.kits
    yield describe_lab(school)
    school.app.state.kits = before
    school.stores.rooms.remove_room("lab", BY)


def test_a_kit_is_followed_from_its_code_to_its_first_report(authority, school, page) -> None:
    page.goto("/rooms/lab/setup")
    page.get_by_role("button", name="Make a code for this kit").click()
    expect(page.locator("#code")).to_have_text("482 913")
    expect(page.locator("#left")).to_have_text(re.compile(r"^(15:00|14:\d\d)$"))
    state = page.locator("#state")
    expect(state).to_have_text("Waiting for the kit.")
    authority.enrol(NODE)
    expect(state).to_contain_text("Waiting for its first report")
    node = Node(room="lab", node=NODE, seats=tuple(range(1, 13)), boot="lab-boot")
    clock = ManualClock(now_ns=0, utc_at_boot_ns=school.start_ns)
    keeper = Keeper(
        store=school.stores.periods, site="school", clock=clock, settings=IngestSettings()
    )
    keeper.keep([node.birth(), node.timebase(school.start_ns)])
    expect(state).to_contain_text("it has reported")
    keeper.keep([node.death()])
    page.get_by_role("link", name="All rooms and their kits").click()
    expect(page.get_by_role("heading", name="The lab")).to_be_visible()


def test_a_code_whose_time_is_over_says_so(authority, page) -> None:
    page.clock.install()
    page.goto("/rooms/lab/setup")
    page.get_by_role("button", name="Make a code for this kit").click()
    expect(page.locator("#expired")).to_be_hidden()
    expect(page.locator("#left")).to_have_text(re.compile(r"^14:\d\d$"))  # it counts already
    page.clock.fast_forward("16:00")
    expect(page.locator("#left")).to_have_text("0:00")
    expect(page.locator("#expired")).to_be_visible()
