"""The replicas' part of a purge, done by the command itself where `roomtone replicate` does not run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from contract.clock import Clock
from contract.errors import StoreError
from ingest.replicas.engines import open_engine
from ingest.replicas.engines.answers import EngineError
from ingest.replicas.outlet import Outlet, ReplicaFigures
from ingest.replicas.progress import Progress
from ingest.replicas.removal import Purged, remove_purged
from ingest.replicas.settings import ReplicaSettings, ReplicateSettings

__all__ = ["ReplicasPart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicasPart:
    """The replicas of one data directory, as its settings name them."""

    data_dir: Path
    replicas: Sequence[ReplicaSettings]
    settings: ReplicateSettings
    clock: Clock

    @property
    def names(self) -> set[str]:
        return {each.name for each in self.replicas}

    def remove(self, request: Purged) -> Iterator[dict[str, int]]:
        """Remove what a purge covers from each replica; yields what is removed so far.

        Raises StoreError where a database does not answer: then ask again.
        """
        removed: dict[str, int] = {}
        for replica in self.replicas:
            try:
                with (
                    closing(Progress(self.data_dir, replica.name)) as progress,
                    closing(open_engine(replica, self.clock)) as engine,
                ):
                    outlet = Outlet(
                        engine=engine, progress=progress, replica=replica, settings=self.settings,
                        clock=self.clock, figures=ReplicaFigures(),
                    )  # fmt: skip
                    removed |= remove_purged(outlet, progress, replica, request)
            except EngineError as error:
                raise StoreError(
                    f"{error} What is removed here is still in the replica {replica.name}: "
                    "`roomtone purge --resume` finishes this when it answers."
                ) from error
            yield removed
