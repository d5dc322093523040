"""What the documents name in the code is there: `package/module.py:function`, and plain paths."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))


@cache
def names_in(module: Path) -> frozenset[str]:
    """Functions, classes, their members and constants: `f`, `C`, `C.method`, `TABLE`."""
    found: set[str] = set()

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(prefix + node.name)
                if isinstance(node, ast.ClassDef):
                    visit(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found.update(prefix + name.id for name in targets if isinstance(name, ast.Name))
            elif isinstance(node, ast.If | ast.Try):
                visit(node.body, prefix)

    visit(ast.parse(module.read_text()).body, "")
    return frozenset(found)


def named(document: Path) -> list[tuple[str, str]]:
    return re.findall(r"`([\w/.-]+\.(?:py|js)):([\w.]+)(?:\(\))?`", document.read_text())


def test_the_journey_of_a_sample_is_described_by_function_name() -> None:
    named_code = named(ROOT / "ARCHITECTURE.md")
    packages = {module.split("/")[0] for module, _ in named_code}
    assert len(named_code) >= 10
    assert {"firmware_bridge", "edge_agent", "ingest", "dashboard_api"} <= packages


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_code_is_there(document: Path) -> None:
    for module, name in named(document):
        assert (ROOT / module).is_file(), f"{module}:{name}"
        if module.endswith(".py"):
            assert name in names_in(ROOT / module), f"{module}:{name}"
        else:
            assert re.search(rf"\b{name}\b", (ROOT / module).read_text()), f"{module}:{name}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_files_are_there(document: Path) -> None:
    ours = {path.name for path in ROOT.iterdir() if path.is_dir()}
    for path in re.findall(r"`([\w.-]+/(?:[\w/.-]*(?:/|\.\w+))?)`", document.read_text()):
        # What a build or a run makes may be named too, but is not there yet.
        if path.split("/")[0] in ours and not path.startswith((".venv/", "dashboard_api/static/v")):
            assert (ROOT / path).exists(), path
