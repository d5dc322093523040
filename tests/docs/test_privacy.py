"""docs/privacy.md: each claim names a test that there is, and its figures are the program's."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from ingest.backup import copy
from ingest.settings import RetentionSettings
from school.schema import METADATA

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
IN_WORDS = {"## What we can't protect against": "says what no test can hold"}
"""Sections without claims."""


@cache
def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def rows() -> list[list[str]]:
    found = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in TEXT.splitlines()
        if line.startswith("| ")
    ]
    return [row for row in found if row[-1] != "held by"]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_each_claim_is_held_by_a_test(row: list[str]) -> None:
    assert TEST.fullmatch(row[-1]), f"{row[0]}: its last cell names no test"


def test_each_test_that_is_named_exists() -> None:
    named = TEST.findall(TEXT)
    assert len(named) >= 40
    assert [each for each in named if each[1] not in names_in(each[0])] == []
    assert all(each[1].startswith("test_") for each in named)


def test_each_section_has_a_claim_with_its_test() -> None:
    for section in re.split(r"^(?=## )", TEXT, flags=re.MULTILINE)[1:]:
        title = section.splitlines()[0]
        assert (title in IN_WORDS) != bool(TEST.search(section)), title


def test_the_days_are_the_defaults() -> None:
    said = {row[2].strip("`"): int(row[3]) for row in rows() if len(row) == 5}
    assert said == RetentionSettings().model_dump()


def test_every_database_is_named() -> None:
    for name in copy._DATABASES:
        assert f"`{name}`" in TEXT


def test_there_is_no_place_for_a_pupil() -> None:
    names = [
        name
        for table in METADATA.tables.values()
        for name in (table.name, *(column.name for column in table.c))
    ]
    assert [name for name in names if re.search("pupil|student|child|learner", name)] == []
    assert {column.name for column in METADATA.tables["opted_out"].c} == {"room", "seat"}
