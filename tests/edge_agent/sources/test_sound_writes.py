"""What the agent's process writes and sends while it listens: nothing that was heard is in it.

The whole agent runs under strace with a microphone's program that plays noise. Every byte that a
thread of the agent hands to the kernel is looked at.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from contract.wire.messages import Config, LessonSpan
from contract.wire.payload import Batch, decode
from edge_agent.config_file import store_config
from edge_agent.outbox.format import Record, scan, unpack_body
from roomtone.demo.broker import free_port

BYTES_OUT = (
    "write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg",
)  # fmt: skip
NEVER = (
    "sendfile", "splice", "vmsplice", "tee", "copy_file_range", "process_vm_writev",
    "io_uring_setup", "io_submit", "memfd_create", "shmget", "msgsnd", "mq_timedsend",
)  # fmt: skip
SAMPLES_A_SECOND = 48_000
PLAYER = """
import pathlib, sys, time
noise = pathlib.Path(sys.argv[1]).read_bytes()
begun = time.monotonic()
at = 0
while True:
    sys.stdout.buffer.write(noise[at % len(noise) : at % len(noise) + 24000])
    sys.stdout.buffer.flush()
    at += 24000
    time.sleep(max(0.0, begun + at / 192000 - time.monotonic()))
"""


def traces(folder: Path) -> tuple[list[str], list[str]]:
    """What strace wrote for each thread: those of the agent, and those of the player."""
    agent, player = [], []
    name = "".join(f"\\x{byte:02x}" for byte in b"player.py")
    for path in sorted(folder.glob("trace.*")):
        lines = path.read_text().splitlines(keepends=True)
        begins = [i for i, line in enumerate(lines) if line.startswith("execve(") and name in line]
        # Until it becomes the player a new process is a copy of the agent, and counts as one.
        cut = begins[0] if begins else len(lines)
        agent.append("".join(lines[:cut]))
        player.append("".join(lines[cut:]))
    return agent, player


def bytes_in(text: str) -> bytes:
    """All that is handed over in calls that write or send."""
    return b"|".join(
        bytes.fromhex(piece.replace("\\x", ""))
        for line in text.splitlines()
        if line.startswith(BYTES_OUT)
        for piece in re.findall(r'"((?:\\x[0-9a-f]{2})+)"', line)
    )


def pieces_of(sound: np.ndarray) -> set[bytes]:
    """Eight bytes from every place of the sound, as a copy of it would have them.

    As it came, as floats, and cut to 16 bits.
    """
    found = set()
    for kind in (sound.astype("<i4"), sound.astype(">i4"), sound.astype("<f4"), sound / 2.0**31,
                 (sound / 2.0**31).astype("<f4"), (sound >> 16).astype("<i2")):  # fmt: skip
        data = np.ascontiguousarray(kind).tobytes()
        width = np.ascontiguousarray(kind).dtype.itemsize
        found |= {data[i : i + 8] for i in range(0, len(data) - 8, width)}
    return found


@pytest.mark.slow
@pytest.mark.strace
@pytest.mark.programs
def test_nothing_that_was_heard_is_written_or_sent(tmp_path: Path) -> None:
    sound = np.random.default_rng(5).normal(0, 3e7, SAMPLES_A_SECOND).astype(np.int32)
    (tmp_path / "noise").write_bytes(sound.astype("<i4").tobytes())
    (tmp_path / "player.py").write_text(PLAYER, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "player.py"), str(tmp_path / "noise")]
    config = tmp_path / "edge.toml"
    config.write_text(
        f"""
site = "school"
room = "r1"
node = "pi-1"
hub = [{{ name = "hub-a", port = "/nonexistent/tty", seats = [1] }}]
broker = {{ port = {free_port()} }}
outbox = {{ dir = "{tmp_path}/outbox" }}
delivery = {{ spill_s = 1.0, grace_s = 0.3 }}
sound = {{ source = "microphone", command = {json.dumps(command)} }}
""",
        encoding="utf-8",
    )
    always = LessonSpan(lesson="l", starts_utc_ns=0, ends_utc_ns=1 << 62)
    store_config(tmp_path / "outbox" / "config.cbor", Config(revision=1, lessons=(always,)))
    watched = ",".join((*BYTES_OUT, *NEVER, "mmap", "execve"))
    # Calls that this processor does not have are named with a question mark.
    watched = watched.replace(",", ",?")
    agent = subprocess.Popen(
        ["strace", "-ff", "-y", "-qq", "-x", "-xx", "-s", "1000000", "-e", f"trace=?{watched}",
         "-e", "signal=none", "-o", str(tmp_path / "trace"),
         sys.executable, "-m", "roomtone", "edge", "--config", str(config)],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until and len(levels_in(tmp_path / "outbox")) < 3:
            time.sleep(0.2)
    finally:
        # strace passes no signal on; its only child is the agent.
        for child in Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGTERM)
        _, said = agent.communicate(timeout=60)
    levels = levels_in(tmp_path / "outbox")
    assert len(levels) >= 3, said

    of_agent, of_player = map("\n".join, traces(tmp_path))
    heard = pieces_of(sound)
    # The watch sees the sound where it is: in what the player writes into its pipe.
    played = bytes_in(of_player)
    assert sum(played[i : i + 8] in heard for i in range(min(len(played), 100_000))) > 20_000
    written = bytes_in(of_agent)
    assert len(written) > 2_000
    assert not any(written[i : i + 8] in heard for i in range(len(written) - 8))
    # Compressed it would take as much room as it is: noise can't be made smaller.
    assert len(written) < 0.1 * len(played)
    calls = Counter(re.findall(r"(?m)^(\w+)\(", of_agent))
    assert not calls.keys() & set(NEVER)
    # No file is changed through memory.
    assert not re.findall(r"mmap\([^\n]*PROT_WRITE[^\n]*MAP_SHARED,[^\n]*<", of_agent)


def levels_in(outbox: Path) -> list[float]:
    """LAeq of the seconds that are on disk."""
    found: list[float] = []
    for path in sorted(outbox.glob("*.outbox")):
        data = path.read_bytes()
        for record in scan(data):
            if isinstance(record, Record) and record.head.kind == "data":
                body = data[record.offset : record.offset + record.length]
                message = decode(unpack_body(body, record.crc) or b"")
                if isinstance(message, Batch):
                    found += [row[13] / 10 for row in message.values.tolist() if row[13] != 65535]
    return found
