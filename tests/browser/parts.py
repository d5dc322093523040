"""The parts of a page that a test goes over, and waiting for what a page itself can't say."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Error, Locator, Page, expect

__all__ = ["go_when_up", "parts", "wait_until"]

PATIENCE_S = 60.0
PAUSE_MS = 50


def parts(locator: Locator) -> list[Locator]:
    """All that there is: at least one, or going over them would prove nothing."""
    expect(locator).not_to_have_count(0)
    return locator.all()


def wait_until(page: Page, is_so: Callable[[], Any]) -> None:
    """Ask until it is so; the page goes on meanwhile."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, "it did not come to be so"
        page.wait_for_timeout(PAUSE_MS)


def go_when_up(page: Page, address: str) -> None:
    """Open a page of a server that has just been started."""

    def is_open() -> bool:
        try:
            page.goto(address)
        except Error as error:
            assert "ERR_CONNECTION_REFUSED" in str(error)  # noqa: PT017 (anything else is a fault)
            return False
        return True

    wait_until(page, is_open)
