"""docs/adding-a-sensor.md: its source and its test are taken from the page and run."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from contract.errors import ConfigurationError
from edge_agent import sources
from edge_agent.settings import EdgeSettings

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "adding-a-sensor.md").read_text(encoding="utf-8")
SOURCE, ITS_TEST = re.findall(r"(?s)```python\n(.*?)```", TEXT)
(LINE,) = re.findall(r'(?m)^"decibel": .*$', TEXT)
TESTS = re.findall(r"(?m)^def (test_\w+)\(\)", ITS_TEST)
NAME = "edge_agent.sources.decibel"


@pytest.fixture
def decibel(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The page's file and its line, as if they were here."""
    module = ModuleType(NAME)
    monkeypatch.setitem(sys.modules, NAME, module)
    exec(compile(SOURCE, "docs/adding-a-sensor.md", "exec"), module.__dict__)
    for kind, where in eval("{" + LINE + "}").items():
        monkeypatch.setitem(sources.SOURCES, kind, where)
    return module


@pytest.mark.parametrize("name", TESTS)
def test_the_tests_of_the_page_pass(decibel: ModuleType, name: str) -> None:
    names: dict[str, Callable[[], None]] = {}
    exec(compile(ITS_TEST, "docs/adding-a-sensor.md", "exec"), names)
    names[name]()


def test_the_page_has_tests() -> None:
    assert len(TESTS) == 3


def test_its_settings_are_read_and_its_mistakes_named(decibel: ModuleType) -> None:
    (block,) = re.findall(r"(?s)```toml\n(.*?)```", TEXT)
    hub = {"name": "hub-a", "port": "/dev/a", "seats": [1]}
    base: dict[str, object] = {"site": "s", "room": "r", "node": "n", "hub": [hub]}
    settings = EdgeSettings.checked(base | tomllib.loads(block), where="edge.toml")
    assert [source.kind for source in settings.sources] == ["hub", "decibel"]
    wrong = {"kind": "decibel", "name": "room", "address": 300}
    with pytest.raises(ConfigurationError, match=r"source\.0\.address is 300, "):
        EdgeSettings.checked(base | {"source": [wrong]}, where="edge.toml")


def test_its_doctor_says_whether_it_answers(decibel: ModuleType) -> None:
    names: dict[str, type] = {}
    exec(compile(ITS_TEST, "docs/adding-a-sensor.md", "exec"), names)
    module = names["Module"]()
    settings = decibel.DecibelSettings(name="room")
    look_over = decibel.DecibelSource.look_over
    assert [f.state for f in look_over(settings, open_bus=lambda _: module)] == ["fine"]
    module.is_plugged = False
    assert [f.state for f in look_over(settings, open_bus=lambda _: module)] == ["wrong"]


def test_without_the_line_the_kind_is_not_known() -> None:
    assert "decibel" not in sources.SOURCES
    with pytest.raises(ConfigurationError, match=r"source\.0\.kind is 'decibel', expected 'gpio'"):
        sources.source_settings({"kind": "decibel"}, where="edge.toml", at="source.0")


def test_every_kind_can_be_imported_and_has_settings() -> None:
    for kind in sources.SOURCES:
        assert sources.settings_of(kind).model_fields["kind"].default == kind


def test_the_file_of_the_page_keeps_the_rules() -> None:
    ruff = [sys.executable, "-m", "ruff"]
    where = ["--stdin-filename", str(ROOT / "edge_agent" / "sources" / "decibel.py"), "-"]
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run(
            [*ruff, *command, *where],
            check=False,
            input=SOURCE,
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stdout + done.stderr
