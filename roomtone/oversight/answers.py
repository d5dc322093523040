"""The answers to a standard's provisions and to laws, which stand in `answers/`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field

from roomtone.oversight.blocks import Block, Bullets, Document, Grid, Heading

__all__ = ["SHEETS", "Answer", "Given", "Sheet", "answers_document", "read_sheet"]

Given = Literal["yes", "partly", "no", "not applicable", "the school decides"]
SHEETS: Final = ("etsi-en-303-645", "law")
"""The files in `answers/`, without their ending."""
_FOLDER: Final = Path(__file__).parent / "answers"
Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Answer(_Part):
    """One provision, what it asks in our words, and the answer."""

    id: Text
    asks: Text
    answer: Given
    how: Text
    """What there is, or why not."""
    held_by: tuple[Annotated[str, Field(pattern=r"^tests/[\w/]+\.py::test_\w+$")], ...] = ()
    """Tests that fail if it is not true any more."""


class Sheet(_Part):
    """A file of answers."""

    title: Text
    about: Text
    notes: tuple[Text, ...]
    answers: tuple[Answer, ...]


def read_sheet(name: str) -> Sheet:
    """One of `SHEETS`."""
    text = (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    return Sheet.model_validate(yaml.safe_load(text))


def answers_document(name: str) -> Document:
    """A sheet as a document of the pack."""
    sheet = read_sheet(name)
    return Document(
        name=name, title=sheet.title, about=sheet.about, blocks=tuple(_blocks(name, sheet))
    )


def _blocks(name: str, sheet: Sheet) -> Iterator[Block]:
    yield Bullets(sheet.notes)
    yield Heading("The answers, counted")
    counts = Counter(each.answer for each in sheet.answers)
    yield Grid("", ("answer", "provisions"),
               tuple((given, str(counts[given])) for given in get_args(Given) if counts[given]))  # fmt: skip
    yield Heading("Each of them")
    yield Grid(
        name, ("number", "what is asked", "answer", "how, or why not", "held by the tests"),
        tuple(
            (each.id, each.asks, each.answer, each.how, ", ".join(each.held_by) or "none")
            for each in sheet.answers
        ),
    )  # fmt: skip
