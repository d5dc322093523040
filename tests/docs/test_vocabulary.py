"""The documents describe every name that others have to know, and the code is in plain English."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from contract.topics import KINDS
from ingest.stores import PERIOD_STORES, SCORE_STORES
from school import LESSON_STORES

ROOT = Path(__file__).parents[2]
TEXT = "\n".join(
    path.read_text()
    for path in (*sorted(ROOT.glob("docs/**/*.md")), ROOT / "ARCHITECTURE.md")
    if path.exists()
)

MADE: Final = {"bundled", "vendor"}
"""Folders of what a build puts beside our own files."""

PLAIN_FOLDERS: Final = (
    "benchmarks", "contract", "dashboard_api", "edge_agent", "firmware_bridge", "ingest", "models",
    "roomtone", "school", "simulators",
)  # fmt: skip
"""Folders whose names, docstrings, comments and messages are checked."""
PLAIN_DOCUMENTS: Final = (
    "audit", "benchmarks", "deploy", "edge", "faults", "firmware", "ingest", "labels", "lessons", "measures", "metrics", "model",
    "mosquitto", "mqtt", "others-tools", "oversight", "privacy", "replay", "retention", "scale", "serial-protocol", "simulators", "store",
    "timeseries",
)  # fmt: skip
"""Documents that are checked, from docs/."""
NAMES_TO_AVOID: Final = {
    r"(^|_)told(_|$)": "reported, recorded, described, or the thing itself",
    r"(^|_)tell(s|ing)?(_|$)": "report, record, describe, log",
    r"(^|_)anew(_|$)": "again, retry, rescore, resample",
    r"^_?most_|_most$": "max_",
    r"^_?least_": "min_",
    r"(^|_)lets?(_|$)": "what the code does",
    r"(^|_)lacks?(_|$)": "missing_, without_",
}
"""A pattern over a defined name in lower case → what to write."""
WORDS_TO_AVOID: Final = {
    r"\btold\b": "reported, recorded, described, known",
    r"\btell(s|ing)?\b": "report, record, describe, log, show",
    r"\banew\b": "again",
    r"\blets?\b(?! \w+ =)": "what the code does",
    r"\black(s|ed|ing)?\b": "has no, is missing, without",
    r"\b(he|she|him|her|his|hers|himself|herself)\b": "they, their",
}
"""A pattern over a text in lower case → what to write."""
SHOWN_WORDS_TO_AVOID: Final = {
    r"\bmoving by itself\b": "what moves, and since when",
    r"\bgo on\b": "continue",
    r"\bno, not really\b": "Not really",
    r"\bso it is with\b": "the same holds for",
    r"\bbeside what else\b": "with the other",
    r"\bnot begun\b": "not started",
    r"\bnone is on\b": "no lesson is running",
    r"± *(is )?(not known|unknown)": "of what it is not known, such as: accuracy not known",
}
"""A pattern over what a page, a script or the server says to people → what to write."""
STRINGS_THAT_ARE_CODE: Final = re.compile(r"=>|\bfunction\b|;\n")
"""Programs in another language inside a string."""


def is_described(word: str) -> bool:
    """Whether a word is in the documents as code, alone or in a path or topic."""
    return re.search(rf"`[^`\n]*\b{re.escape(word)}\b[^`\n]*`", TEXT) is not None


@pytest.mark.parametrize("kind", KINDS)
def test_every_topic_is_described(kind: str) -> None:
    assert is_described(kind)


@pytest.mark.parametrize("name", [q.name for q in (*SEAT_QUANTITIES, *ROOM_QUANTITIES)])
def test_every_quantity_is_described(name: str) -> None:
    assert is_described(name)


@pytest.mark.parametrize("name", sorted({*PERIOD_STORES, *SCORE_STORES, *LESSON_STORES}))
def test_every_store_is_described(name: str) -> None:
    assert re.search(rf"\b{name}\b", TEXT, re.IGNORECASE)


def defined_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The names that a module itself chooses: definitions, parameters, variables, attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def texts(path: Path, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Docstrings, messages and comments, which people read."""
    strings = [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    # A string without a space is a key or a name of a format, not a text.
    yield from (
        (line, text)
        for line, text in strings
        if " " in text and STRINGS_THAT_ARE_CODE.search(text) is None
    )
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def shown_texts(path: Path) -> Iterator[str]:
    """What a file says to people who use the program: no comments and no docstrings."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        yield re.sub(r"\{#.*?#\}|<(?!/)[^>]*>|</[^>]*>", " ", text, flags=re.DOTALL)
        # Also what an attribute says, as a label.
        yield from re.findall(r"=\"([^\"]*)\"", text)
    elif path.suffix == ".js":
        yield re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", text, flags=re.DOTALL)
    else:
        tree = ast.parse(text)
        notes = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or id(node) in notes:
                continue
            if isinstance(node.value, str):
                yield node.value


def words_to_avoid(text: str, table: dict[str, str]) -> list[str]:
    """What to change in a text, one sentence for each pattern that it has."""
    return [
        f"{found.group()!r}: write {better}"
        for pattern, better in table.items()
        if (found := re.search(pattern, text.lower()))
    ]


@pytest.mark.parametrize("folder", PLAIN_FOLDERS)
def test_the_code_is_in_plain_english(folder: str) -> None:
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        where = path.relative_to(ROOT)
        for line, name in defined_names(tree):
            found += [f"{where}:{line} {word}" for word in words_to_avoid(name, NAMES_TO_AVOID)]
        for line, text in texts(path, tree):
            found += [f"{where}:{line} {word}" for word in words_to_avoid(text, WORDS_TO_AVOID)]
    assert found == []


@pytest.mark.parametrize(
    ("folder", "pattern"),
    (
        ("dashboard_api", "templates/**/*.html"),
        ("dashboard_api", "static/**/*.js"),
        *((folder, "**/*.py") for folder in PLAIN_FOLDERS),
    ),
)
def test_what_is_shown_is_in_plain_english(folder: str, pattern: str) -> None:
    paths = [path for path in sorted((ROOT / folder).glob(pattern)) if not MADE & set(path.parts)]
    assert paths
    found = []
    for path in paths:
        for text in shown_texts(path):
            said = re.sub(r"\s+", " ", text)
            words = words_to_avoid(said, SHOWN_WORDS_TO_AVOID)
            found += [f"{path.relative_to(ROOT)} {word}" for word in words]
    assert found == []


@pytest.mark.parametrize(
    ("name", "text"),
    (
        ("page.html", "<p>{# go on #}Nothing is\n moving by itself.</p>"),
        ("page.html", '<button aria-label="Go on">→</button>'),
        ("page.js", "say(`So it is with ${what}`); // go on"),
        ("page.js", 'line.textContent = "Line-up: ± not known";'),
        ("page.py", '"""Go on."""\nSAID = "None is on."'),
        ("page.py", 'SAID = f"The lesson {name} has not begun."'),
    ),
)
def test_odd_words_are_found_where_they_are_shown(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    said = [re.sub(r"\s+", " ", each) for each in shown_texts(path)]
    assert sum(len(words_to_avoid(each, SHOWN_WORDS_TO_AVOID)) for each in said) == 1


DOCUMENTS: Final = (
    *(ROOT / "docs" / f"{name}.md" for name in PLAIN_DOCUMENTS),
    *(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md")),
    *sorted(ROOT.glob("docs/decisions/*.md")),
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_the_document_is_in_plain_english(document: Path) -> None:
    found = []
    lines = document.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        prose = re.sub(r"`[^`]*`", "", line)
        found += [f"line {number} {word}" for word in words_to_avoid(prose, WORDS_TO_AVOID)]
    assert found == []


@pytest.mark.parametrize(
    ("text", "table"),
    (
        ("told_lesson", NAMES_TO_AVOID),
        ("_MOST_ROWS", NAMES_TO_AVOID),
        ("let_pass", NAMES_TO_AVOID),
        ("What the edge told.", WORDS_TO_AVOID),
        ("The labels are drawn anew.", WORDS_TO_AVOID),
        ("It lets the guard judge.", WORDS_TO_AVOID),
        ("the file lacks a column", WORDS_TO_AVOID),
        ("one of her lessons", WORDS_TO_AVOID),
    ),
)
def test_a_word_to_avoid_is_found(text: str, table: dict[str, str]) -> None:
    assert len(words_to_avoid(text, table)) == 1


@pytest.mark.parametrize("text", ("almost_", "outlet", "atmost", "_letters", "telltale", "teller"))
def test_other_words_are_not(text: str) -> None:
    assert words_to_avoid(text, NAMES_TO_AVOID) == []
