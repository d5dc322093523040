"""Roomtone in a folder that holds packages of the same names: none of them is ever imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from roomtone.cli import COMMANDS
from roomtone.own_packages import OWN_PACKAGES

ROOMTONE = Path(sys.executable).with_name("roomtone")
STRANGER = """
from pathlib import Path
Path(__file__).with_name("was-imported").touch()
raise RuntimeError(f"{__name__} was imported from the current folder")
"""
# Names of the standard library's, which a worker needs while it starts.
STANDARD = ("queue", "random", "selectors")
ASK = """
import os
from models.learning.workers import worker_pool
if __name__ == "__main__":
    with worker_pool(2) as pool:
        print(pool.submit(os.getpid).result() != os.getpid())
"""
TEST = """
def test_hubs_are_there(virtual_classroom):
    assert len(virtual_classroom("example", minutes=1, speed=20).ports) > 0
"""


def run(
    command: list[str | Path], folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, env=inherited | environment,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of somebody else's, with every name that Roomtone uses."""
    made = tmp_path / "project"
    for name in (*OWN_PACKAGES, "roomtone", *STANDARD):
        (made / name).mkdir(parents=True)
        (made / name / "__init__.py").write_text(STRANGER)
    return made


def imported(folder: Path) -> list[Path]:
    return sorted(folder.rglob("was-imported"))


def test_the_strangers_would_be_noticed(folder: Path) -> None:
    done = run([sys.executable, "-c", "import models"], folder)
    assert "was imported from the current folder" in done.stderr
    assert imported(folder) == [folder / "models/was-imported"]


@pytest.mark.slow
def test_every_command_explains_itself_there(folder: Path) -> None:
    commands: list[list[str | Path]] = [[ROOMTONE, name, "--help"] for name in COMMANDS]
    with ThreadPoolExecutor(2) as pool:
        for done in pool.map(lambda command: run(command, folder), commands):
            assert done.returncode == 0, done.stderr
            assert done.stderr == ""
    assert imported(folder) == []


@pytest.mark.programs
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_and_all_its_programs_run_there(folder: Path) -> None:
    """The broker in Python too, so that every kind of child is started."""
    done = run(
        [ROOMTONE, "demo", "--check", "--minutes", "0.5", "--speed", "10"],
        folder, ROOMTONE_MOSQUITTO="none",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["lost"] == 0
    assert imported(folder) == []


@pytest.mark.programs
@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.timeout(600)
def test_a_fault_is_brought_about_there(folder: Path) -> None:
    """The one whose edge is started as a module of its own."""
    done = run([ROOMTONE, "faults", "--only", "clock_past", "--json"], folder)
    assert done.returncode == 0, done.stderr
    assert imported(folder) == []


def test_workers_start_there(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "ask.py").write_text(ASK)
    done = run([sys.executable, tmp_path / "ask.py"], folder)
    assert done.stdout == "True\n", done.stderr
    assert imported(folder) == []


@pytest.mark.parametrize("name", OWN_PACKAGES)
def test_python_m_leaves_the_current_folder_aside(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text(STRANGER)
    done = run([sys.executable, "-m", "roomtone", "--help"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert imported(tmp_path) == []


@pytest.mark.parametrize("name", ("contract", "models"))
def test_a_package_that_comes_before_ours_is_named(name: str, folder: Path) -> None:
    for other in OWN_PACKAGES:
        if other != name:
            (folder / other / "__init__.py").unlink()  # a plain folder hides nothing
    (folder / "roomtone/__init__.py").unlink()
    (folder / "elsewhere").mkdir()
    for standard in STANDARD:
        (folder / standard).rename(folder / "elsewhere" / standard)
    done = run([ROOMTONE, "score", "--help"], folder, PYTHONPATH=".")
    assert done.returncode == 1
    assert done.stderr.startswith(f"roomtone: {folder / name / '__init__.py'} is found before")
    assert "PYTHONPATH" in done.stderr
    assert done.stderr.count("\n") == 1
    assert imported(folder) == []


@pytest.mark.slow
def test_the_pytest_plugin_is_ours_there(folder: Path) -> None:
    (folder / "test_reader.py").write_text(TEST)
    (folder / "conftest.py").touch()
    pytest_command = Path(sys.executable).with_name("pytest")
    done = run([pytest_command, "-p", "simulators.pytest_plugin", "test_reader.py"], folder)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert imported(folder) == []


@pytest.mark.slow
def test_a_conftest_below_the_folder_may_name_the_plugin(folder: Path) -> None:
    (folder / "tests").mkdir()
    (folder / "tests/test_reader.py").write_text(TEST)
    (folder / "tests/conftest.py").write_text('pytest_plugins = ["simulators.pytest_plugin"]\n')
    (folder / "pytest.ini").write_text("[pytest]\n")
    pytest_command = Path(sys.executable).with_name("pytest")
    done = run([pytest_command, "--rootdir", folder, "tests"], folder)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert imported(folder) == []
