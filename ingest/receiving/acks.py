"""The acks of a tick: what of each run that sent something is kept for good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from contract.ranges import SeqRanges
from contract.topics import Topic
from contract.wire.messages import Ack
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival

__all__ = ["NodeAck", "acks_of"]

_MAX_ABOVE: Final = 64


@dataclass(frozen=True, slots=True)
class NodeAck:
    """An ack and the topic that it goes to."""

    topic: str
    ack: Ack

    @property
    def about(self) -> tuple[str, int, int]:
        """What a later ack makes up for: one of the same part of the same run."""
        return self.topic, self.ack.run, self.ack.part


def acks_of(
    store: PeriodStore, arrivals: Sequence[Arrival], stream_ids: Sequence[int]
) -> Iterable[NodeAck]:
    """One ack a stream, with at most 64 ranges above the hole."""
    came: dict[int, list[Arrival]] = {}
    for stream_id, arrival in zip(stream_ids, arrivals, strict=True):
        came.setdefault(stream_id, []).append(arrival)
    for stream_id, its in came.items():
        kept = store.kept(stream_id)
        without_hole = kept.without_hole()
        above = kept.above(max(without_hole, -1), _MAX_ABOVE)
        if len(above) == _MAX_ABOVE:
            above = _with_what_came(kept, its, without_hole, above)
        arrival = its[-1]
        message = arrival.message
        yield NodeAck(
            _topic(arrival.site, arrival.room, message.node),
            Ack(run=message.run, part=message.part, without_hole=without_hole, above=tuple(above)),
        )


def _with_what_came(
    kept: SeqRanges, came: list[Arrival], without_hole: int, nearest: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Of very many ranges first those of what has just come: for them this ack is."""
    fresh = {kept.around(arrival.message.first_seq) for arrival in came}
    of_these = sorted(pair for pair in fresh if pair is not None and pair[0] > without_hole)
    every = dict.fromkeys([*of_these, *nearest])
    return sorted(islice(every, _MAX_ABOVE))


@lru_cache(maxsize=4_096)
def _topic(site: str, room: str, node: str) -> str:
    return str(Topic(site, room, node, "ack"))
