"""One reader for the text files that people hand over: every usual encoding, or one sentence."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.errors import UsageError
from contract.files import text_file
from contract.files.csv_table import CsvRow, read_table
from contract.files.text_file import decode_text, read_text

TEXT = "room,teacher\r\nr1,Łukasz Müller\r\n"
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")


def table(text: str) -> list[CsvRow]:
    return read_table(text, name="t.csv", columns=("a", "b"), optional=None)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_editors_and_spreadsheets_write_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes(TEXT.encode(encoding))
    assert read_text(tmp_path / "a.csv") == TEXT


def test_utf16_of_the_other_byte_order_with_its_mark() -> None:
    assert decode_text(b"\xfe\xff" + TEXT.encode("utf-16-be"), "a") == TEXT


@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), min_size=1),
    encoding=st.sampled_from(("utf-8", "utf-8-sig", "utf-16")),
)
def test_any_text_comes_back(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    if not data.startswith(tuple(beginning for beginning, _ in text_file._KINDS)):
        assert decode_text(data, "a") == text


@given(data=st.binary(max_size=200))
@example(data=b"\xff\xfea")
@example(data=b"a\0")
def test_any_bytes_are_text_or_refused_in_a_sentence(data: bytes) -> None:
    said = ""
    try:
        assert "\0" not in decode_text(data, "the file")
    except UsageError as error:
        said = str(error)
    assert re.fullmatch(r"|the file [^\n]+; save it again as text in UTF-8\.", said)


@pytest.mark.parametrize(
    ("data", "says"),
    (
        (b"PK\x03\x04\x14\0", "is an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1", "is an old Excel workbook"),
        ("Müller".encode("latin-1"), r"is not UTF-8 text \(byte 1\)"),
        ("room".encode("utf-32"), "is text in UTF-32"),
        (b"room\0r1", "holds NUL characters"),
        (b"\xff\xfe", "holds a byte order mark and no text"),
        (b"\xff\xfer\0o", r"is not UTF-16 text"),
    ),
)
def test_what_is_no_text_is_named(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(UsageError, match=rf"a\.csv {says}.*save it again as text in UTF-8\.$"):
        read_text(tmp_path / "a.csv")


def test_what_is_no_file_is_refused_and_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "locked").write_text("")
    (tmp_path / "locked").chmod(0)
    (tmp_path / "large").write_text("12345")
    monkeypatch.setattr(text_file, "MAX_TEXT_BYTES", 4)
    for path, says in (
        (tmp_path / "none", "There is no file"),
        (tmp_path, "is a directory"),
        (tmp_path / "pipe", "is a pipe or a device"),
        (Path("/dev/zero"), "is a pipe or a device"),
        (tmp_path / "a\0b", "can't be read"),
        (tmp_path / "large" / "x", "can't be read"),
        (tmp_path / "large", "is larger than"),
    ):
        with pytest.raises(UsageError, match=says):
            read_text(path)
    if os.geteuid():
        with pytest.raises(UsageError, match="can't be read"):
            read_text(tmp_path / "locked")


@pytest.mark.parametrize(
    "text",
    (
        "a,b,note\n1,2,x\n\n3,4,y\n",
        "A ; B\r\n1;2\r\n;\r\n3;4\r\n",
        "sep=;\r\na;b;;\r\n1;2;;\r\n3;4;;\r\n",
        "sep=,\na,b\n1,2\n3,4",
        '"sep=;";;\na;b;\n1;2;\n3;4;\n',
        "\ufeffa\tb\n1\t2\n3\t4\n",
        'a,b\n"1",2\n3,"4"\n',
    ),
)
def test_rows_of_any_spreadsheet(text: str) -> None:
    assert [(row.values["a"], row.values["b"]) for row in table(text)] == [
        ("1", "2"),
        ("3", "4"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    (
        ("", "t.csv: the first line has no a, b"),
        ("a,c\n", "t.csv: the first line has no b"),
        ("a,b,a\n", "has more than one a"),
        ("sep=;\na;b\n1;2;3\n", "t.csv, line 3: more values than columns"),
        ("a,b\n1," + "x" * 200_000 + "\n", "line 2: not CSV"),
    ),
)
def test_rows_that_do_not_fit_are_named(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        table(text)


@given(text=st.text())
def test_any_text_is_rows_or_a_sentence(text: str) -> None:
    said = ""
    try:
        for row in table("a;b\n" + text):
            assert set(row.values) == {"a", "b"}
    except UsageError as error:
        said = str(error)
    assert "\n" not in said
