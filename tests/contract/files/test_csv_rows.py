"""CSV that we write: whatever a spreadsheet splits it at, nobody's words become a formula."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.files.csv_rows import cell_text, csv_text, write_rows

ROOT = Path(__file__).parents[3]
FORMULA = "=+-@＝＋－＠"
CELLS = st.text(alphabet=st.sampled_from([*FORMULA, *";,|\t\r\n\"' \xa0", "a", "1", "é"]))


@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=4))
@example([["x", "warm;=1+1"], ["x", 'a\n"=1']])
@example([['a";=1']])
def test_no_cell_begins_a_formula_however_it_is_split(rows: list[list[str]]) -> None:
    text = csv_text(rows).removeprefix("\ufeff")
    for separator in ",;\t|":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            for cell in row:
                assert not cell.strip().lstrip('" \t').startswith(tuple(FORMULA)), (separator, row)


@given(st.lists(st.lists(st.text(alphabet="abc é,\"'.;"), min_size=2, max_size=4), min_size=1))
def test_other_words_stay_as_they_are(rows: list[list[str]]) -> None:
    text = csv_text(rows).removeprefix("\ufeff")
    assert list(csv.reader(io.StringIO(text, newline=""))) == rows


def test_nothing_but_marks_is_added() -> None:
    assert cell_text("=1+1") == "'=1+1"
    assert cell_text("a - b = c") == "a - b = c"
    assert cell_text("first\n- second; -3") == "first\n'- second;' -3"


def test_numbers_stay_numbers_and_nothing_is_empty() -> None:
    assert csv_text([("a", -1.5, 2, None)]) == "\ufeffa,-1.5,2,\r\n"
    file = io.StringIO(newline="")
    write_rows(file, [("=a",)])
    assert file.getvalue() == "'=a\r\n"


@pytest.mark.parametrize("folder", ("contract", "dashboard_api", "edge_agent", "ingest", "models",
                                    "roomtone", "school", "simulators"))  # fmt: skip
def test_nothing_else_writes_csv(folder: str) -> None:
    writing = {
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"csv\.(writer|DictWriter)\b|import .*\bDictWriter\b|\bto_csv\(",
                     path.read_text(encoding="utf-8"))
    }  # fmt: skip
    assert writing <= {"contract/files/csv_rows.py"}
