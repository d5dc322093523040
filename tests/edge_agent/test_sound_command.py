"""`roomtone sound`: levels for a person, and the offset that a calibrator wants."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from contract.errors import RoomtoneError, UsageError
from edge_agent.settings import EdgeSettings
from edge_agent.sound_command import Heard, listen, summary
from roomtone.cli import main

HUBS = [{"name": "hub-a", "port": "/nonexistent/tty", "seats": [1]}]
TONE = """
import sys, struct, math
wave = [round(2**30 * math.sin(2 * math.pi * 1000 * i / 48000)) for i in range(48000)]
second = struct.pack("<48000i", *wave)
while True:
    sys.stdout.buffer.write(second)
"""


def settings(tmp_path: Path, **sound: object) -> EdgeSettings:
    return EdgeSettings.checked(
        {"site": "s", "room": "r", "node": "n", "hub": HUBS, "sound": sound,
         "outbox": {"dir": str(tmp_path / "outbox")}},
        where="test",
    )  # fmt: skip


def test_a_tone_of_known_level_is_measured(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TONE]
    heard = listen(settings(tmp_path, source="microphone", command=command), seconds=2)
    assert len(heard.laeq) >= 16
    # Half of full scale is 6.02 dB down, and a sine's RMS 3.01 dB under its peak.
    for levels in (heard.laeq, heard.lafmax, heard.lasmax):
        assert np.abs(levels[4:] - (123.0 - 9.03)).max() < 0.1
    first, second = summary(heard, offset_db=1.0, calibrator_db=114.0)
    assert first.startswith("LAeq 115.0  LAFmax 115.0  LASmax 115.0  LA10 115.0  LA90 11")
    assert second == "The calibrator says 114.0: set [sound] offset_db = 0.0"


def test_what_a_source_does_not_know_is_not_printed() -> None:
    none = np.full(16, np.nan, np.float32)
    laeq = np.array([60.0] * 8 + [70.0] * 8, np.float32)
    (line,) = summary(Heard(laeq=laeq, lafmax=none, lasmax=none), offset_db=0.0, calibrator_db=None)
    assert line == "LAeq 67.4  LA10 70.0  LA90 60.0  dB(A) over 2 s"


def test_why_there_is_no_level_is_said(tmp_path: Path) -> None:
    with pytest.raises(RoomtoneError, match="No sound level came: Port /nonexistent/tty can't be"):
        listen(settings(tmp_path), seconds=1, patience_s=0.0)
    mute = [sys.executable, "-c", "import sys\nwhile True: sys.stdout.buffer.write(bytes(24000))"]
    with pytest.raises(RoomtoneError, match="all its samples are alike"):
        listen(settings(tmp_path, source="microphone", command=mute), seconds=6)
    with pytest.raises(UsageError, match="names no source of levels"):
        listen(settings(tmp_path, source="none"), seconds=1)


def test_the_command_wants_the_agent_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "edge.toml"
    config.write_text(
        'site = "s"\nroom = "r"\nnode = "n"\n[[hub]]\nname = "h"\nport = "/x"\nseats = [1]\n',
        encoding="utf-8",
    )
    monkeypatch.setattr("edge_agent.sound_command.is_running", lambda _: True)
    assert main(["sound", "--config", str(config)]) == 1
    assert "stop it first (systemctl stop roomtone-edge)" in capsys.readouterr().err
