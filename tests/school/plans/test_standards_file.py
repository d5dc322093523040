"""Standards from CASE packages and CSV files, and the command that takes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract.errors import UsageError
from roomtone.cli import main
from school.plans.records import Standard
from school.plans.standards_file import read_standards


def item(code: str | None, words: str = "Add fractions", **more: Any) -> dict[str, Any]:
    """As the CASE interface answers it, with a part of its other fields."""
    return {
        "identifier": f"id-of-{code}", "uri": f"https://case.example/{code}", "fullStatement": words,
        "CFItemType": "Standard", "educationLevel": ["05"],
        **({} if code is None else {"humanCodingScheme": code}), **more,
    }  # fmt: skip


def package(*items: Any, title: Any = "Mathematics") -> str:
    document = {"identifier": "d", "title": title, "creator": "A state"}
    return json.dumps({"CFDocument": document, "CFItems": list(items), "CFAssociations": []})


def test_a_case_package_gives_the_items_with_codes() -> None:
    text = package(
        item(None, "Grade 5"), item("5.NF.A.1", "Add\n fractions"), item("5.NF.A.2", "Solve")
    )
    assert read_standards(text, "case.json", None) == [
        Standard(framework="Mathematics", code="5.NF.A.1", words="Add fractions"),
        Standard(framework="Mathematics", code="5.NF.A.2", words="Solve"),
    ]


def test_the_same_item_twice_is_one_standard() -> None:
    assert len(read_standards(package(item("A.1"), item("A.1")), "case.json", None)) == 1


def test_csv_needs_the_name_of_its_framework() -> None:
    text = "code,words,grade\n5.NF.A.1,Add fractions,5\n"
    assert read_standards(text, "s.csv", "Mine") == [
        Standard(framework="Mine", code="5.NF.A.1", words="Add fractions")
    ]
    with pytest.raises(UsageError, match="names no framework; give one with --framework"):
        read_standards(text, "s.csv", None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    (
        ('{"CFDocument": {},\n "CFItems": [', "^f, line 2: not JSON"),
        ("[" * 100_000, "^f.*: not JSON"),
        ("[]", "^f is no CASE package"),
        ('{"CFDocument": [], "CFItems": []}', "^f is no CASE package"),
        (package(item("A.1"), title=7), "^f: CFDocument has no title"),
        (package(), "^f has no standard with a code"),
        (package(item("A.1"), 7), "^f, CFItems 2 is no object"),
        (package(item("A.1", "")), "^f, CFItems 1 has no fullStatement"),
        (package(item("A.1", humanCodingScheme=7)), "^f, CFItems 1: humanCodingScheme is no text"),
        (
            package(item("A.1"), item("a.1", "Other")),
            "^f, CFItems 2: there is another standard a.1",
        ),
        (package(item("A,1")), "^f, CFItems 1: a code has none of"),
        (package(item("A" * 81)), "^f, CFItems 1: a code has 1 to 80 characters"),
        (package(item("A.1", "x" * 4001)), "^f, CFItems 1: the words have 1 to 4000 characters"),
        (package(item("A.1", "Add\x00")), "^f, CFItems 1: the words have a character that is not"),
        (
            package(item("A.1", "Add\ud800")),
            "^f, CFItems 1: the words have a character that is not",
        ),
        (package(item("A.1"), title="F\x00"), "^f: the framework's name has a character that is"),
        ("code,words\nA.1,\n", "^f, line 2: the words have 1"),
        ("code,words\n,Add\n", "^f, line 2: a code has 1"),
        ("code\nA.1\n", "^f: the first line has no words"),
    ),
)
def test_what_is_wrong_is_a_sentence_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        read_standards(text, "f", "F" if text.startswith("code") else None)


def test_the_command_imports_lists_searches_and_removes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, file = tmp_path / "server.toml", tmp_path / "case.json"
    config.write_text(f'site = "school"\ndata_dir = "{tmp_path / "data"}"\n')

    def said(*args: str) -> tuple[int, str]:
        done = main(["standards", args[0], "--config", str(config), *args[1:]])
        output = capsys.readouterr()
        return done, output.out + output.err

    file.write_text(package(item("A.1"), item("A.2", "Solve word problems")))
    assert said("import", str(file)) == (0, "Mathematics: 2 standards.\n")
    assert said("list", "word", "a.") == (0, "A.2  Solve word problems  (Mathematics)\n")
    # A newer edition takes the place of the one before, and a broken one changes nothing.
    file.write_text(package(item("A.1"), item("A.3", "")))
    assert said("import", str(file))[0] == 2
    assert said("list")[1] == "Mathematics: 2 standards\n"
    file.write_text(package(item("A.3")))
    assert said("import", str(file))[1] == "Mathematics: 1 standard, in the place of 2.\n"
    assert said("list", "a")[1] == "A.3  Add fractions  (Mathematics)\n"
    assert said("remove", "History") == (
        2, "roomtone: there is no framework History; `roomtone standards list` shows all.\n",
    )  # fmt: skip
    assert said("remove", "Mathematics")[0] == 0
    assert said("list") == (0, "")
