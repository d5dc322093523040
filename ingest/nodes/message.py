"""What ingest needs of a message that a node sent."""

from __future__ import annotations

from typing import Protocol

__all__ = ["NodeMessage"]


class NodeMessage(Protocol):
    """A received message, whoever received it."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def is_retained(self) -> bool: ...
