"""What all tests share: programs that only root can install, how Hypothesis searches, and what
may run at the same time.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from tests.engines import Influx2Server, InfluxServer, NamedInflux, VictoriaServer
    from tests.postgres_server import PostgresServer

IN_CI = os.environ.get("CI", "") not in {"", "0", "false"}

NEEDS = {
    "alsa": ("arecord", ("arecord",), "sudo apt-get install alsa-utils"),
    "broker": ("Mosquitto", ("mosquitto",), "sudo apt-get install mosquitto"),
    "browser": (
        "Chromium",
        ("chromium", "chromium-browser", "google-chrome"),
        "sudo apt-get install chromium",
    ),
    "caddy": ("Caddy", ("caddy",), "sudo apt-get install caddy"),
    "emulator": (
        "simavr with a compiler for it",
        ("simavr",),
        "sudo apt-get install gcc-avr avr-libc binutils-avr simavr libsimavr-dev libelf-dev",
    ),
    "influxdb18": ("InfluxDB 1.8", ("influxd-1.8.10",), ".ci/influxd, which needs Go"),
    "influxdb2": (
        "InfluxDB 2",
        ("influxd-2.7.12",),
        ".ci/influxd2, or one named by ROOMTONE_TEST_INFLUX_URL, _TOKEN, _ORG and _BUCKET",
    ),
    "nginx": ("nginx", ("nginx",), "sudo apt-get install nginx-light"),
    "pico": (
        "a compiler for the Raspberry Pi Pico",
        ("arm-none-eabi-gcc",),
        "sudo apt-get install gcc-arm-none-eabi",
    ),
    "postgres": ("PostgreSQL", ("initdb",), "sudo apt-get install postgresql"),
    "restic": ("restic", ("restic",), "sudo apt-get install restic"),
    "strace": ("strace", ("strace",), "sudo apt-get install strace"),
    "systemd": ("systemd", ("systemd-analyze",), "sudo apt-get install systemd"),
    "victoriametrics": (
        "VictoriaMetrics",
        ("victoria-metrics",),
        "sudo apt-get install victoria-metrics",
    ),
}
"""A marker, the program that it stands for, its commands, and how to get it."""

IS_NAMED = all(
    os.environ.get(f"ROOMTONE_TEST_INFLUX_{each}") for each in ("URL", "TOKEN", "ORG", "BUCKET")
)
"""Whether there is an InfluxDB 2 that somebody else runs."""

# Debian keeps servers where only root's PATH looks, or nobody's; .ci/influxd and .ci/influxd2 build
# theirs.
SEARCH_PATH = os.pathsep.join(
    (
        os.environ.get("PATH", ""),
        "/usr/sbin",
        "/usr/local/sbin",
        *map(str, Path("/usr/lib/postgresql").glob("*/bin")),
        str(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "roomtone-tests"),
    )
)

# Machines differ in speed, so no example has a deadline; in CI every run searches the same way.
settings.register_profile("roomtone", deadline=None, derandomize=IN_CI, print_blob=True)
settings.register_profile(
    "few", settings.get_profile("roomtone"), max_examples=5,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
"""For an emulated machine: --hypothesis-profile few."""
settings.load_profile("roomtone")


# A shell that runs this in the background lets it ignore Ctrl-C, and all that it starts would too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test whose program is missing, and says how to get it."""
    for marker, (program, commands, how) in NEEDS.items():
        if item.get_closest_marker(marker) is None or (marker == "influxdb2" and IS_NAMED):
            continue
        if not any(shutil.which(command, path=SEARCH_PATH) for command in commands):
            pytest.skip(f"{program} is not installed: {how}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running cluster, for tests that are marked `postgres`."""
    # Not above: tests/test_side_by_side.py takes this file alone.
    from tests.postgres_server import PostgresServer  # noqa: PLC0415

    server = PostgresServer()
    try:
        server.make()
        server.start()
        yield server
        server.stop()
    finally:
        server.remove()


@pytest.fixture(scope="session")
def victoria_server() -> Iterator[VictoriaServer]:
    """A running VictoriaMetrics, for tests that are marked `victoriametrics`."""
    from tests.engines import VictoriaServer  # noqa: PLC0415 - as above

    server = VictoriaServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def influx_server() -> Iterator[InfluxServer]:
    """A running InfluxDB 1.8 with Flux, for tests that are marked `influxdb18`."""
    from tests.engines import InfluxServer  # noqa: PLC0415 - as above

    server = InfluxServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def influx2() -> Iterator[Influx2Server | NamedInflux]:
    """A running InfluxDB 2, for tests that are marked `influxdb2`."""
    from tests.engines import Influx2Server, NamedInflux, named_influx  # noqa: PLC0415 - as above

    address = named_influx()
    if address is not None:
        named = NamedInflux(address)
        yield named
        named.empty()
        return
    server = Influx2Server()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that skips has failed, but for what nothing can install there."""
    report = yield
    may_skip = any(item.get_closest_marker(each) for each in ("recordings", "influxdb2"))
    if IN_CI and report.skipped and not may_skip and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"In CI nothing skips, but: {reason}"
    return report


# With `pytest -n 2 --dist loadfile`, as `make test` runs it, two workers take a file each, and then
# the next. Files that drive a browser or play whole programs against the clock are left to one of
# them, from the beginning on, so that two of these never share the machine. Files with a test that
# is marked `alone` come last, and while it runs no other worker begins a test.
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
HERE = Path(__file__).parent
ORDER = {"programs": 0, "alone": 2}

# Locked, not written to: a lock on a file that is there anyway leaves nothing behind.
GATE, FLOOR = Path(__file__), HERE.parent / "pyproject.toml"


@cache
def group_of(file: Path) -> str:
    """What one worker takes as a whole. By the text: who hands out the tests never loads them."""
    text = file.read_text(encoding="utf-8")
    if re.search(r"\bmark\.alone\b", text):
        return "alone"
    if re.search(r"\bmark\.(programs|browser)\b", text) or file.parent == HERE / "browser":
        return "programs"
    if IS_NAMED and re.search(r"\bmark\.influxdb2\b", text):
        return "influxdb2"  # there is one bucket for all of them
    return str(file)


class ByGroup(LoadFileScheduling):
    """Hands out a file at once, as its fixtures are shared, or a group of files."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(self.config.rootpath / super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByGroup(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts the groups by when they are handed out."""
    if IS_WORKER:
        items.sort(key=lambda item: ORDER.get(group_of(item.path), 1))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Before pytest-timeout begins to count: a test may have to wait for its turn."""
    if not IS_WORKER:
        return (yield)
    with turn(is_alone=item.get_closest_marker("alone") is not None):
        return (yield)


@contextmanager
def turn(*, is_alone: bool) -> Iterator[None]:
    """Waits until this test may run: with others that share the floor, or alone on it.

    Everybody goes through the gate, and who wants to be alone holds it while the others leave.
    """
    with GATE.open("rb") as gate, FLOOR.open("rb") as floor:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(floor, fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        try:
            yield
        finally:
            # Not by closing: a process that the test forked may hold the file open.
            fcntl.flock(floor, fcntl.LOCK_UN)
