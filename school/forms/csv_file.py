"""A form out of a CSV file: a line for each item, as docs/forms.md describes."""

from __future__ import annotations

from typing import Final

from contract.errors import UsageError
from contract.files.csv_table import CsvRow, read_table
from school.csv_ids import CsvIds
from school.forms.records import KINDS, Form, Item, Kind, Level, Section
from school.forms.yaml_file import LENGTHS, MAX_LEVELS, parse_form, write_form
from school.ids import id_of

__all__ = ["form_of_csv"]

_NEEDED: Final = ("section", "item", "description", "kind")
_SAME_LENGTH: Final = {"section": "label", "item": "label"}
"""Column → the key of the YAML file that it becomes, where that is called otherwise."""
_LEVELS: Final = tuple(f"level_{number}" for number in range(1, MAX_LEVELS + 1))


def form_of_csv(text: str, *, file: str, name: str, version: str, source: str, about: str) -> Form:
    """The form in a CSV file's text; raises UsageError, which names the line."""
    sections: dict[str, list[Item]] = {}
    ids = CsvIds()
    for row in read_table(text, name=file, columns=_NEEDED, optional=("id", *_LEVELS)):
        item = _item(row, ids)
        sections.setdefault(row.values["section"], []).append(item)
    made = Form(
        id=id_of(name) or "form",
        name=name,
        version=version,
        source=source,
        about=about,
        sections=tuple(
            Section(id=id_of(label) or f"section-{number}", label=label, items=tuple(items))
            for number, (label, items) in enumerate(sections.items(), 1)
        ),
    )
    # The other checks are those of the file that is to be written.
    return parse_form(write_form(made), f"{file} as a form")


def _item(row: CsvRow, ids: CsvIds) -> Item:
    values = row.values
    for column in _NEEDED:
        if not values[column]:
            raise UsageError(f"{row.where}: {column} is empty.")
        _fits(row, column, values[column])
    name = ids.of(row, "item")
    kind = _kind(row)
    levels = tuple(
        _level(row, column, number)
        for number, column in enumerate(_LEVELS, 1)
        if values[column]
    )  # fmt: skip
    if (kind == "levels") != bool(levels) or len(levels) == 1:
        raise UsageError(
            f"{row.where}: an item of the kind levels has level_1, level_2 and so on, and an item "
            "of another kind has none."
        )
    names = [level.id for level in levels]
    for level in levels:
        if names.count(level.id) > 1:
            raise UsageError(f"{row.where}: two levels begin with {level.label}; each has its own.")
    return Item(
        id=name, label=values["item"], description=values["description"], kind=kind, levels=levels
    )


def _kind(row: CsvRow) -> Kind:
    for kind in KINDS:
        if kind == row.values["kind"].lower():
            return kind
    raise UsageError(f"{row.where}: kind is one of {', '.join(KINDS)}.")


def _level(row: CsvRow, column: str, number: int) -> Level:
    label, colon, description = row.values[column].partition(":")
    label, description = label.strip(), description.strip()
    if not (label and colon and description):
        raise UsageError(
            f"{row.where}: {column} is a word, a colon and what one sees, such as "
            '"Often: pupils answer each other".'
        )
    _fits(row, column, label, "label")
    _fits(row, column, description, "description")
    return Level(id=id_of(label) or f"level-{number}", label=label, description=description)


def _fits(row: CsvRow, column: str, text: str, key: str | None = None) -> None:
    most = LENGTHS[key or _SAME_LENGTH.get(column, column)]
    if len(text) > most:
        raise UsageError(f"{row.where}: {column} has {len(text)} characters, and {most} fit.")
