"""What each side imports is what its extra installs, no less and no more."""

from __future__ import annotations

import ast
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
OURS = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])

EXTRAS_OF = {
    "contract": (),
    "firmware_bridge": ("edge",),
    "edge_agent": ("edge",),
    "ingest": ("server", "replicas"),  # the latter where it writes to InfluxDB
    "dashboard_api": ("server", "replicas"),  # the latter where it reads from InfluxDB
    "school": ("server", "postgres"),  # each without the other's driver
    "models": ("server", "train"),  # import-linter keeps the server away from what needs `train`
    "simulators": ("demo",),
    "roomtone": ("demo", "train"),
}
"""The extras that a package may rely on, beside what is always installed."""

NOT_IMPORTED = {
    "python-multipart": "FastAPI needs it to read a form",
    "protobuf": "onnx's, bounded for skl2onnx",
    "onnx": "skl2onnx's own words are of its types",
    "websockets": "uvicorn speaks WebSocket with it",
}
"""Dependencies that no module of ours imports, and why they are there."""


def declared(extra: str | None) -> set[str]:
    """The distributions that an extra brings, those of the extras inside it too."""
    project = PROJECT["project"]
    texts = project["optional-dependencies"][extra] if extra else project["dependencies"]
    found: set[str] = set()
    for requirement in map(Requirement, texts):
        if requirement.name == "roomtone":
            found = found.union(*map(declared, requirement.extras))
        else:
            found.add(canonicalize_name(requirement.name))
    return found


@cache
def imported(package: str) -> frozenset[str]:
    """The distributions whose modules a package imports, anywhere in its code."""
    modules: set[str] = set()
    for path in (ROOT / package).rglob("*.py"):
        if path.name == "pytest_plugin.py":
            continue  # only pytest itself imports it
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    foreign = modules - OURS - sys.stdlib_module_names
    distributions = packages_distributions()
    return frozenset(canonicalize_name(distributions[module][0]) for module in foreign)


# These come with what is declared, by its own word: FastAPI is made of Starlette, uvicorn reads HTTP
# with h11, and influxdb-client raises urllib3's errors.
TOGETHER = {
    "starlette": "fastapi",
    "pydantic-core": "pydantic",
    "h11": "uvicorn",
    "urllib3": "influxdb-client",
}


@pytest.mark.parametrize("package", sorted(OURS))
def test_what_is_imported_is_installed(package: str) -> None:
    installed = declared(None).union(*map(declared, EXTRAS_OF[package]))
    assert {TOGETHER.get(name, name) for name in imported(package)} <= installed


@pytest.mark.parametrize("extra", (None, "edge", "server", "train", "demo"))
def test_what_is_installed_is_imported(extra: str | None) -> None:
    used = frozenset[str]().union(*map(imported, OURS))
    assert declared(extra) - {TOGETHER.get(name, name) for name in used} <= NOT_IMPORTED.keys()
