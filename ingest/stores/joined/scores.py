"""The scores of several shards as one, to read; each shard's own score program writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ingest.stores.joined import join
from ingest.stores.protocol import ScoreReader
from ingest.stores.records import AlertRecord, EpochRecord, RoomLevels, ScoredLesson

__all__ = ["JoinedScoreReader"]


class JoinedScoreReader:
    """`ScoreReader` over those of several shards."""

    def __init__(self, shards: Sequence[ScoreReader]) -> None:
        self._shards = tuple(shards)

    def epochs(self, lesson: str, *, after_utc_ns: int = -1) -> list[EpochRecord]:
        found = [
            replace(epoch, stream_id=join(at, epoch.stream_id))
            for at, each in enumerate(self._shards)
            for epoch in each.epochs(lesson, after_utc_ns=after_utc_ns)
        ]
        return sorted(found, key=lambda each: (each.utc_ns, each.stream_id, each.first_seq))

    def alerts(self, lesson: str) -> list[AlertRecord]:
        found = [alert for each in self._shards for alert in each.alerts(lesson)]
        return sorted(found, key=lambda each: (each.raised_utc_ns, each.id))

    def scored_lessons(self) -> list[ScoredLesson]:
        known: dict[str, ScoredLesson] = {}
        for each in self._shards:
            for scored in each.scored_lessons():
                before = known.get(scored.lesson, scored)
                known[scored.lesson] = replace(
                    scored,
                    first_utc_ns=min(before.first_utc_ns, scored.first_utc_ns),
                    last_utc_ns=max(before.last_utc_ns, scored.last_utc_ns),
                )
        return list(known.values())

    def room_levels(self, lesson: str, *, each: int) -> RoomLevels:
        found = [shard.room_levels(lesson, each=each) for shard in self._shards]
        return RoomLevels(
            model=tuple(model for levels in found for model in levels.model),
            movement_db=np.concatenate([levels.movement_db for levels in found]),
            off_task=np.concatenate([levels.off_task for levels in found]),
        )

    def version(self) -> int:
        return hash(tuple(each.version() for each in self._shards))

    def close(self) -> None:
        for each in self._shards:
            each.close()
