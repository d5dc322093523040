"""What is kept aside, counted: so that bad messages can't fill the disk, nor one node all the room.

Counts messages and bytes, in all and for each node, and knows the last few thousand by their
digest: what a broker retains comes again with each connection and is kept once.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from typing import Final, Literal

from contract.wire.payload import Batch, decode, encode
from contract.wire.suspects import digest_of
from ingest.stores.records import Aside

__all__ = ["DEADLY", "AsideBook", "Fate", "node_of"]

DEADLY: Final = "ingest ended while it read this message"
Fate = Literal["kept", "repeated", "refused"]
_NODE_SHARE: Final = 10
"""One node may take a tenth of what may be kept aside."""
_FEW: Final = 100
"""… and as few messages as this in any case."""
_ROW_BYTES: Final = 256
"""What a message costs beside its topic and payload: its reason, its row, its place here."""
_MAX_REMEMBERED: Final = 4_096


def node_of(topic: str) -> str:
    """The node that a topic names in its place, or nothing; the broker's ACL holds it to that."""
    parts = topic.split("/", 5)
    return parts[4] if len(parts) > 5 and len(parts[4]) <= 32 else ""


class AsideBook:
    """Says of each bad message whether it is kept. One thread only.

    `every` yields what the store keeps aside, the oldest first; it is read when it is needed.
    """

    def __init__(
        self, *, every: Callable[[], Iterator[Aside]], max_messages: int, max_bytes: int
    ) -> None:
        self._every = every
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._is_read = False
        self._start_again()

    def _start_again(self) -> None:
        self.messages = self.size = 0
        """How many messages are kept aside, and how many bytes they take, as far as it was asked."""
        self._messages_of: Counter[str] = Counter()
        self._bytes_of: Counter[str] = Counter()
        self._digests: OrderedDict[bytes, None] = OrderedDict()
        self._pending: list[tuple[str, int, bytes]] = []
        self._deadly: set[bytes] = set()

    def is_deadly(self, topic: str, payload: bytes) -> bool:
        """Whether this message is aside because the program ended while it read it."""
        self._read()
        return bool(self._deadly) and digest_of(topic, payload) in self._deadly

    def forget(self) -> None:
        """Messages were taken out: count again, and accept them again."""
        self._is_read = False

    def admit(self, topic: str, payload: bytes) -> Fate:
        """What is to become of a bad message; `settle` or `undo` follows for all of a tick."""
        self._read()
        digest = _identity(topic, payload)
        if digest in self._digests:
            return "repeated"
        node, size = node_of(topic), _size(topic, payload)
        share = max(self._max_messages // _NODE_SHARE, min(self._max_messages, _FEW))
        if (
            self.messages >= self._max_messages
            or self.size + size > self._max_bytes
            or self._messages_of[node] >= share
            or self._bytes_of[node] + size > self._max_bytes // _NODE_SHARE
        ):
            return "refused"
        self._pending.append((node, size, digest))
        self._add(node, size, digest)
        return "kept"

    def settle(self) -> None:
        """What was admitted is in the store."""
        self._pending.clear()
        while len(self._digests) > _MAX_REMEMBERED:
            self._digests.popitem(last=False)

    def undo(self) -> None:
        """What was admitted since the last `settle` was not kept after all."""
        for node, size, digest in self._pending:
            self._add(node, -size, digest, messages=-1)
            self._digests.pop(digest, None)
        self._pending.clear()

    def _add(self, node: str, size: int, digest: bytes, *, messages: int = 1) -> None:
        self._messages_of[node] += messages
        self._bytes_of[node] += size
        self.messages += messages
        self.size += size
        self._digests[digest] = None

    def _read(self) -> None:
        if self._is_read:
            return
        self._start_again()
        for each in self._every():
            self._add(
                node_of(each.topic), _size(each.topic, each.payload),
                _identity(each.topic, each.payload),
            )  # fmt: skip
            if len(self._digests) > _MAX_REMEMBERED:
                self._digests.popitem(last=False)
            if each.reason == DEADLY:
                self._deadly.add(digest_of(each.topic, each.payload))
        self._is_read = True


def _identity(topic: str, payload: bytes) -> bytes:
    """A node sends again what nobody acknowledges: the same batch, that has waited for longer."""
    try:
        message = decode(payload)
    except Exception:  # noqa: BLE001  # it may be aside because it makes this raise
        return digest_of(topic, payload)
    if isinstance(message, Batch):
        payload = encode(message, waited_ms=0)
    return digest_of(topic, payload)


def _size(topic: str, payload: bytes) -> int:
    return len(topic) + len(payload) + _ROW_BYTES
