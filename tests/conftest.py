"""What all tests share: programs that only root can install, and how Hypothesis searches."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Generator

import pytest
from hypothesis import settings

IN_CI = os.environ.get("CI", "") not in {"", "0", "false"}

NEEDS = {
    "broker": ("Mosquitto", ("mosquitto",), "sudo apt-get install mosquitto"),
    "browser": (
        "Chromium",
        ("chromium", "chromium-browser", "google-chrome"),
        "sudo apt-get install chromium",
    ),
}
"""A marker, the program that it stands for, its commands, and how to get it."""

# Debian keeps servers where only root's PATH looks.
SEARCH_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))

# Machines differ in speed, so no example has a deadline; in CI every run searches the same way.
settings.register_profile("roomtone", deadline=None, derandomize=IN_CI, print_blob=True)
settings.load_profile("roomtone")


# A shell that runs this in the background lets it ignore Ctrl-C, and all that it starts would too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test whose program is missing, and says how to get it."""
    for marker, (program, commands, how) in NEEDS.items():
        if item.get_closest_marker(marker) is None:
            continue
        if not any(shutil.which(command, path=SEARCH_PATH) for command in commands):
            pytest.skip(f"{program} is not installed: {how}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, where everything can be installed but recordings, a test that skips has failed."""
    report = yield
    may_skip = item.get_closest_marker("recordings") is not None
    if IN_CI and report.skipped and not may_skip and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"In CI nothing skips, but: {reason}"
    return report
