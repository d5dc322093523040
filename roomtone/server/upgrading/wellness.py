"""Whether the server's programs work after they were started."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from contract.clock import SECOND_NS, Clock
from contract.finding import Finding
from ingest.doctor.checks import program_finding
from ingest.doctor.dashboard import dashboard_finding
from ingest.settings import ServerSettings

__all__ = ["ProgramWellness", "Wellness"]


class Wellness(Protocol):
    """Asks the programs, and the disk."""

    def fault(self, settings: ServerSettings) -> str | None:
        """What is wrong once they have had the time to start; None if nothing is."""
        ...

    def free_bytes(self, folder: Path) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramWellness:
    """Asks the health pages until all are well, or the time is over."""

    clock: Clock
    pause: Callable[[float], None]
    wait_s: float = 90.0

    def fault(self, settings: ServerSettings) -> str | None:
        until = self.clock.elapsed_ns() + round(self.wait_s * SECOND_NS)
        while True:
            wrong = [each for each in _asked(settings) if each.state == "wrong"]
            if not wrong:
                return None
            if self.clock.elapsed_ns() >= until:
                return "; ".join(f"{each.about} {each.said}" for each in wrong)
            self.pause(1.0)

    def free_bytes(self, folder: Path) -> int:
        return shutil.disk_usage(folder).free


def _asked(settings: ServerSettings) -> Iterator[Finding]:
    yield program_finding("ingest", settings.ingest.health_port, settings)
    yield program_finding("score", settings.score.health_port, settings)
    yield dashboard_finding(settings)
