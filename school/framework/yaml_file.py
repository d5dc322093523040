"""Frameworks as YAML: docs/frameworks.md describes the format. Every fault is one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from contract.errors import UsageError
from contract.files.text_file import read_text
from school.framework.records import Framework, Tag, TagGroup
from school.strict_yaml import NodeReader, compose

__all__ = [
    "DEFAULT",
    "EXAMPLES",
    "MAX_LABEL",
    "checked_framework",
    "parse_framework",
    "read_framework",
    "write_framework",
]

EXAMPLES: Final[Mapping[str, Path]] = {
    path.stem: path for path in sorted((Path(__file__).parent / "examples").glob("*.yaml"))
}
"""The frameworks that come with the program, by their ids."""
DEFAULT: Final = EXAMPLES["classroom-talk"]
MAX_GROUPS: Final = 12
MAX_TAGS: Final = 20
MAX_LABEL: Final = 40
_LENGTHS: Final = {
    "id": 60, "name": 60, "version": 20, "source": 200, "label": MAX_LABEL, "description": 160,
}  # fmt: skip


def read_framework(path: Path) -> Framework:
    """The framework in a file; raises UsageError."""
    return parse_framework(read_text(path), str(path))


def parse_framework(text: str, where: str) -> Framework:
    """The framework in a text; raises UsageError with a sentence that begins with `where`."""
    root = compose(text, where, "framework", "docs/frameworks.md")
    return checked_framework(_Reader(where, _LENGTHS).framework(root), where)


def checked_framework(framework: Framework, where: str) -> Framework:
    """The same, if no id stands for two things and no two tags of a group read alike."""
    seen: set[str] = set()
    for group in framework.groups:
        labels: set[str] = set()
        for tag in group.tags:
            if tag.id in seen:
                raise UsageError(
                    f"{where}: two tags have the id {tag.id}; each needs one of its own."
                )
            if tag.label.casefold() in labels:
                raise UsageError(f"{where}: the group {group.label} has the tag {tag.label} twice.")
            seen.add(tag.id)
            labels.add(tag.label.casefold())
    twice = [group.id for group in framework.groups]
    for name in twice:
        if twice.count(name) > 1:
            raise UsageError(f"{where}: two groups have the id {name}; each needs one of its own.")
    return framework


def write_framework(framework: Framework) -> str:
    """A framework as YAML, which `parse_framework` reads again."""
    fields = {
        "id": framework.id, "name": framework.name, "version": framework.version,
        "source": framework.source,
        "groups": [
            {
                "id": group.id, "label": group.label,
                "tags": [
                    {"id": tag.id, "label": tag.label, "description": tag.description}
                    for tag in group.tags
                ],
            }
            for group in framework.groups
        ],
    }  # fmt: skip
    return yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=100)


class _Reader(NodeReader):
    """Turns nodes into a framework."""

    def framework(self, root: yaml.Node) -> Framework:
        fields = self.fields(root, "a framework", ("id", "name", "version", "source", "groups"))
        return Framework(
            id=self.id(fields["id"]),
            name=self.text(fields["name"], "name"),
            version=self.text(fields["version"], "version"),
            source=self.text(fields["source"], "source"),
            groups=tuple(
                self._group(node) for node in self.items(fields["groups"], "groups", MAX_GROUPS)
            ),
        )

    def _group(self, node: yaml.Node) -> TagGroup:
        fields = self.fields(node, "a group", ("id", "label", "tags"))
        return TagGroup(
            id=self.id(fields["id"]),
            label=self.text(fields["label"], "label"),
            tags=tuple(self._tag(each) for each in self.items(fields["tags"], "tags", MAX_TAGS)),
        )

    def _tag(self, node: yaml.Node) -> Tag:
        fields = self.fields(node, "a tag", ("id", "label", "description"))
        return Tag(
            id=self.id(fields["id"]),
            label=self.text(fields["label"], "label"),
            description=self.text(fields["description"], "description"),
        )
