"""The questions: those of a district's YAML file, or those that come with the program."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml

from contract.files.text_file import read_text
from contract.language import N_
from school.pulse.records import KINDS, Kind, Question
from school.strict_yaml import NodeReader, compose

__all__ = [
    "DEFAULT",
    "MAX_STEPS",
    "MIN_STEPS",
    "parse_questions",
    "read_questions",
    "write_questions",
]

MIN_STEPS: Final = 3
MAX_STEPS: Final = 5
LENGTHS: Final = {"id": 60, "text": 160, "steps": 40, "good": 2}

DEFAULT: Final = (
    Question(
        id="worth-its-time", kind="debrief", text=N_("Was this talk worth its time?"),
        steps=(N_("not at all"), N_("a little"), N_("in part"), N_("mostly"), N_("fully")), good=2,
    ),
    Question(
        id="could-use", kind="week",
        text=N_("In the last seven days, did coaching give you something that you could use?"),
        steps=(N_("no"), N_("a little"), N_("yes")), good=1,
    ),
)  # fmt: skip
"""In the reader's language; a district's own are shown as it wrote them."""


def read_questions(path: Path | None) -> tuple[Question, ...]:
    """The questions in a file, or those that come with the program; raises UsageError."""
    return DEFAULT if path is None else parse_questions(read_text(path), str(path))


def parse_questions(text: str, where: str) -> tuple[Question, ...]:
    """At most one of each kind; raises UsageError with a sentence that begins with `where`."""
    return _Reader(where, LENGTHS).questions(
        compose(text, where, "file of questions", "docs/pulse.md")
    )


def write_questions(questions: tuple[Question, ...]) -> str:
    """As YAML, which `parse_questions` reads again."""
    fields = {
        each.kind: {"id": each.id, "text": each.text, "steps": list(each.steps), "good": each.good}
        for each in questions
    }
    return yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=100)


class _Reader(NodeReader):
    def questions(self, root: yaml.Node) -> tuple[Question, ...]:
        fields = self.fields(root, "a file of questions", (), optional=KINDS)
        if not fields:
            raise self.fault(root, f"there is no question here; {' and '.join(KINDS)} can be asked")
        found = tuple(self._question(kind, fields[kind]) for kind in KINDS if kind in fields)
        if len({each.id for each in found}) < len(found):
            raise self.fault(root, f"both questions have the id {found[0].id}")
        return found

    def _question(self, kind: Kind, node: yaml.Node) -> Question:
        fields = self.fields(
            node, f"the question {kind}", ("id", "text", "steps"), optional=("good",)
        )
        steps = tuple(
            self.text(each, "steps")
            for each in self.items(fields["steps"], "steps", MAX_STEPS, MIN_STEPS)
        )
        if len(set(steps)) < len(steps):
            raise self.fault(fields["steps"], "two steps have the same words")
        return Question(
            id=self.id(fields["id"]), kind=kind, text=self.text(fields["text"], "text"), steps=steps,
            good=self._good(fields["good"], len(steps)) if "good" in fields else (len(steps) - 1) // 2,
        )  # fmt: skip

    def _good(self, node: yaml.Node, steps: int) -> int:
        text = self.text(node, "good")
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) < steps:
            raise self.fault(
                node, f"good is how many of the last steps are counted together: 1 to {steps - 1}"
            )
        return int(text)
