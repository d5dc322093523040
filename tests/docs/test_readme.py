"""The documents' commands work, and their links lead somewhere.

A command stands in a block fenced as `console`, after `$ `. `make` targets are checked to exist:
CI itself runs `make test`, and that runs the demo. `roomtone` commands are checked against the
program's own help, every option of them, and are then run as they stand, in a folder of their
own, unless NOT_RUN says why they are not.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from roomtone.cli import COMMANDS

ROOT = Path(__file__).parents[2]
DEMO = (pytest.mark.slow, pytest.mark.programs)
DOCUMENTS = sorted((*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
WITH_COMMANDS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]

SETS_UP = ("cd ", "git clone ", "sudo apt", "cp ")
"""How these begin what is run before there is anything of ours to test."""

NOT_RUN = {
    r"roomtone demo(?!.*--check).*": "runs until Ctrl-C; tests/roomtone runs it",
    r"roomtone replay .*": "needs a recording that is not in the repository; tests/roomtone plays one",
    r"roomtone (edge|ingest|score|dashboard) .*--config.*": "runs until Ctrl-C; tests/roomtone does",
    r"roomtone simulate(?!.*--(help|example)).*": "runs until Ctrl-C; tests/simulators runs it",
    r"roomtone model (train|evaluate).*": "takes minutes; tests/models trains a smaller one",
    r"roomtone (lesson|aside) .*--config.*": "needs a school's data; tests/ingest runs it",
}
"""Commands that are only checked against the help: a pattern, and why that is enough."""


def commands() -> list[str]:
    found = []
    for document in WITH_COMMANDS:
        if not document.exists():
            continue  # test_readme_shows_the_two_commands speaks of that
        blocks = re.findall(
            r"^```console\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL
        )
        for block in blocks:
            joined = block.replace("\\\n", " ")
            found += [
                " ".join(line.split()) for line in re.findall(r"^\$ (.*)", joined, re.MULTILINE)
            ]
    return sorted({command.partition(" #")[0].strip() for command in found})


@cache
def help_of(subcommand: str, inner: str | None) -> str:
    words = [subcommand, *([inner] if inner else [])]
    asked = subprocess.run(
        (sys.executable, "-P", "-m", "roomtone", *words, "--help"),
        check=False,
        capture_output=True,
        text=True,
    )
    assert asked.returncode == 0, asked.stderr
    return asked.stdout


def test_readme_shows_the_two_commands() -> None:
    assert {"make demo", "make test"} <= set(commands())


def test_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text()
    assert not [name for name in COMMANDS if f"`roomtone {name}`" not in text]


@pytest.mark.parametrize(
    "command",
    [pytest.param(command, marks=DEMO if " demo " in command else ()) for command in commands()],
)
def test_command_works(command: str, tmp_path: Path) -> None:
    if command.startswith(SETS_UP):
        return
    words = shlex.split(command)
    if words[0] == "make":
        rehearsed = subprocess.run(
            ("make", "--dry-run", *words[1:]), cwd=ROOT, check=False, capture_output=True, text=True
        )
        assert rehearsed.returncode == 0, rehearsed.stderr
        return
    if words[0] == ".ci/run":
        return  # it runs this test
    assert Path(words[0]).name == "roomtone", f"no test knows what to do with `{command}`"
    _agrees_with_the_help(words)
    if any(re.fullmatch(pattern, " ".join(["roomtone", *words[1:]])) for pattern in NOT_RUN):
        return
    words[:1] = [sys.executable, "-P", "-m", "roomtone"]
    ran = subprocess.run(words, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def _agrees_with_the_help(words: list[str]) -> None:
    """Every option in a `roomtone` command is one that its help names."""
    plain = [word for word in words[1:3] if re.fullmatch(r"[a-z]+", word)]
    assert plain or words[1:] == ["--help"], words
    if not plain:
        return
    text = help_of(plain[0], None)
    if len(plain) > 1:
        text += help_of(plain[0], plain[1])
    for option in (word.partition("=")[0] for word in words if word.startswith("--")):
        assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text), option


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"!?\[[^\]]*\]\(([^)\s]+)[^)]*\)", text)
    targets += re.findall(
        r"""<(?:img|a|source)\b[^>]*?\b(?:src|href|srcset)=["']([^"']+)["']""", text
    )
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue  # another site
        path, _, anchor = target.partition("#")
        file = document if not path else document.parent / path
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            assert anchor in _anchors(file), target


def _anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as the usual sites make them."""
    headings = re.findall(r"^#+ +(.*)", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
