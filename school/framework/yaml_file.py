"""Frameworks as YAML: docs/frameworks.md describes the format. Every fault is one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

import yaml

from contract.errors import UsageError, shortened
from contract.files.text_file import read_text
from school.framework.records import Framework, Tag, TagGroup

__all__ = [
    "DEFAULT",
    "EXAMPLES",
    "ID",
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
MAX_BYTES: Final = 200_000
MAX_GROUPS: Final = 12
MAX_TAGS: Final = 20
MAX_LABEL: Final = 40
_LENGTHS: Final = {
    "id": 60, "name": 60, "version": 20, "source": 200, "label": MAX_LABEL, "description": 160,
}  # fmt: skip
ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


def read_framework(path: Path) -> Framework:
    """The framework in a file; raises UsageError."""
    return parse_framework(read_text(path), str(path))


def parse_framework(text: str, where: str) -> Framework:
    """The framework in a text; raises UsageError with a sentence that begins with `where`."""
    if len(text.encode()) > MAX_BYTES:
        raise UsageError(f"{where} has more than {MAX_BYTES // 1000} kB, which no framework needs.")
    try:
        # An alias could make a short file endless.
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise _fault(
                    where, event.start_mark, "anchors and aliases (& and *) are not used here"
                )
        root = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = shortened(str(getattr(error, "problem", None) or "it can't be read"), 120)
        raise _fault(where, mark, f"this is no valid YAML ({why})") from error
    except RecursionError as error:
        raise UsageError(f"{where} is nested too deeply; it is no framework.") from error
    if root is None:
        raise UsageError(f"{where} is empty; docs/frameworks.md has an example.")
    return checked_framework(_Reader(where).framework(root), where)


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


def _fault(where: str, mark: _Mark | None, what: str) -> UsageError:
    line = "" if mark is None else f", line {mark.line + 1}"
    return UsageError(f"{where}{line}: {what}.")


class _Mark(Protocol):
    line: int


class _Reader:
    """Turns nodes into a framework; it knows the line of everything that does not fit."""

    def __init__(self, where: str) -> None:
        self._where = where

    def framework(self, root: yaml.Node) -> Framework:
        fields = self._fields(root, "a framework", ("id", "name", "version", "source", "groups"))
        return Framework(
            id=self._id(fields["id"]),
            name=self._text(fields["name"], "name"),
            version=self._text(fields["version"], "version"),
            source=self._text(fields["source"], "source"),
            groups=tuple(
                self._group(node) for node in self._list(fields["groups"], "groups", MAX_GROUPS)
            ),
        )

    def _group(self, node: yaml.Node) -> TagGroup:
        fields = self._fields(node, "a group", ("id", "label", "tags"))
        return TagGroup(
            id=self._id(fields["id"]),
            label=self._text(fields["label"], "label"),
            tags=tuple(self._tag(each) for each in self._list(fields["tags"], "tags", MAX_TAGS)),
        )

    def _tag(self, node: yaml.Node) -> Tag:
        fields = self._fields(node, "a tag", ("id", "label", "description"))
        return Tag(
            id=self._id(fields["id"]),
            label=self._text(fields["label"], "label"),
            description=self._text(fields["description"], "description"),
        )

    def _fields(self, node: yaml.Node, what: str, names: tuple[str, ...]) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise self._fault(node, f"{what} has {', '.join(names)}; here is something else")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name not in names:
                raise self._fault(
                    key,
                    f"{what} has no {shortened(name, 40) or 'such key'}, only {', '.join(names)}",
                )
            if name in found:
                raise self._fault(key, f"{name} stands here twice")
            found[name] = value
        for name in names:
            if name not in found:
                raise self._fault(node, f"{name} of {what} is missing")
        return found

    def _list(self, node: yaml.Node, name: str, most: int) -> Iterator[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode) or not 1 <= len(node.value) <= most:
            raise self._fault(node, f"{name} is a list of 1 to {most}")
        yield from node.value

    def _id(self, node: yaml.Node) -> str:
        text = self._text(node, "id")
        if ID.fullmatch(text) is None:
            raise self._fault(
                node, f"the id {text} has other characters than a-z, 0-9 and hyphens between them"
            )
        return text

    def _text(self, node: yaml.Node, name: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._fault(node, f"{name} is a text")
        text = " ".join(node.value.split())
        if not text or not text.isprintable():
            raise self._fault(node, f"{name} is empty or has characters that can't be shown")
        if len(text) > _LENGTHS[name]:
            raise self._fault(node, f"{name} has {len(text)} characters, and {_LENGTHS[name]} fit")
        return text

    def _fault(self, node: yaml.Node, what: str) -> UsageError:
        return _fault(self._where, node.start_mark, what)
