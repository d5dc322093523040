"""A computer that is a folder, and programs that note how they were called."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contract.errors import RoomtoneError
from roomtone.server.machine import Machine

__all__ = ["RecordedPrograms", "computer"]


@dataclass
class RecordedPrograms:
    """Notes each command; those that begin with a word of `failing` fail."""

    called: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    answers: dict[str, Callable[[Sequence[str]], str]] = field(default_factory=dict)

    def run(self, words: Sequence[str]) -> str:
        line = shlex.join(words)
        self.called.append(line)
        for beginning in self.failing:
            if line.startswith(beginning):
                raise RoomtoneError(f"`{line}` failed: as the test wants it")
        for beginning, answer in self.answers.items():
            if line.startswith(beginning):
                return answer(words)
        return ""


def computer(folder: Path, *, systemd: bool = True, programs: Sequence[str] = ()) -> Machine:
    """A folder with these programs in it, on which commands are noted."""
    if systemd:
        (folder / "run/systemd/system").mkdir(parents=True)
    (folder / "usr/bin").mkdir(parents=True)
    for name in programs:
        (folder / "usr/bin" / name).touch()
    said: list[str] = []
    return Machine(root=folder, programs=RecordedPrograms(), say=said.append)
