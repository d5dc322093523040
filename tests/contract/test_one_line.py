"""What a stranger wrote is printed as one line that leaves the terminal alone."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.finding import Finding, report
from contract.one_line import OneLineFormatter, one_line, say

SPLITTING = "Maths\n7b\r\x1b[2Jx\u2028y\x85z\u202eabc\ud800"


@given(st.text(st.characters()))
def test_any_text_is_one_line_that_can_be_written(text: str) -> None:
    line = one_line(text)
    assert len(line) == len(text)
    assert len(line.splitlines()) <= 1
    assert all(each.isprintable() or each in "\u200c\u200d" for each in line)
    line.encode()


def test_what_people_write_stays() -> None:
    for text in ("Mathe 7b – Łukasz", "数学 7", "می‌خواهم", "👩‍🏫", "a  b"):
        assert one_line(text) == text
    assert one_line(SPLITTING) == "Maths 7b ?[2Jx y z?abc?"


def test_a_line_is_written_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    say(SPLITTING)
    assert capsys.readouterr().out == "Maths 7b ?[2Jx y z?abc?\n"


def test_a_finding_and_its_advice_are_a_line_each() -> None:
    finding = Finding(about="node\n1", state="wrong", said="b\x1b[31m", advice="c\nd")
    out = io.StringIO()
    report([finding], out, as_json=False)
    assert out.getvalue() == "WRONG  node 1: b?[31m\n       → c d\n"
    out = io.StringIO()
    report([finding], out, as_json=True)
    assert json.loads(out.getvalue())["findings"][0]["about"] == "node\n1"


def test_a_log_line_is_one_and_a_traceback_keeps_its_lines() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(OneLineFormatter("%(levelname)s %(message)s"))
    words = "the node said %s", "a\nERROR all is lost\x1b[2J"
    handler.emit(logging.LogRecord("n", logging.WARNING, "f", 1, words[0], (words[1],), None))
    assert out.getvalue() == "WARNING the node said a ERROR all is lost?[2J\n"
    fault = ValueError("b")
    info = (type(fault), fault, None)
    handler.emit(logging.LogRecord("n", logging.ERROR, "f", 1, "c\nd", (), info))
    assert out.getvalue().endswith("ERROR c d\nValueError: b\n")


def test_a_sentence_of_the_command_line_is_one_line() -> None:
    for arguments in (
        ("ingest", "--config", "no\nsuch\x1b[2J.toml"),
        ("lesson", "list", "--limit", "a\nb"),
        ("fly\x1b[2J",),
    ):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "roomtone", *arguments],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1, done.stderr
        assert "\x1b" not in done.stderr
