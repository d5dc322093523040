"""The parts of a node's message that ingest needs."""

from __future__ import annotations

from typing import Protocol

__all__ = ["NodeMessage"]


class NodeMessage(Protocol):
    """A message from a node, received by any client."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def is_retained(self) -> bool: ...
