"""The kit's Debian package: what it holds, and that its own script runs from the wheel alone."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edge_agent.release.conftest import make_wheel

ROOT = Path(__file__).parents[2]
KIT = ROOT / "deploy/kit"
DPKG = shutil.which("dpkg-deb")

pytestmark = pytest.mark.skipif(not DPKG, reason="only Debian has dpkg-deb")


@pytest.fixture
def script() -> dict[str, object]:
    return runpy.run_path(str(KIT / "build.py"))


def asked(*words: str | Path) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def test_its_scripts_are_read_by_the_smallest_shell() -> None:
    for name in ("postinst", "prerm", "postrm"):
        subprocess.run(("sh", "-n", KIT / name), check=True)


def test_a_later_commit_is_a_newer_package(script: dict[str, Callable[..., str]]) -> None:
    version = script["debian_version"]()
    assert re.fullmatch(r"[0-9][0-9A-Za-z.+~]*", version), version
    for older, newer in (("0.1.0~dev0", "0.1.0"), ("0.1.0~dev0+202601010000.aaaaaaa", version)):
        subprocess.run(("dpkg", "--compare-versions", older, "lt", newer), check=True)


def test_only_what_a_kit_imports_goes_into_it(
    script: dict[str, Callable[..., list[Path]]], tmp_path: Path
) -> None:
    wheels = {
        "cbor2": "", "numpy": "", "paho-mqtt": "", "pydantic": "Requires-Dist: pydantic-core>=2\n",
        "pydantic-core": "", "cobs": "", "fastcrc": "", "pyserial": "", "hatchling": "",
    }  # fmt: skip
    for name, requires in wheels.items():
        stem = name.replace("-", "_")
        text = f"Metadata-Version: 2.1\nName: {name}\n{requires}"
        make_wheel(tmp_path / f"{stem}-9-py3-none-any.whl", {f"{stem}.dist-info/METADATA": text})
    lock = re.findall(
        r"^([a-z0-9-]+)==", (ROOT / "requirements-edge.lock").read_text(), re.MULTILINE
    )
    for name in set(lock) - wheels.keys():  # what the edge extra may have got since
        text = f"Metadata-Version: 2.1\nName: {name}\n"
        stem = name.replace("-", "_")
        make_wheel(tmp_path / f"{stem}-9-py3-none-any.whl", {f"{stem}.dist-info/METADATA": text})
    found = {path.name.split("-")[0] for path in script["needed"](tmp_path, "3.13", "aarch64")}
    assert {"numpy", "pydantic_core", "pyserial"} <= found
    assert "hatchling" not in found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_its_own_script_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    said = subprocess.run(
        ("python3", "-P", "-S", "-m", "edge_agent.release", "install", "--wheels", tmp_path),
        env={"PYTHONPATH": str(wheel), "PATH": "/usr/bin:/bin"},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert said.returncode == 1
    assert "roomtone release: This package is for Python (none)" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_package_has_its_wheels_and_the_command(
    script: dict[str, Callable[..., Path]], wheel: Path, tmp_path: Path
) -> None:
    def gather(_machine: str, wheels: Path, _work: Path) -> None:
        (wheels / "any").mkdir(parents=True)
        shutil.copy(wheel, wheels / "any")

    work = tmp_path / "work"
    work.mkdir()
    script["build"].__globals__["gather"] = gather
    package = script["build"]("aarch64", tmp_path, work)
    assert package.name.endswith("_arm64.deb")
    assert asked("dpkg-deb", "--field", package, "Package").strip() == "roomtone-edge"
    listed = asked("dpkg-deb", "--contents", package)
    assert "./usr/bin/roomtone -> /opt/roomtone/current/bin/roomtone" in listed
    assert f"./usr/share/roomtone-edge/wheels/any/{wheel.name}" in listed
    assert not re.search(r"^\S+ (?!root/root)", listed, re.MULTILINE), (
        "nothing belongs to who built it"
    )
