"""The server's programs as systemd starts them: each says when it works, and gives signs of life."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = {
    "ingest": (),
    "score": (),
    "replicate": (),
    "dashboard": ("--port", "0"),
}


@pytest.mark.slow
@pytest.mark.programs
@pytest.mark.parametrize("name", PROGRAMS)
def test_it_reports_that_it_is_ready_and_lives(name: str, tmp_path: Path) -> None:
    config = tmp_path / "server.toml"
    config.write_text(
        f'site = "school"\ndata_dir = "{tmp_path / "data"}"\n[broker]\nport = 1\n'
        "[ingest]\nhealth_port = 0\n[score]\nhealth_port = 0\n[replicate]\nhealth_port = 0\n"
    )
    if name == "score":  # which follows a store that is there
        subprocess.run(
            (sys.executable, "-P", "-m", "roomtone", "lesson", "--config", str(config), "list"),
            check=True, capture_output=True,
        )  # fmt: skip
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        program = subprocess.Popen(
            (
                sys.executable, "-P", "-m", "roomtone", name, "--config", str(config),
                *PROGRAMS[name],
            ),
            env=os.environ
            | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"},
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            heard = {systemd.recv(4096)}
            while not {b"READY=1", b"WATCHDOG=1"} <= heard:
                heard.add(systemd.recv(4096))
            program.send_signal(signal.SIGTERM)
            assert program.wait(60) == 0
        finally:
            program.kill()
            program.wait()
