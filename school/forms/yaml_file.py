"""Forms as YAML: docs/forms.md describes the format. Every fault is one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from contract.files.text_file import read_text
from school.forms.records import KINDS, Form, Item, Kind, Level, Section
from school.strict_yaml import NodeReader, compose

__all__ = ["EXAMPLES", "LENGTHS", "MAX_LEVELS", "parse_form", "read_form", "write_form"]

EXAMPLES: Final[Mapping[str, Path]] = {
    path.stem: path for path in sorted((Path(__file__).parent / "examples").glob("*.yaml"))
}
"""The forms that come with the program, by their ids."""
MAX_SECTIONS: Final = 12
MAX_ITEMS: Final = 20
MIN_LEVELS: Final = 2
MAX_LEVELS: Final = 6
LENGTHS: Final = {
    "id": 60, "name": 60, "version": 20, "source": 200, "about": 400, "label": 80,
    "description": 400, "kind": 20,
}  # fmt: skip


def read_form(path: Path) -> Form:
    """The form in a file; raises UsageError."""
    return parse_form(read_text(path), str(path))


def parse_form(text: str, where: str) -> Form:
    """The form in a text; raises UsageError with a sentence that begins with `where`."""
    root = compose(text, where, "form", "docs/forms.md")
    return _Reader(where, LENGTHS).form(root)


def write_form(form: Form) -> str:
    """A form as YAML, which `parse_form` reads again."""
    fields = {
        "id": form.id, "name": form.name, "version": form.version, "source": form.source,
        "about": form.about,
        "sections": [
            {
                "id": section.id, "label": section.label,
                "items": [_item_fields(item) for item in section.items],
            }
            for section in form.sections
        ],
    }  # fmt: skip
    return yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=100)


def _item_fields(item: Item) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": item.id, "label": item.label, "description": item.description, "kind": item.kind,
    }  # fmt: skip
    if item.levels:
        fields["levels"] = [
            {"id": level.id, "label": level.label, "description": level.description}
            for level in item.levels
        ]
    return fields


class _Reader(NodeReader):
    """Turns nodes into a form in which no id stands for two things."""

    def form(self, root: yaml.Node) -> Form:
        fields = self.fields(
            root, "a form", ("id", "name", "version", "source", "about", "sections")
        )
        items: dict[str, int] = {}
        sections: dict[str, int] = {}
        return Form(
            id=self.id(fields["id"]),
            name=self.text(fields["name"], "name"),
            version=self.text(fields["version"], "version"),
            source=self.text(fields["source"], "source"),
            about=self.text(fields["about"], "about"),
            sections=tuple(
                self._section(node, sections, items)
                for node in self.items(fields["sections"], "sections", MAX_SECTIONS)
            ),
        )

    def _section(self, node: yaml.Node, ids: dict[str, int], items: dict[str, int]) -> Section:
        fields = self.fields(node, "a section", ("id", "label", "items"))
        return Section(
            id=self._new(fields["id"], ids, "section"),
            label=self.text(fields["label"], "label"),
            items=tuple(
                self._item(each, items) for each in self.items(fields["items"], "items", MAX_ITEMS)
            ),
        )

    def _item(self, node: yaml.Node, ids: dict[str, int]) -> Item:
        fields = self.fields(
            node, "an item", ("id", "label", "description", "kind"), optional=("levels",)
        )
        kind = self._kind(fields["kind"])
        levels = fields.get("levels")
        if kind == "levels" and levels is None:
            raise self.fault(node, "levels of an item of the kind levels is missing")
        if kind != "levels" and levels is not None:
            raise self.fault(levels, f"an item of the kind {kind} has no levels")
        found: dict[str, int] = {}
        return Item(
            id=self._new(fields["id"], ids, "item"),
            label=self.text(fields["label"], "label"),
            description=self.text(fields["description"], "description"),
            kind=kind,
            levels=()
            if levels is None
            else tuple(
                self._level(each, found)
                for each in self.items(levels, "levels", MAX_LEVELS, MIN_LEVELS)
            ),
        )

    def _level(self, node: yaml.Node, ids: dict[str, int]) -> Level:
        fields = self.fields(node, "a level", ("id", "label", "description"))
        return Level(
            id=self._new(fields["id"], ids, "level"),
            label=self.text(fields["label"], "label"),
            description=self.text(fields["description"], "description"),
        )

    def _kind(self, node: yaml.Node) -> Kind:
        text = self.text(node, "kind")
        for kind in KINDS:
            if kind == text:
                return kind
        raise self.fault(node, f"there is no kind {text}, only {', '.join(KINDS)}")

    def _new(self, node: yaml.Node, ids: dict[str, int], what: str) -> str:
        """An id that stands nowhere else; `ids` has the line of each one so far."""
        name = self.id(node)
        if name in ids:
            raise self.fault(node, f"the {what} in line {ids[name]} has the id {name} too")
        ids[name] = node.start_mark.line + 1
        return name
