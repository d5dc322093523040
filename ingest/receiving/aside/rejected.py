"""What becomes of messages that can't be kept: rows to set aside, and notices for technicians. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from contract.errors import shortened
from ingest.nodes.message import NodeMessage
from ingest.receiving.aside.book import Fate, node_of
from ingest.stores.notices import ASIDE_FULL, Notice, NoticeKind
from ingest.stores.records import Aside

__all__ = ["Rejected", "Unusable", "asides_of", "notices_of"]


@dataclass(frozen=True, slots=True)
class Unusable:
    """A message that can't be kept, and why."""

    message: NodeMessage
    reason: str
    is_limit: bool = False
    """Its node takes up all that it may."""
    is_defect: bool = False
    """It made something raise which should not."""


Rejected = tuple[Unusable, Fate]
"""An unusable message, and whether there was room to set it aside."""


def asides_of(rejected: Iterable[Rejected], *, received_utc_ns: int) -> list[Aside]:
    return [
        Aside(
            received_utc_ns=received_utc_ns, topic=unusable.message.topic, reason=unusable.reason,
            payload=unusable.message.payload,
        )
        for unusable, fate in rejected
        if fate == "kept"
    ]  # fmt: skip


def notices_of(rejected: Sequence[Rejected], *, received_utc_ns: int) -> list[Notice]:
    """What is held against the nodes that sent them: one notice for each node and kind."""
    found: dict[tuple[str, NoticeKind], Notice] = {}
    for unusable, fate in rejected:
        sentences: dict[NoticeKind, str] = {}
        if unusable.is_limit:
            sentences["limit"] = unusable.reason
        if fate == "refused":
            sentences["aside"] = ASIDE_FULL
        topic = unusable.message.topic
        node = node_of(topic)
        for kind, sentence in sentences.items() if node else ():
            known = found.get((node, kind))
            if known is not None:
                found[node, kind] = replace(known, count=known.count + 1)
                continue
            found[node, kind] = Notice(
                node=node, kind=kind, room=shortened(topic.split("/")[3], 32), sentence=sentence,
                first_utc_ns=received_utc_ns, last_utc_ns=received_utc_ns,
            )  # fmt: skip
    return list(found.values())
