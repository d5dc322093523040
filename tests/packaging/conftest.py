"""The wheel, and clean environments to install it into without a network.

The dependencies come from wheels made again from what is installed here. A downloaded wheel is
not kept by pip, and a cache can't be relied on; but what was installed from it is here, with a
list of its files, and that is all that a wheel is.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.tags import Tag, sys_tags
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
INSTALLERS_OWN = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"}


def closure(requirements: Iterable[str]) -> dict[str, Distribution]:
    """The installed distributions that these requirements lead to, by canonical name."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        found[name] = distribution(name)
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                waiting += [(Requirement(text), wanted) for text in found[name].requires or ()]
    return found


def repack(installed: Distribution, folder: Path) -> Path:
    """Writes `installed` as a wheel into `folder`."""
    name = canonicalize_name(installed.name).replace("-", "_")
    wheel = folder / f"{name}-{installed.version}-{_tag(installed)}.whl"
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    information = ""
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in installed.files or ():
            # What lies outside (".."), such as commands, is made again by the installer.
            if file.parts[0] == ".." or file.suffix == ".pyc" or file.name in INSTALLERS_OWN:
                continue
            if file.parts[0].endswith(".dist-info"):
                information = file.parts[0]
            data = file.read_binary()
            archive.writestr(file.as_posix(), data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.writerow((file.as_posix(), f"sha256={digest}", len(data)))
        rows.writerow((f"{information}/RECORD", "", ""))
        archive.writestr(f"{information}/RECORD", record.getvalue())
    return wheel


def _tag(installed: Distribution) -> Tag:
    """Of the tags that the wheel had, the first that this Python takes."""
    text = installed.read_text("WHEEL") or ""
    had = {line.removeprefix("Tag: ") for line in text.splitlines() if line.startswith("Tag: ")}
    return next(tag for tag in sys_tags() if str(tag) in had)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Roomtone's own wheel, built from the tree as anyone would build it."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder),
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Path, dict[str, str]]]:
    """Call it with an extra: a clean environment's folder of commands, and what to run them with.

    Nothing of this checkout or of its environment is visible from there.
    """
    made: dict[str, Path] = {}
    outside = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PIP_", "VIRTUAL_ENV", "ROOMTONE"))
    }

    def install(extra: str) -> tuple[Path, dict[str, str]]:
        if extra not in made:
            wheels = tmp_path_factory.mktemp(f"wheels-{extra}")
            for dependency in closure([*PROJECT["dependencies"], *EXTRAS[extra]]).values():
                repack(dependency, wheels)
            environment = tmp_path_factory.mktemp(f"environment-{extra}")
            # --isolated: no setting of this machine names a registry behind our back.
            offline = ("--isolated", "install", "--quiet", "--no-index", "--no-compile")
            subprocess.run((sys.executable, "-m", "venv", environment), env=outside, check=True)
            pip = (environment / "bin/python", "-m", "pip", *offline, "--find-links", wheels)
            wanted = f"roomtone[{extra}] @ {wheel.as_uri()}"
            subprocess.run((*pip, wanted), env=outside, check=True)
            made[extra] = environment / "bin"
        commands = made[extra]
        return commands, {**outside, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}

    return install
