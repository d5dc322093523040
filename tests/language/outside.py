"""Finds what people read and no catalogue has: in templates, in scripts and in the server's code.

`python -m tests.language.outside [PATH...]` prints what it finds. It knows text by its looks, so it
finds most of it early; `tests/browser/test_languages.py` finds what is left on the pages themselves.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Final, get_args

from jinja2 import Environment

from school.sharing.policy import Action

ROOT: Final = Path(__file__).parents[2]
SHOWN_ATTRIBUTES: Final = ("alt", "aria-label", "aria-description", "placeholder", "title", "label")
_HOLE: Final = "\u2423"
"""Stands for what a template fills in."""
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_TEXT: Final = re.compile(
    r"[^\W\d_]{2,}[,;:.…)]? (?:\W* )?[^\W\d_]{2,}"  # two words
    r"|^[A-Z][a-z]+[.…:!?]?$"  # or one that begins a line
)
_SAME: Final = re.compile(r"\b(?:Roomtone|dB\(A\)|min|Alt|Ctrl|Esc)(?!\w)")
"""The same in every language."""
_ACTIONS: Final = frozenset(get_args(Action))
"""What the policy calls them."""
_CALLS: Final = {"_", "N_", "ngettext", "pgettext"}
_LITERAL: Final = re.compile(
    r"""//[^\n]*|/\*.*?\*/|(?P<literal>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)""",
    re.DOTALL,
)
"""A comment, or a literal of a script."""
_LOOKUP: Final = re.compile(
    r"""(?:\b(?:_|ngettext|pgettext|Error|querySelector|querySelectorAll|closest|matches)\(\s*"""
    r"""|\b(?:ngettext|pgettext)\(\s*"(?:[^"\\\n]|\\.)*",\s*|\bfrom )$"""
)
_MARKUP: Final = re.compile(r"^[\s.#\[]|[<>{}=;]|^[a-z-]+(\.[a-z-]+)+$|--|\.js|\]$|^\W*$|:not|:has")
_NOT_SHOWN_CALLS: Final = {
    "debug", "info", "warning", "error", "exception", "log", "compile", "Public", "add_parser",
    "add_argument", "ArgumentParser", "text", "ColumnDefault", "Path", "getenv", "Literal", "cast",
    "RuntimeError", "ValueError", "TypeError", "KeyError", "AssertionError", "NotImplementedError",
    "TypeVar", "ForeignKey", "CheckConstraint", "Gauge", "Counter", "Histogram",
}  # fmt: skip
"""What is said to who runs the program, or to it."""


_NOT_SHOWN_KEYWORDS: Final = {"description", "responses", "summary"}
"""Of the interface's description, which is for who writes programs."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A text that no catalogue has, and where it stands."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.text!r}"


def in_template(path: Path) -> Iterator[Outside]:
    """Text between tags, in the attributes that people read or hear, and in expressions."""
    lines, inside, in_words, called = [], False, False, ""
    before = ("", "")
    for line, kind, value in Environment(extensions=["jinja2.ext.i18n"]).lex(path.read_text()):
        if kind == "data":
            lines.append("".join(c if c == "\n" else "" for c in value) if in_words else value)
        elif kind in {"variable_end", "block_end"}:
            inside, called = False, ""
            lines.append(_HOLE)
        elif kind in {"variable_begin", "block_begin"}:
            inside = True
        elif inside and kind == "name" and before[0] == "block_begin":
            in_words = value == "trans" or (in_words and value != "endtrans")
            called = value if value in {"extends", "include", "from", "import", "trans"} else ""
        elif inside and kind == "string":
            words = value[1:-1]
            is_catalogued = before == ("operator", "(") and called in _CALLS
            if called in {"ngettext", "pgettext"} and before == ("operator", ","):
                is_catalogued = True
            if (
                not is_catalogued
                and called not in {"extends", "include", "from", "trans"}
                and _is_text(words)
            ):
                yield Outside(path, line, words)
        if kind == "operator" and value == "(" and before[0] == "name":
            called = before[1]
        elif kind == "operator" and value == ")":
            called = ""
        lines.append("\n" * (value.count("\n") if kind != "data" else 0))
        if kind != "whitespace":
            before = (kind, value)
    page = _Page()
    page.feed("".join(lines))
    for line, text in page.found:
        yield Outside(path, line, text)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in {"script", "style"}
        for name, value in attrs:
            is_label = tag == "input" and name == "value" and ("type", "submit") in attrs
            if (name in SHOWN_ATTRIBUTES or is_label) and value and _has_words(value):
                self.found.append((self.getpos()[0], f"{name}: {value}"))

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self._hidden and _has_words(data):
            self.found.append((self.getpos()[0], " ".join(data.split())))


def _has_words(text: str) -> bool:
    return bool(_WORD.search(_SAME.sub("", text)))


def in_script(path: Path) -> Iterator[Outside]:
    """String and template literals that look like text and are no argument of a lookup."""
    script = path.read_text()
    for found in _LITERAL.finditer(script):
        words = found["literal"]
        if words is None or _LOOKUP.search(script[: found.start()]):
            continue
        if _is_text(re.sub(r"\$\{[^}]*\}", _HOLE, words[1:-1])):
            yield Outside(path, script.count("\n", 0, found.start()) + 1, words[1:-1])


def in_module(path: Path) -> Iterator[Outside]:
    """String literals that look like text, are no argument of a lookup, and are shown to people."""
    tree = ast.parse(path.read_text())
    skip: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skip.add(id(node.value))  # a docstring
        elif isinstance(node, ast.Call):
            name = (
                node.func.attr
                if isinstance(node.func, ast.Attribute)
                else getattr(node.func, "id", "")
            )
            if name in _CALLS and any(isinstance(each, ast.JoinedStr) for each in node.args[:2]):
                # No catalogue can have it.
                yield Outside(path, node.lineno, ast.unparse(node))
            if name in _CALLS | _NOT_SHOWN_CALLS:
                skip.update(id(each) for each in ast.walk(node))
            for keyword in node.keywords:
                if keyword.arg in _NOT_SHOWN_KEYWORDS:
                    skip.update(id(each) for each in ast.walk(keyword.value))
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            skip.update(id(each) for each in ast.walk(node))
        elif isinstance(node, ast.AnnAssign):
            skip.update(id(each) for each in ast.walk(node.annotation))
        elif isinstance(node, ast.Assert | ast.Subscript):
            skip.update(id(each) for each in ast.walk(node))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in skip
            and _is_text(node.value)
        ):
            yield Outside(path, node.lineno, node.value)


def _is_text(words: str) -> bool:
    return words not in _ACTIONS and bool(_TEXT.search(words)) and not _MARKUP.search(words)


def outside(path: Path) -> list[Outside]:
    """What a file has."""
    find = {".html": in_template, ".js": in_script, ".py": in_module}[path.suffix]
    return sorted(find(path), key=lambda one: one.line)


def files(*places: str) -> Iterator[Path]:
    """The files below these places that may hold a text."""
    for place in places:
        top = ROOT / place
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.suffix in {".html", ".js", ".py"} and not {"bundled", "vendor"} & set(
                path.parts
            ):
                yield path


if __name__ == "__main__":
    total = 0
    for found in files(*(sys.argv[1:] or ["dashboard_api"])):
        for one in outside(found):
            total += 1
            print(one)
    print(total)
