"""Tests of pages go over something, and wait for a state and not for a time."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = Path(__file__).parents[1] / "browser"
INSTEAD: Final = {
    ".all()": "parts(locator), which fails where there is none",
    ".wait_for_timeout(": "expect(...), wait_for_function(...) or wait_until(page, ...)",
    "time.sleep(": "expect(...), wait_for_function(...) or wait_until(page, ...)",
}
"""What a test may not say, and what it says instead; `parts.py` has both."""


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("test_*.py")), ids=lambda path: path.stem.removeprefix("test_")
)
def test_a_test_of_a_page_can_fail_and_waits_for_a_state(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [f"{said}: use {better}" for said, better in INSTEAD.items() if said in text] == []
