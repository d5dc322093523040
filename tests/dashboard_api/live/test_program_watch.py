"""The pages listen to real heartbeats on real sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from contract.clock import ManualClock, SystemClock
from dashboard_api.live.program_state import ProgramState
from dashboard_api.live.program_watch import ProgramWatch, process_look
from ingest.monitoring.condition import Condition
from ingest.monitoring.heartbeat import heartbeat, heartbeat_address

PATIENCE_S = 60.0

PROGRAM = """
import sys
from pathlib import Path
from contract.clock import SystemClock
from ingest.monitoring.condition import Condition
from ingest.monitoring.heartbeat import heartbeat
condition = Condition(clock=SystemClock(), stall_s=1e6, missing={})
with heartbeat(Path(sys.argv[1]), "score", condition):
    sys.stdin.read()
"""


def play(data_dir: Path | None, work: Callable[[ProgramWatch], Awaitable[None]]) -> None:
    async def run() -> None:
        watch = ProgramWatch(data_dir, SystemClock())
        task = asyncio.create_task(watch.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await work(watch)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110  # other threads and processes set no event of this loop
        await asyncio.sleep(0.01)


def condition() -> Condition:
    return Condition(clock=ManualClock(), stall_s=10, missing={})


def test_a_program_is_seen_to_work_to_miss_something_and_to_end(tmp_path: Path) -> None:
    async def work(watch: ProgramWatch) -> None:
        ingest = condition()
        with heartbeat(tmp_path, "ingest", ingest):
            await until(lambda: watch.state("ingest").state == "works")
            assert watch.state("score") == ProgramState(state="unknown")
            before = watch.revision
            ingest.set_missing("link", "no broker")
            await until(lambda: bool(watch.state("ingest").missing))
            assert watch.revision > before
            before = watch.revision
        await until(lambda: watch.state("ingest").state == "gone")
        assert watch.state("ingest").since_utc_ns is not None
        assert watch.revision > before
        with heartbeat(tmp_path, "ingest", condition()):
            await until(lambda: watch.state("ingest").state == "works")

    play(tmp_path, work)


def test_that_it_still_works_is_no_news(tmp_path: Path) -> None:
    async def work(watch: ProgramWatch) -> None:
        with heartbeat(tmp_path, "ingest", condition()):
            await until(lambda: watch.state("ingest").state == "works")
            before, first = watch.revision, watch.state("ingest").since_utc_ns
            await until(lambda: watch.state("ingest").since_utc_ns != first)
            assert watch.revision == before

    play(tmp_path, work)


@pytest.mark.parametrize("is_there", (False, True))
def test_where_nothing_can_be_known_nothing_is_said(tmp_path: Path, is_there: bool) -> None:
    async def work(watch: ProgramWatch) -> None:
        await asyncio.sleep(0)
        assert watch.state("ingest") == watch.state("score") == ProgramState(state="unknown")

    play(tmp_path / "none" if is_there else None, work)


def test_something_else_on_the_socket_is_not_taken_for_a_program(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        with heartbeat_address(tmp_path, "ingest") as address:
            other.bind(str(address))
        other.listen()
        other.setblocking(False)

        async def work(watch: ProgramWatch) -> None:
            loop = asyncio.get_running_loop()
            for rubbish in (b"HTTP/1.1 400\n", b"{}\n", b"x" * 100_000):
                peer, _ = await loop.sock_accept(other)
                with peer:
                    await loop.sock_sendall(peer, rubbish)
                    await asyncio.sleep(0)
            assert watch.state("ingest").state == "unknown"

        play(tmp_path, work)


def test_the_kernel_says_how_a_process_is() -> None:
    look = process_look(os.getpid())
    assert look is not None
    assert look.state in "RS"
    assert look.cpu_ticks > 0
    assert process_look(0) is None


@pytest.mark.slow
@pytest.mark.parametrize(("number", "state"), ((signal.SIGSTOP, "hangs"), (signal.SIGKILL, "gone")))
def test_a_suspended_and_a_killed_program_are_noticed(
    tmp_path: Path, number: signal.Signals, state: str
) -> None:
    async def work(watch: ProgramWatch) -> None:
        await until(lambda: watch.state("score").state == "works")
        began_s = time.monotonic()
        os.kill(program.pid, number)
        await until(lambda: watch.state("score").state == state)
        assert time.monotonic() - began_s < 5
        if number == signal.SIGSTOP:
            os.kill(program.pid, signal.SIGCONT)
            await until(lambda: watch.state("score").state == "works")

    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], stdin=subprocess.PIPE
    ) as program:
        try:
            play(tmp_path, work)
        finally:
            program.kill()
