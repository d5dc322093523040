"""Every setting is explained, and the example files show every key with its true default."""

from __future__ import annotations

import importlib
import pkgutil
import re
import runpy
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from contract.settings import Settings
from dashboard_api.settings import DashboardSettings
from edge_agent.settings import EdgeSettings
from ingest.settings import ServerSettings

ROOT = Path(__file__).parents[2]
EXAMPLES: dict[str, type[Settings]] = {
    "edge.example.toml": EdgeSettings,
    "server.example.toml": ServerSettings,
}


def models() -> list[type[Settings]]:
    """Every settings model of the programs."""
    for package in ("contract", "dashboard_api", "edge_agent", "ingest", "simulators"):
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            # A plugin wants to be imported by pytest itself, and __main__ would run.
            if not module.name.endswith(("__main__", "pytest_plugin")):
                importlib.import_module(module.name)
    found, waiting = [], Settings.__subclasses__()
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if not model.__module__.startswith("test"):
            found.append(model)
    return sorted(set(found), key=lambda model: (model.__module__, model.__name__))


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_every_setting_is_explained(model: type[Settings]) -> None:
    for name, field in model.model_fields.items():
        holds_settings = isinstance(field.default, Settings)
        assert field.description or holds_settings, f"{model.__name__}.{name} has no docstring"


def test_server_example_is_what_the_settings_say() -> None:
    generator = runpy.run_path(str(ROOT / "docs/example_settings.py"))
    written = generator["SERVER_EXAMPLE"].read_text(encoding="utf-8")
    assert written == generator["server_example"](), "run `make examples`"


@pytest.mark.parametrize("name", EXAMPLES)
def test_commented_values_are_the_defaults(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    uncommented = re.sub(r"(?m)^# (?=\w+ = )", "", text)
    assert uncommented != text
    as_it_stands, everything = tomllib.loads(text), tomllib.loads(uncommented)
    if pages := everything.pop("dashboard", None):
        as_it_stands.pop("dashboard")
        assert DashboardSettings.checked(pages, where=name) == DashboardSettings()
    model = EXAMPLES[name]
    assert model.checked(everything, where=name) == model.checked(as_it_stands, where=name)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_key_stands_in_its_example(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for table in tables(EXAMPLES[name]):
        for key in table.model_fields:
            assert re.search(rf"(?m)^(# )?{key}( =|:)|^\[\[?([a-z]+\.)?{key}\]\]?$", text), key


def tables(model: type[Settings]) -> list[type[Settings]]:
    """A settings model and those inside it."""
    inner = {
        kind
        for field in model.model_fields.values()
        for kind in (field.annotation, *get_args(field.annotation))
        if isinstance(kind, type) and issubclass(kind, Settings)
    }
    found = [model, *(table for kind in inner for table in tables(kind))]
    return [*found, DashboardSettings] if model is ServerSettings else found
