"""Which connections may be open: pure bookkeeping, without sockets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

__all__ = ["Admission", "ConnectionGate"]

C = TypeVar("C", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Admission(Generic[C]):
    """What happens to a new connection."""

    full: Literal["", "all", "key"] = ""
    """Why it can't stay: no place is left at all, or for its key; empty if it can stay."""
    evicted: C | None = None
    """The connection to close for it."""


class ConnectionGate(Generic[C]):
    """Counts connections, also by key, and chooses one to close when there are too many.

    It only closes a connection that waits for its client, the longest waiting first. So a thousand
    idle connections can't block one with a request.
    """

    def __init__(self, *, max_total: int, max_per_key: int) -> None:
        self._max_total = max_total
        self._max_per_key = max_per_key
        self._keys: dict[C, str | None] = {}
        self._n: Counter[str] = Counter()
        self._waiting: dict[C, str | None] = {}
        """With their keys, the longest waiting first."""

    def __len__(self) -> int:
        return len(self._keys)

    def admit(self, connection: C, key: str | None) -> Admission[C]:
        """Count a new connection, which waits for its client, or refuse it.

        Without a key it counts in total alone.
        """
        evicted: C | None = None
        if key is not None and self._n[key] >= self._max_per_key:
            evicted = next((each for each, its in self._waiting.items() if its == key), None)
            if evicted is None:
                return Admission(full="key")
        elif len(self._keys) >= self._max_total:
            evicted = next(iter(self._waiting), None)
            if evicted is None:
                return Admission(full="all")
        if evicted is not None:
            self.leave(evicted)
        self._keys[connection] = key
        if key is not None:
            self._n[key] += 1
        self.wait(connection)
        return Admission(evicted=evicted)

    def wait(self, connection: C) -> None:
        """Note that it waits for its client; if it waited already, it keeps its turn."""
        if connection in self._keys:
            self._waiting.setdefault(connection, self._keys[connection])

    def work(self, connection: C) -> None:
        """Note that its client waits for us."""
        self._waiting.pop(connection, None)

    def leave(self, connection: C) -> None:
        """Note that it is closed; a second call changes nothing."""
        self.work(connection)
        key = self._keys.pop(connection, None)
        if key is not None:
            self._n[key] -= 1
            if not self._n[key]:
                del self._n[key]
