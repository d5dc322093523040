"""What runs at the same time when several workers share the tests, by this folder's conftest.py."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
OPTIONS = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-p", "no:cacheprovider")
TEST = """
import json, os, time
from pathlib import Path
import pytest

@pytest.mark.{marker}
@pytest.mark.parametrize("number", range({count}))
def test_note_when_it_ran(number):
    began = time.monotonic()
    time.sleep(0.05)
    line = json.dumps([{marker!r}, os.environ["PYTEST_XDIST_WORKER"], began, time.monotonic()])
    with Path({log!r}).open("a") as log:
        print(line, file=log)
"""
SETTINGS = """
[tool.pytest.ini_options]
addopts = ["--import-mode=importlib"]
markers = ["alone", "programs", "browser", "broker", "recordings", "page", "first", "second", "third"]
"""


class Ran(NamedTuple):
    marker: str
    worker: str
    began_s: float
    ended_s: float


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> list[Ran]:
    """When each test of a small suite ran, and where; in the order of their beginnings."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "tests/browser").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(SETTINGS)
    shutil.copy(CONFTEST, folder / "tests")
    log = folder / "log"
    for marker, count in (
        ("alone", 3), ("page", 3), ("first", 6), ("programs", 4), ("second", 6), ("third", 6),
    ):  # fmt: skip
        test = TEST.format(marker=marker, count=count, log=str(log))
        below = "tests/browser" if marker == "page" else "tests"
        (folder / below / f"test_{marker}.py").write_text(test)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", *OPTIONS, "tests"],
        cwd=folder, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert "28 passed" in done.stdout, done.stdout + done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["log", "pyproject.toml", "tests"]
    lines = [Ran(*json.loads(line)) for line in log.read_text().splitlines()]
    return sorted(lines, key=lambda one: one.began_s)


pytestmark = pytest.mark.slow


def test_two_workers_share_the_tests(ran: list[Ran]) -> None:
    assert len({one.worker for one in ran}) == 2
    assert any(after.began_s < before.ended_s for before, after in pairwise(ran))


def test_nothing_runs_beside_what_is_alone(ran: list[Ran]) -> None:
    for alone in (one for one in ran if one.marker == "alone"):
        others = [one for one in ran if one is not alone]
        assert not [
            one for one in others if one.began_s < alone.ended_s and alone.began_s < one.ended_s
        ]


def test_programs_and_browsers_stay_with_one_worker_from_the_beginning(ran: list[Ran]) -> None:
    (worker,) = {one.worker for one in ran if one.marker in {"programs", "page"}}
    mine = [one.marker for one in ran if one.worker == worker]
    assert set(mine[:7]) == {"programs", "page"}


def test_a_file_stays_with_one_worker(ran: list[Ran]) -> None:
    for marker in ("first", "second", "third"):
        assert len({one.worker for one in ran if one.marker == marker}) == 1
