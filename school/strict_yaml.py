"""Reads YAML that a district writes: no key too many or too few, and each fault is one sentence.

A sentence names the file and the line. Tags, anchors and aliases of YAML make nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

import yaml

from contract.errors import UsageError, shortened

__all__ = ["ID", "NodeReader", "compose"]

MAX_BYTES: Final = 200_000
ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
"""What may stand in an id."""


class _Mark(Protocol):
    line: int


def compose(text: str, where: str, what: str, document: str) -> yaml.Node:
    """The root of a text, for a `NodeReader`; raises UsageError.

    `what` is what the file should be, such as "framework"; `document` describes it.
    """
    if len(text.encode()) > MAX_BYTES:
        raise UsageError(f"{where} has more than {MAX_BYTES // 1000} kB, which no {what} needs.")
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
        raise UsageError(f"{where} is nested too deeply; it is no {what}.") from error
    if root is None:
        raise UsageError(f"{where} is empty; {document} has an example.")
    return root


class NodeReader:
    """Turns nodes into values; it knows the line of everything that does not fit.

    `lengths` has the longest text of each key.
    """

    def __init__(self, where: str, lengths: Mapping[str, int]) -> None:
        self._where = where
        self._lengths = lengths

    def fields(
        self, node: yaml.Node, what: str, names: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> dict[str, yaml.Node]:
        """The nodes of a mapping by their keys."""
        known = (*names, *optional)
        if not isinstance(node, yaml.MappingNode):
            raise self.fault(node, f"{what} has {', '.join(names)}; here is something else")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name not in known:
                raise self.fault(
                    key,
                    f"{what} has no {shortened(name, 40) or 'such key'}, only {', '.join(known)}",
                )
            if name in found:
                raise self.fault(key, f"{name} stands here twice")
            found[name] = value
        for name in names:
            if name not in found:
                raise self.fault(node, f"{name} of {what} is missing")
        return found

    def items(self, node: yaml.Node, name: str, most: int, least: int = 1) -> Iterator[yaml.Node]:
        """The nodes of a list."""
        if not isinstance(node, yaml.SequenceNode) or not least <= len(node.value) <= most:
            raise self.fault(node, f"{name} is a list of {least} to {most}")
        yield from node.value

    def id(self, node: yaml.Node) -> str:
        """A text that may stand as an id."""
        text = self.text(node, "id")
        if ID.fullmatch(text) is None:
            raise self.fault(
                node, f"the id {text} has other characters than a-z, 0-9 and hyphens between them"
            )
        return text

    def text(self, node: yaml.Node, name: str) -> str:
        """A text on one line, as long as `name` may be."""
        if not isinstance(node, yaml.ScalarNode):
            raise self.fault(node, f"{name} is a text")
        text = " ".join(node.value.split())
        if not text or not text.isprintable():
            raise self.fault(node, f"{name} is empty or has characters that can't be shown")
        if len(text) > self._lengths[name]:
            raise self.fault(
                node, f"{name} has {len(text)} characters, and {self._lengths[name]} fit"
            )
        return text

    def fault(self, node: yaml.Node, what: str) -> UsageError:
        """The error to raise: `what` is wrong at a node."""
        return _fault(self._where, node.start_mark, what)


def _fault(where: str, mark: _Mark | None, what: str) -> UsageError:
    line = "" if mark is None else f", line {mark.line + 1}"
    return UsageError(f"{where}{line}: {what}.")
