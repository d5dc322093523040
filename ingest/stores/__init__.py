"""The stores by name, and the data directory opened: who keeps what is in docs/store.md.

`open_*` opens the durable stores of a data directory, making it and its files if they are new.
"memory" has the same interface, in one process, and forgets. Lessons are in `school`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from contract.errors import UsageError
from ingest.stores.joined.periods import JoinedPeriodReader
from ingest.stores.joined.scores import JoinedScoreReader
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from ingest.stores.protocol import PeriodReader, PeriodStore, ScoreReader, ScoreStore
from ingest.stores.sqlite.periods import SqlitePeriodStore
from ingest.stores.sqlite.reader import SqlitePeriodReader
from ingest.stores.sqlite.score_age import oldest_epoch_utc_ns
from ingest.stores.sqlite.scores import SqliteScoreStore

__all__ = [
    "PERIOD_STORES",
    "SCORE_STORES",
    "oldest_epoch_utc_ns",
    "open_period_reader",
    "open_period_store",
    "open_score_store",
    "open_score_writer",
    "open_shard_periods",
    "open_shard_scores",
]

PERIOD_STORES: Final = {"sqlite": SqlitePeriodStore, "memory": MemoryPeriodStore}
SCORE_STORES: Final = {"sqlite": SqliteScoreStore, "memory": MemoryScoreStore}


def open_period_store(directory: str | Path) -> PeriodStore:
    """What ingest writes; raises StoreError if another program has it open for writing."""
    return SqlitePeriodStore(Path(directory))


def open_period_reader(directory: str | Path) -> PeriodReader:
    """Reads what ingest keeps, also while it writes and before it has ever started."""
    return SqlitePeriodReader(Path(directory))


def open_score_store(directory: str | Path) -> ScoreStore:
    """What the scorer writes and the pages read. The first to commit becomes the one writer."""
    return SqliteScoreStore(Path(directory))


def open_score_writer(directory: str | Path) -> ScoreStore:
    """The same as its one writer from the start: it brings an older file up."""
    return SqliteScoreStore(Path(directory), is_writer=True)


def open_shard_periods(directory: Path, shards: Sequence[Path] = ()) -> PeriodReader:
    """Reads the periods of a data directory and those of a district's other shards as one."""
    _require(shards)
    readers = [open_period_reader(each) for each in (directory, *shards)]
    return JoinedPeriodReader(readers) if shards else readers[0]


def open_shard_scores(directory: Path, shards: Sequence[Path] = ()) -> ScoreReader:
    """The same of the scores."""
    _require(shards)
    readers = [open_score_store(each) for each in (directory, *shards)]
    return JoinedScoreReader(readers) if shards else readers[0]


def _require(shards: Sequence[Path]) -> None:
    """No store is made where a setting names the wrong directory."""
    for each in shards:
        if not (each / "main.db").exists():
            raise UsageError(f"{each} has no main.db; check `shards`, or start its ingest first.")
