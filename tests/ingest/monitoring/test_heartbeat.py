"""A program's heartbeat: real sockets in a real directory."""

from __future__ import annotations

import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from contract.clock import ManualClock
from ingest.monitoring.condition import Condition
from ingest.monitoring.heartbeat import Beat, heartbeat, heartbeat_address

PATIENCE_S = 60.0

PROGRAM = """
import sys, threading
from pathlib import Path
from contract.clock import SystemClock
from ingest.monitoring.condition import Condition
from ingest.monitoring.heartbeat import heartbeat
condition = Condition(clock=SystemClock(), stall_s=1e6, missing={})
with heartbeat(Path(sys.argv[1]), "score", condition):
    sys.stdin.read()
"""


def condition() -> Condition:
    return Condition(clock=ManualClock(), stall_s=10, missing={})


def listen(folder: Path, program: str = "ingest") -> socket.socket:
    """A connection, as soon as somebody beats."""
    end = time.monotonic() + PATIENCE_S
    while True:
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        found.settimeout(PATIENCE_S)
        try:
            with heartbeat_address(folder, program) as address:
                found.connect(str(address))
        except OSError:
            found.close()
            assert time.monotonic() < end, "nobody beats"
            time.sleep(0.02)
        else:
            return found


def beats(folder: Path, program: str = "ingest") -> Beat:
    with listen(folder, program) as found:
        return Beat.model_validate_json(found.makefile("rb").readline())


def test_a_listener_hears_how_the_program_is(tmp_path: Path) -> None:
    clock = ManualClock()
    program = Condition(clock=clock, stall_s=10, missing={"link": "there is no broker yet"})
    with heartbeat(tmp_path, "ingest", program), listen(tmp_path) as found:
        lines = found.makefile("rb")
        first = Beat.model_validate_json(lines.readline())
        assert first == Beat(program="ingest", is_turning=True, missing=("link",))
        program.set_present("link")
        clock.advance(11)
        while Beat.model_validate_json(lines.readline()).is_turning:
            pass
        assert lines.readline()
    assert not lines.readline()  # it has ended


def test_only_its_owner_may_listen(tmp_path: Path) -> None:
    with heartbeat(tmp_path, "ingest", condition()):
        beats(tmp_path)
        mode = (tmp_path / "ingest-heartbeat").lstat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["ingest-heartbeat"]


def test_a_long_path_and_a_directory_that_comes_later(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 200)
    with heartbeat(folder, "ingest", condition()):
        folder.mkdir()
        assert beats(folder).program == "ingest"


def test_a_second_program_waits_for_the_place_of_the_first(tmp_path: Path) -> None:
    second = condition()
    second.set_missing("store", "another program has it")
    first = ExitStack()
    first.enter_context(heartbeat(tmp_path, "ingest", condition()))
    beats(tmp_path)
    with first, heartbeat(tmp_path, "ingest", second):
        for _ in range(4):
            assert beats(tmp_path).missing == ()
        first.close()
        assert beats(tmp_path).missing == ("store",)


def test_a_file_that_is_removed_comes_back(tmp_path: Path) -> None:
    with heartbeat(tmp_path, "ingest", condition()):
        beats(tmp_path)
        (tmp_path / "ingest-heartbeat").unlink()
        assert beats(tmp_path).program == "ingest"


def test_where_it_cant_be_made_the_log_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "ingest-heartbeat").mkdir()
    end = time.monotonic() + PATIENCE_S
    with heartbeat(tmp_path, "ingest", condition()), caplog.at_level(logging.WARNING):
        while "ingest has no heartbeat" not in caplog.text:
            assert time.monotonic() < end
            time.sleep(0.02)
        (tmp_path / "ingest-heartbeat").rmdir()
        assert beats(tmp_path).program == "ingest"
    assert caplog.text.count("has no heartbeat") == 1


def test_listeners_that_read_nothing_delay_nobody(tmp_path: Path) -> None:
    with heartbeat(tmp_path, "ingest", condition()), ExitStack() as deaf:
        for _ in range(20):
            deaf.enter_context(listen(tmp_path))
        assert beats(tmp_path).program == "ingest"


@pytest.mark.slow
def test_the_kernel_says_that_a_killed_program_is_gone(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], stdin=subprocess.PIPE
    ) as program:
        with listen(tmp_path, "score") as found:
            lines = found.makefile("rb")
            assert lines.readline()
            os.kill(program.pid, signal.SIGKILL)
            while lines.readline():
                pass
        program.wait()
        with (
            heartbeat_address(tmp_path, "score") as address,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as another,
            pytest.raises(ConnectionRefusedError),
        ):
            another.connect(str(address))
