"""Who needs what of what people ask of kits: ingest passes it on, and reports the answers."""

from __future__ import annotations

from typing import Protocol

from school.control.records import KitRequest

__all__ = ["KitOrders"]


class KitOrders(Protocol):
    """What ingest reads, and the one thing that it writes."""

    def paused_lessons(self) -> dict[str, int]:
        """The lessons that are paused → since when."""

    def settings(self) -> dict[tuple[str, str], dict[str, float]]:
        """Room and node → what the kit is to have otherwise than in its own file."""

    def requests(self) -> list[KitRequest]:
        """The commands that no kit has answered."""

    def answer(self, request: str, *, is_done: bool, why: str) -> None:
        """A kit has answered a command; nothing happens if there is a later one."""
