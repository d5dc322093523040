"""What the repository holds, and what it must not hold."""

from __future__ import annotations

import hashlib
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VENDOR = ROOT / "dashboard_api/static/vendor"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The files that git would keep, whether or not the tree is a checkout."""
    repository = str(tmp_path_factory.mktemp("git"))
    git = ("git", f"--git-dir={repository}", f"--work-tree={ROOT}")
    subprocess.run((*git, "init", "--quiet"), check=True)
    listed = subprocess.run(
        (*git, "ls-files", "-z", "--others", "--exclude-standard"),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert ROOT / "pyproject.toml" in paths
    return [path for path in paths if path.is_file()]


def test_third_party_files_are_fetched_and_never_kept(files: list[Path]) -> None:
    fetched = {hashlib.sha256(path.read_bytes()).digest() for path in VENDOR.iterdir()}
    assert len(fetched) > 3
    for path in files:
        assert not {"bundled", "node_modules", "vendor", ".venv"} & set(path.parts), path
        assert not path.name.endswith((".min.js", ".min.css")), path
        assert hashlib.sha256(path.read_bytes()).digest() not in fetched, path


def test_no_large_file_is_kept(files: list[Path]) -> None:
    assert not [path for path in files if path.stat().st_size > 2_000_000]


def test_every_package_has_types_and_says_what_it_is_for() -> None:
    for package in PACKAGES:
        assert (ROOT / package / "py.typed").is_file(), package
        assert (ROOT / package / "__init__.py").read_text().startswith('"""'), package


def test_packages_are_named_alike_wherever_they_are_listed() -> None:
    tool = PROJECT["tool"]
    assert sorted(PACKAGES) == PACKAGES
    assert tool["importlinter"]["root_packages"] == PACKAGES
    assert [name for name in tool["mypy"]["files"] if not name.endswith(".py")] == [
        "benchmarks",
        *PACKAGES,
    ]


def test_files_stay_short(files: list[Path]) -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in files
        if path.suffix in {".py", ".js", ".css", ".html"}
        and ROOT / "tests" not in path.parents
        and (lines := len(path.read_text().splitlines())) > 400
    }
    assert not long, "a file that passes 400 lines wants to be two"
