"""How a doctor's findings are said: lines for a person, one object for a program."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

from contract.finding import Finding, report

FINE = Finding(about="clock", state="fine", said="it is synchronised")
NOTE = Finding(about="agent", state="note", said="it does not run", advice="start it")
WRONG = Finding(about="disk", state="wrong", said="is full", advice="make room")


def test_each_finding_is_a_line_and_what_to_do_stands_below_it() -> None:
    out = io.StringIO()
    assert report((FINE, NOTE, WRONG), out, as_json=False) == 1
    assert out.getvalue() == (
        "ok     clock: it is synchronised\n"
        "NOTE   agent: it does not run\n       → start it\n"
        "WRONG  disk: is full\n       → make room\n"
    )


def test_a_line_is_written_before_the_next_thing_is_looked_at() -> None:
    out = io.StringIO()

    def looked_at() -> Iterator[Finding]:
        yield FINE
        assert "clock" in out.getvalue()
        yield NOTE

    assert report(looked_at(), out, as_json=False) == 0


def test_a_program_gets_one_object() -> None:
    for found, is_well in (((FINE, NOTE), True), ((FINE, WRONG), False), ((), True)):
        out = io.StringIO()
        assert report(found, out, as_json=True) == int(not is_well)
        answer = json.loads(out.getvalue())
        assert answer["is_well"] is is_well
        assert [finding["about"] for finding in answer["findings"]] == [f.about for f in found]
        assert all(finding.keys() == {"about", "state", "said", "advice"}
                   for finding in answer["findings"])  # fmt: skip
