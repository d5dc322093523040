"""What waits to be sent to one page: the newest of each kind, so it never grows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

__all__ = ["Outgoing"]

_MAX_REASON: Final = 120
"""Bytes that the reason of a close may have, and some to spare."""


class Outgoing:
    """Each kind of message says how things are now, so a newer one stands for those before."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, Any]] = {}
        self._close: tuple[int, str] | None = None
        self._is_over = False
        self._event = asyncio.Event()

    def put(self, kind: str, **values: object) -> None:
        self._waiting.pop(kind, None)
        self._waiting[kind] = {"type": kind, **values}
        self._event.set()

    def changed(self, parts: Sequence[str]) -> None:
        """Say what has changed, with what the page has not heard yet."""
        if parts:
            known = self._waiting.get("changed", {}).get("parts", [])
            self.put("changed", parts=sorted({*known, *parts}))

    def close(self, code: int, sentence: str) -> None:
        """Send nothing more that waits, then close with this code; the first one counts."""
        if self._close is None:
            self._waiting.clear()
            self._close = code, sentence.encode()[:_MAX_REASON].decode(errors="ignore")
        self._event.set()

    def end(self) -> None:
        """Nobody is there to send to."""
        self._is_over = True
        self._event.set()

    async def next(self) -> tuple[list[dict[str, Any]], tuple[int, str] | None]:
        """What is to be sent, and with what to close then; nothing at all means: end."""
        while not (self._waiting or self._close or self._is_over):
            self._event.clear()
            await self._event.wait()
        if self._is_over:
            return [], None
        found, self._waiting = list(self._waiting.values()), {}
        return found, self._close
