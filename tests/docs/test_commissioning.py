"""The commands of docs/commissioning.md are those that the command line takes, and that a test types."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from roomtone import cli
from roomtone.cli import COMMANDS, main
from tests.commissioning.from_nothing import TYPED

TEXT = (Path(__file__).parents[2] / "docs" / "commissioning.md").read_text()
BLOCKS = "".join(re.findall(r"^```.*?^```", TEXT, re.MULTILINE | re.DOTALL))
INLINE = re.findall(r"`(?:sudo )?roomtone ([^`]+)`", TEXT)
SHOWN = re.findall(r"^[a-z]*\$ (?:sudo )?roomtone (.*?)(?: *#.*)?$", BLOCKS, re.MULTILINE)
NOUNS = {"authority", "room remove", "server install"}
"""Commands that the text only names."""


@pytest.mark.parametrize("words", sorted({*INLINE, *SHOWN}))
def test_the_command_line_takes_it(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, *rest = shlex.split(words)
    if words in NOUNS or rest == ["--help"]:
        assert name in COMMANDS
        return
    monkeypatch.setattr(import_module(COMMANDS[name][0]), "run", lambda _: 0)
    monkeypatch.setattr(cli, "AS_OWNER", frozenset())
    assert main([name, *rest]) == 0


def test_the_transcript_shows_what_the_test_types() -> None:
    assert set(TYPED.values()) <= set(SHOWN)
