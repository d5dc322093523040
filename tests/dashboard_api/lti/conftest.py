"""The pages with a learning platform beside them."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from contract.clock import SECOND_NS
from dashboard_api.app import create_app
from dashboard_api.lti.tool_keys import ToolKeys
from tests.dashboard_api.conftest import Pages
from tests.dashboard_api.lti.browsing import TOOL
from tests.dashboard_api.lti.platforms import FakePlatform, platform_server
from tests.signed_in import BY


@pytest.fixture
def platform(stores, clock) -> Iterator[FakePlatform]:
    with platform_server(lambda: clock.utc_ns() // SECOND_NS, TOOL) as found:
        stores.platforms.add(found.registration(), BY)
        yield found


@pytest.fixture
def tool_keys(tmp_path, clock) -> ToolKeys:
    keys = ToolKeys(tmp_path)
    keys.ensure(clock.utc_ns())
    return keys


@pytest.fixture
def new_pages(stores, clock, tool_keys):
    """Makes the application again, as after a start of the program."""

    def make() -> Pages:
        app = create_app(
            lambda: stores, clock=clock, zone=ZoneInfo("Europe/Berlin"),
            data_dir=tool_keys.path.parent,
        )  # fmt: skip
        return Pages(app)

    return make


@pytest.fixture
def pages(new_pages) -> Iterator[Pages]:
    """A browser in which nobody is signed in."""
    with new_pages() as found:
        yield found
