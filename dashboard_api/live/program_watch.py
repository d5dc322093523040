"""Listens to the heartbeats of ingest and the scorer, for the live pages."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from contract.clock import Clock
from dashboard_api.live.program_state import (
    UNKNOWN,
    WAIT_S,
    Moment,
    ProcessLook,
    ProgramState,
    Sightings,
)
from ingest.monitoring.heartbeat import BEAT_S, Beat, heartbeat_address

__all__ = ["PROGRAMS", "ProgramWatch"]

PROGRAMS: Final = ("ingest", "score")
_MAX_LINE: Final = 4_096
_AGAIN_S: Final = 0.1
"""A connection has ended: it takes no longer to see whether the program has ended too."""
_CREDENTIALS: Final = struct.Struct("3i")


class ProgramWatch:
    """The state of each program that writes into a data directory, or into those of several shards.

    Without a data directory nothing is known of them.
    """

    def __init__(self, data_dir: Path | None, clock: Clock, shards: Sequence[Path] = ()) -> None:
        self.revision = 0
        """Changes with every state."""
        self.shards = 1 + len(shards)
        self._directories = () if data_dir is None else (data_dir, *shards)
        self._clock = clock
        self._seen = {(at, name): Sightings() for at in range(self.shards) for name in PROGRAMS}
        self._before: dict[tuple[int, str], object] = {}

    @property
    def directories(self) -> tuple[Path, ...]:
        """The data directories that it watches; none where nothing is known of them."""
        return self._directories

    def state(self, program: str, shard: int = 0) -> ProgramState:
        seen = self._seen.get((shard, program))
        return UNKNOWN if seen is None else seen.state

    async def run(self) -> None:
        """Listen until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for at, data_dir in enumerate(self._directories):
                for name in PROGRAMS:
                    work = self._follow(data_dir, (at, name))
                    tasks.create_task(work, name=f"heartbeat of {name}")

    async def _follow(self, data_dir: Path, which: tuple[int, str]) -> None:
        seen, (_, name) = self._seen[which], which
        while True:
            try:
                with heartbeat_address(data_dir, name) as address:
                    reader, writer = await asyncio.open_unix_connection(address, limit=_MAX_LINE)
            except ConnectionRefusedError:
                seen.gone(self._now())
            except OSError:  # it has never run here, or belongs to somebody else
                seen.unknowable()
            else:
                try:
                    if await self._listen(which, reader, _process_of(writer)):
                        await asyncio.sleep(_AGAIN_S)
                        continue
                    seen.unknowable()
                finally:
                    writer.close()
            self._note(which)
            await asyncio.sleep(BEAT_S)

    async def _listen(self, which: tuple[int, str], reader: asyncio.StreamReader, pid: int) -> bool:
        """Follow the beats until their end; False if they are none."""
        seen = self._seen[which]
        while True:
            try:
                async with asyncio.timeout(WAIT_S):
                    line = await reader.readline()
            except TimeoutError:
                seen.missed(process_look(pid))
            except OSError:
                return True
            except ValueError:  # a line without an end
                return False
            else:
                if not line.endswith(b"\n"):
                    return True
                try:
                    seen.heard(Beat.model_validate_json(line), self._now())
                except ValidationError:
                    return False
            self._note(which)

    def _note(self, which: tuple[int, str]) -> None:
        state = self._seen[which].state
        # That it still works is no news.
        shown = (state.state, state.missing, state.state == "works" or state.since_utc_ns)
        if self._before.get(which) != shown:
            self._before[which] = shown
            self.revision += 1

    def _now(self) -> Moment:
        return Moment(elapsed_ns=self._clock.elapsed_ns(), utc_ns=self._clock.utc_ns())


def process_look(pid: int) -> ProcessLook | None:
    """What the kernel says of a process; None if it says nothing to us."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        # The name in brackets may hold anything.
        fields = text.rpartition(")")[2].split()
        return ProcessLook(state=fields[0], cpu_ticks=int(fields[11]) + int(fields[12]))
    except (OSError, IndexError, ValueError):
        return None


def _process_of(writer: asyncio.StreamWriter) -> int:
    """The process at the other end; 0 if it is in another container."""
    peer = writer.get_extra_info("socket")
    pid, _, _ = _CREDENTIALS.unpack(
        peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    )
    return int(pid)
