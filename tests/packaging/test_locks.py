"""The locks: every dependency in one version with its hashes, and no registry named."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PARTS = {each: f"requirements-{each}.lock" for each in ("edge", "server", "postgres", "replicas")}
"""What is installed where only one extra is wanted."""
LOCKS = ("requirements.lock", "requirements-node.lock", *PARTS.values())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def entries(name: str) -> list[tuple[Requirement, str]]:
    """Each requirement of a lock, with the lines that belong to it."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / name).read_text(), flags=re.MULTILINE)
    parts = re.split(r"\n(?=\S)", text.strip())
    return [(Requirement(part.split("\\")[0]), part) for part in parts]


def declared() -> list[tuple[str, Requirement]]:
    """Every requirement in pyproject.toml, with the list that holds it; our own extras resolved."""
    lists = {
        "build-system": PROJECT["build-system"]["requires"],
        "project": PROJECT["project"]["dependencies"],
        **PROJECT["project"]["optional-dependencies"],
        **PROJECT["dependency-groups"],
    }
    return [
        (name, requirement)
        for name, texts in lists.items()
        for requirement in map(Requirement, texts)
        if requirement.name != "roomtone"
    ]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_is_one_version_with_hashes(lock: str) -> None:
    for requirement, text in entries(lock):
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", text), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_no_entry_stands_twice(lock: str) -> None:
    """But for versions that exclude each other, as where one has no wheel for every Python."""
    held = [(requirement.name, str(requirement.marker)) for requirement, _ in entries(lock)]
    assert held == sorted(set(held))


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_registry_and_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"https?:|file:|index-url|find-links|@ |/", text)


@pytest.mark.parametrize(("where", "requirement"), declared(), ids=str)
def test_lock_fulfils_what_is_declared(where: str, requirement: Requirement) -> None:
    lock = "requirements-node.lock" if where == "node" else "requirements.lock"
    name = canonicalize_name(requirement.name)
    locked = [
        next(iter(entry.specifier)).version
        for entry, _ in entries(lock)
        if canonicalize_name(entry.name) == name
    ]
    fitting = [each for each in locked if requirement.specifier.contains(each, prereleases=True)]
    assert fitting, "run `make lock`"


@pytest.mark.parametrize("extra", PARTS)
def test_a_part_is_what_its_extra_needs_in_the_versions_of_the_whole(extra: str) -> None:
    whole = {str(entry) for entry, _ in entries("requirements.lock")}
    part = [entry for entry, _ in entries(PARTS[extra])]
    assert {_without_marker(entry) for entry in part} <= {
        _without_marker(Requirement(text)) for text in whole
    }, "run `make lock`"
    names = {canonicalize_name(entry.name) for entry in part}
    wanted = {
        canonicalize_name(requirement.name)
        for where, requirement in declared()
        if where in {"project", extra, "build"}
    }
    assert wanted <= names
    assert not names & {"scikit-learn", "pytest", "playwright"}


def _without_marker(requirement: Requirement) -> str:
    return f"{canonicalize_name(requirement.name)}{requirement.specifier}"


def test_environment_holds_the_locked_versions() -> None:
    differing = {
        entry.name: (version(entry.name), str(entry.specifier))
        for entry, _ in entries("requirements.lock")
        if (entry.marker is None or entry.marker.evaluate())
        and not entry.specifier.contains(version(entry.name), prereleases=True)
    }
    assert not differing, "run `make setup`"


def test_extras_of_a_pi_and_a_server_stay_small() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    edge, server, train = (
        {Requirement(text).name for text in (*PROJECT["project"]["dependencies"], *extras[name])}
        for name in ("edge", "server", "train")
    )
    assert not edge & {"fastapi", "uvicorn", "onnxruntime", "scikit-learn", "onnx"}
    assert not server & {"scikit-learn", "skl2onnx", "onnx", "protobuf", "pyserial"}
    assert {"scikit-learn", "skl2onnx", "onnx", "protobuf"} <= train


def test_demo_has_the_edge_and_the_server_and_dev_has_all() -> None:
    extras = PROJECT["project"]["optional-dependencies"]

    def own_extras(name: str) -> set[str]:
        direct = {
            extra
            for text in extras[name]
            if Requirement(text).name == "roomtone"
            for extra in Requirement(text).extras
        }
        return direct.union(*map(own_extras, direct))

    assert own_extras("demo") == {"edge", "server"}
    assert own_extras("dev") == extras.keys() - {"dev"}


def test_npm_lock_is_exact_and_names_no_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    locked = {name: entry for name, entry in lock["packages"].items() if name}
    assert lock["packages"][""]["dependencies"] == wanted
    for name, exact in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == exact
    for name, entry in locked.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name
        assert "hasInstallScript" not in entry, name
