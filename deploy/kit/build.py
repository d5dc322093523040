"""Builds the Debian package of a kit: one file with Roomtone and every library that it needs.

    make kit-package                     # for Raspberry Pi OS, 64 bit, of Debian 12 and 13
    make kit-package MACHINE=x86_64      # for a small PC instead

The wheels come from requirements-edge.lock, each with its hash. On the kit nothing is fetched, so a kit
needs no Internet and no package index: docs/decisions/updates.md.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
PYTHONS: Final = ("3.11", "3.13")
"""Those of Debian 12 and 13."""
ARCHITECTURES: Final = {"aarch64": "arm64", "x86_64": "amd64"}
SHARE: Final = "usr/share/roomtone-edge"
SCRIPTS: Final = ("postinst", "prerm", "postrm")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--machine", choices=ARCHITECTURES, default="aarch64")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="roomtone-kit-") as folder:
        print(build(args.machine, args.out, Path(folder)))


def build(machine: str, out: Path, work: Path) -> Path:
    """Build the package into `out`; returns the file."""
    tree = work / "tree"
    wheels = tree / SHARE / "wheels"
    gather(machine, wheels, work)
    tree.chmod(0o755)
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "usr/bin/roomtone").symlink_to("/opt/roomtone/current/bin/roomtone")
    control = tree / "DEBIAN"
    control.mkdir()
    size = sum(path.stat().st_size for path in wheels.rglob("*.whl")) // 1024
    text = (HERE / "control").read_text(encoding="utf-8")
    architecture, version = ARCHITECTURES[machine], debian_version()
    (control / "control").write_text(
        text.format(version=version, architecture=architecture, size=size), encoding="utf-8"
    )
    for name in SCRIPTS:
        shutil.copy(HERE / name, control / name)
        (control / name).chmod(0o755)
    out.mkdir(parents=True, exist_ok=True)
    package = out / f"roomtone-edge_{version}_{architecture}.deb"
    # Wheels are compressed already.
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(package))
    return package


def gather(machine: str, wheels: Path, work: Path) -> None:
    """Fetch the wheels, and build our own; what is the same for every Python goes into `any/`."""
    common = wheels / "any"
    common.mkdir(parents=True)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(
        *pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(common),
        str(ROOT), environment={"ROOMTONE_WITHOUT_PAGES": "1"},
    )  # fmt: skip
    chosen: dict[str, dict[str, Path]] = {}
    for python in PYTHONS:
        found = work / python
        run(
            *pip, "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes",
            "--python-version", python, "--implementation", "cp",
            *(word for version in ("2014", "_2_28", "_2_17")
              for word in ("--platform", f"manylinux{version}_{machine}")),
            "--dest", str(found), "--requirement", str(ROOT / "requirements-edge.lock"),
        )  # fmt: skip
        chosen[python] = {wheel.name: wheel for wheel in needed(found, python, machine)}
    for python, ours in chosen.items():
        own = wheels / f"cp{python.replace('.', '')}"
        own.mkdir()
        for name, wheel in ours.items():
            is_for_all = all(name in others for others in chosen.values())
            shutil.copy(wheel, common if is_for_all else own)


def needed(folder: Path, python: str, machine: str) -> list[Path]:
    """The wheels that the kit imports; the lock also has what builds a wheel."""
    by_name = {parse_wheel_filename(path.name)[0]: path for path in folder.glob("*.whl")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [*project["dependencies"], *project["optional-dependencies"]["edge"]]
    environment = {
        "python_version": python, "python_full_version": f"{python}.0", "platform_machine": machine,
        "sys_platform": "linux", "implementation_name": "cpython", "extra": "",
        "platform_system": "Linux", "os_name": "posix", "platform_python_implementation": "CPython",
    }  # fmt: skip
    found: dict[str, Path] = {}
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate(environment)):
            continue
        found[name] = by_name[name]
        waiting += requires(by_name[name])
    return list(found.values())


def requires(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as packed:
        name = next(each for each in packed.namelist() if each.endswith(".dist-info/METADATA"))
        return Parser().parsestr(packed.read(name).decode()).get_all("Requires-Dist") or []


def debian_version() -> str:
    """The project's version; of a checkout also the day and the commit, so that a later one is newer."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = re.sub(r"\.?(dev|rc|a|b)(\d)", r"~\1\2", project["version"])
    asked = subprocess.run(
        ("git", "-C", str(ROOT), "log", "-1", "--format=%cd.%h", "--date=format:%Y%m%d%H%M"),
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    return f"{version}+{asked.stdout.strip()}" if asked.returncode == 0 else version


def run(*words: str, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        words, check=False, capture_output=True, text=True, env=os.environ | (environment or {})
    )
    if done.returncode:
        sys.exit(f"{words[0]} failed:\n{done.stderr or done.stdout}")


if __name__ == "__main__":
    main()
