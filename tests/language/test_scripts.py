"""`make catalogue` finds each text that a script looks up.

Babel's reader of JavaScript loses some: one in a template literal in another one, or in a value of another call.
"""

from __future__ import annotations

import ast
import re
import runpy
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract

from dashboard_api.web.rendering import STATIC

CATALOGUE = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "catalogue.py"))

WORDS = r'"(?:[^"\\\n]|\\.)*"'
LOOKED_UP = re.compile(
    rf"\b(?P<call>_|ngettext|pgettext)\(\s*(?P<first>{WORDS}|[^)\s])(?:,\s*(?P<second>{WORDS}))?"
)
SCRIPTS = sorted(
    path for path in STATIC.rglob("*.js")
    if not {"bundled", "vendor"} & set(path.parts) and path != STATIC / "shared" / "words.js"
)  # fmt: skip


def looked_up(script: str) -> set[tuple[str | None, str]]:
    """The context and the message of each call in a script."""
    found: set[tuple[str | None, str]] = set()
    for call in LOOKED_UP.finditer(script):
        first, second = (
            ast.literal_eval(words) if words and words.startswith('"') else None
            for words in call.group("first", "second")
        )
        assert first is not None, f"{call[0]}: only a literal is found for the catalogue"
        if call["call"] == "pgettext":
            assert second is not None, f"{call[0]}: only a literal is found for the catalogue"
            found.add((first, second))
        else:
            found.add((None, first))
    return found


def test_each_call_is_found():
    script = (
        """_("One"); ngettext("{n} day", "{n} days", 2); pgettext("a time", "to", {}); so_("no")"""
    )
    assert looked_up(script) == {(None, "One"), (None, "{n} day"), ("a time", "to")}
    with pytest.raises(AssertionError, match="literal"):
        looked_up("_(`One ${two}`)")
    with pytest.raises(AssertionError, match="literal"):
        looked_up('pgettext("a time", to)')


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_the_catalogue_finds_each_text_of_a_script(path: Path):
    script = path.read_bytes()
    found = {
        (context, message if isinstance(message, str) else message[0])
        for _line, message, _comments, context in extract(
            "javascript", BytesIO(script), CATALOGUE["KEYWORDS"], (), CATALOGUE["OPTIONS"][".js"]
        )
    }
    assert looked_up(script.decode()) <= found
