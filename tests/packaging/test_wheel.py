"""The wheel holds what it needs, and works in a clean environment without a network."""

from __future__ import annotations

import re
import subprocess
import tomllib
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
import pytest

from tests.signed_in import cookie_of_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Installed = Callable[[str], tuple[Path, dict[str, str]]]

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

LIST_PAGES = """
from starlette.responses import HTMLResponse
from dashboard_api import app
for part in vars(app).values():
    for route in getattr(getattr(part, "router", None), "routes", ()):
        if getattr(route, "response_class", None) is HTMLResponse and "GET" in route.methods:
            print(route.path)
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class References(HTMLParser):
    """Collects what a page loads or links to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            value for name, value in attrs if value and name in {"href", "src", "hx-get"}
        ]


def references(address: str, answer: httpx.Response) -> set[str]:
    """The addresses that a page, a style sheet or a module refers to, made absolute."""
    kind = answer.headers["content-type"].partition(";")[0]
    if kind == "text/html":
        found = References(answer.text).found
    elif kind == "text/css":
        found = re.findall(r"""url\(["']?([^"')]+)["']?\)""", answer.text)
    elif "javascript" in kind:
        found = re.findall(
            r"""^(?:import|export)\b[^"';]*["'](\.{0,2}/[^"']+)["']""",
            answer.text,
            flags=re.MULTILINE,
        )
    else:
        found = []
    found = [text for text in found if not text.startswith(("data:", "blob:", "#"))]
    return {urldefrag(urljoin(address, text)).url for text in found}


def test_wheel_holds_every_file_of_every_package(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    missing = {
        name
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and (name := path.relative_to(ROOT).as_posix()) not in held
    }
    assert not missing


def test_wheel_holds_packages_assets_and_licence_alone(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in held if ".dist-info/" not in name} == set(PACKAGES)
    for wanted in (
        r"dashboard_api/static/vendor/uPlot\.min\.js",
        r"dashboard_api/static/vendor/htmx\.min\.js",
        r"dashboard_api/static/vendor/mediabunny\.min\.mjs",
        r"dashboard_api/static/bundled/lessons\.js",
        r"dashboard_api/static/[a-z]+/.*\.js",
        r"dashboard_api/static/.*\.css",
        r"dashboard_api/templates/.*\.html",
        r"dashboard_api/record/record\.typ",
        r"models/.*\.onnx",
        r".*\.dist-info/licenses/LICENSE",
        *(f"{package}/py\\.typed" for package in PACKAGES),
    ):
        assert [name for name in held if re.fullmatch(wanted, name)], wanted


@pytest.fixture
def dashboard(installed: Installed, tmp_path: Path) -> Iterator[str]:
    """The address of a dashboard that runs from a clean environment, with one lesson to show."""
    commands, environment = installed("server")
    config = tmp_path / "server.toml"
    config.write_text('site = "school"\ndata_dir = "data"\n[dashboard]\nport = 0\n')
    lesson = (commands / "roomtone", "lesson", "--config", config, "start")
    subprocess.run(
        (*lesson, "--room", "room-1", "--teacher", "Ada"), cwd=tmp_path, env=environment, check=True
    )
    program = subprocess.Popen(
        (commands / "roomtone", "dashboard", "--config", config),
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    said: list[str] = []
    try:
        for line in program.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+/", line):
                yield found[0]
                break
        else:
            pytest.fail("the dashboard ended: " + "".join(said))
    finally:
        program.terminate()
        print(program.communicate(timeout=60)[1])  # shown if the test fails
        assert program.returncode == 0


@pytest.fixture
def pages(installed: Installed, tmp_path: Path) -> set[str]:
    """The paths of all pages that the installed dashboard has, as patterns."""
    commands, environment = installed("server")
    asked = subprocess.run(
        (commands / "python", "-c", LIST_PAGES),
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return {re.sub(r"{\w+}", "[^/]+", path) for path in asked.stdout.split()}


def test_every_page_loads_from_an_offline_installation(
    dashboard: str, pages: set[str], tmp_path: Path
) -> None:
    here = urlsplit(dashboard).netloc
    waiting, seen = {dashboard}, dict[str, str]()
    headers = {"accept": "text/html,*/*"}
    cookies = cookie_of_all(tmp_path / "data")
    with httpx.Client(headers=headers, cookies=cookies, follow_redirects=True) as browser:
        while waiting:
            address = waiting.pop()
            assert urlsplit(address).netloc == here, f"{address}: a third party's host"
            with browser.stream("GET", address) as answer:
                assert answer.status_code == 200, address
                seen[urlsplit(address).path] = answer.headers["content-type"].partition(";")[0]
                if seen[urlsplit(address).path] == "text/event-stream":
                    continue  # a stream never ends
                answer.read()
                waiting |= {
                    found
                    for found in references(address, answer)
                    if urlsplit(found).path not in seen
                }
    assert len(pages) > 2
    for page in pages:
        assert any(re.fullmatch(page, path) for path in seen), f"{page} is linked from nowhere"
    for asset in ("bundled/lessons.js", "uPlot.min.js", "uPlot.min.css", "htmx.min.js"):
        assert [path for path in seen if path.endswith(asset)], seen
    assert [path for path, kind in seen.items() if kind == "text/css"]


def test_an_edge_installation_knows_its_command_and_no_server(installed: Installed) -> None:
    commands, environment = installed("edge")
    asked = subprocess.run(
        (commands / "roomtone", "edge", "--help"),
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "--config" in asked.stdout
    for library in ("fastapi", "onnxruntime", "sklearn", "pyarrow"):
        found = subprocess.run(
            (commands / "python", "-c", f"import {library}"),
            env=environment,
            check=False,
            capture_output=True,
        )
        assert found.returncode, library


def test_a_program_of_another_extra_says_how_to_get_it(installed: Installed) -> None:
    commands, environment = installed("edge")
    asked = subprocess.run(
        (commands / "roomtone", "dashboard", "--config", "server.toml"),
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert asked.returncode in {1, 2}
    assert "Traceback" not in asked.stderr
    assert "roomtone[server]" in asked.stderr
