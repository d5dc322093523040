"""Listens to the heartbeats of ingest and the scorer, for the live pages."""

from __future__ import annotations

import asyncio
import socket
import struct
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
    """The state of each program that writes into a data directory.

    Without a data directory nothing is known of them.
    """

    def __init__(self, data_dir: Path | None, clock: Clock) -> None:
        self.revision = 0
        """Changes with every state."""
        self._data_dir = data_dir
        self._clock = clock
        self._seen = {name: Sightings() for name in PROGRAMS}
        self._before: dict[str, object] = {}

    def state(self, program: str) -> ProgramState:
        return self._seen[program].state if program in self._seen else UNKNOWN

    async def run(self) -> None:
        """Listen until cancelled."""
        if self._data_dir is None:
            return
        async with asyncio.TaskGroup() as tasks:
            for name in PROGRAMS:
                tasks.create_task(self._follow(self._data_dir, name), name=f"heartbeat of {name}")

    async def _follow(self, data_dir: Path, name: str) -> None:
        seen = self._seen[name]
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
                    if await self._listen(name, reader, _process_of(writer)):
                        await asyncio.sleep(_AGAIN_S)
                        continue
                    seen.unknowable()
                finally:
                    writer.close()
            self._note(name)
            await asyncio.sleep(BEAT_S)

    async def _listen(self, name: str, reader: asyncio.StreamReader, pid: int) -> bool:
        """Follow the beats until their end; False if they are none."""
        seen = self._seen[name]
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
            self._note(name)

    def _note(self, name: str) -> None:
        state = self._seen[name].state
        # That it still works is no news.
        shown = (state.state, state.missing, state.state == "works" or state.since_utc_ns)
        if self._before.get(name) != shown:
            self._before[name] = shown
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
