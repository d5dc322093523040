"""What a doctor, of a node or of a server, reports about one thing that it checked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final, Literal, TextIO

from contract.one_line import one_line

__all__ = ["Finding", "State", "report"]

State = Literal["fine", "note", "wrong"]

_WORDS: Final = {"fine": "ok", "note": "NOTE", "wrong": "WRONG"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was checked, its state, and what to do about it; no advice if it is fine."""

    about: str
    state: State
    said: str
    advice: str = ""

    @property
    def line(self) -> str:
        """What a person reads: one line, and a second one with the advice."""
        said = one_line(f"{self.about}: {self.said}")
        advice = f"\n       → {one_line(self.advice)}" if self.advice else ""
        return f"{_WORDS[self.state]:<6} {said}{advice}\n"


def report(findings: Iterable[Finding], out: TextIO, *, as_json: bool) -> int:
    """Write a line for each finding as it comes, or one JSON object; returns 1 if one is wrong."""
    found = []
    for finding in findings:
        found.append(finding)
        if not as_json:
            out.write(finding.line)
            out.flush()
    is_wrong = any(finding.state == "wrong" for finding in found)
    if as_json:
        answer = {"is_well": not is_wrong, "findings": [asdict(finding) for finding in found]}
        out.write(json.dumps(answer) + "\n")
    return int(is_wrong)
