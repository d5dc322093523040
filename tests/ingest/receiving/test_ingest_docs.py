"""docs/ingest.md and docs/lessons.md say what the program does."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from zoneinfo import ZoneInfo

from contract.lesson import ACTIVITIES
from ingest.settings import IngestSettings, ScoreSettings
from school.commands.timetable import add_import_options
from school.timetable import csv_file
from school.timetable.csv_file import read_csv

DOCS = Path(__file__).parents[3] / "docs"
TABLES = {"ingest": IngestSettings(), "score": ScoreSettings()}


def test_the_limits_are_the_defaults() -> None:
    text = (DOCS / "ingest.md").read_text()
    named = re.findall(r"`(ingest|score)\.(\w+)` (\d+)\s*\|", text)
    assert len(named) >= 7
    for table, key, value in named:
        assert getattr(TABLES[table], key) == float(value), f"{table}.{key}"


def test_every_setting_that_is_named_exists() -> None:
    text = (DOCS / "ingest.md").read_text()
    for table, key in re.findall(r"`(ingest|score)\.(\w+)`", text):
        assert key in type(TABLES[table]).model_fields
    for key, value in re.findall(r"`(\w+)` \(([\d,]+)(?: ms)?\)", text):
        assert getattr(TABLES["ingest"], key) == int(value.replace(",", ""))


def test_the_example_timetable_is_read() -> None:
    text = (DOCS / "lessons.md").read_text()
    example = re.search(r"```\n(room,.*?)```", text, re.DOTALL)
    assert example is not None
    entries = read_csv(example[1], name="example", zone=ZoneInfo("Europe/Berlin")).entries
    assert len(entries) == 12 + 1
    assert entries[0].lesson.activities


def test_columns_and_activities_are_the_programs() -> None:
    text = (DOCS / "lessons.md").read_text()
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", text, re.MULTILINE)
    columns = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert columns == {*csv_file._COLUMNS, *csv_file._OPTIONAL}
    for name in ACTIVITIES:
        assert f"`{name}`" in text


def test_every_option_of_an_import_is_explained() -> None:
    text = (DOCS / "lessons.md").read_text()
    parser = argparse.ArgumentParser(add_help=False)
    add_import_options(parser, int)
    for option in re.findall(r"--[a-z-]+", parser.format_help()):
        assert re.search(rf"`{option}\b", text), option
