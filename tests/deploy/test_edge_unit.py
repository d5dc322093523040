"""The kit's unit: what systemd itself says of it, and what the agent must be able to do under it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import edge_agent

UNIT = Path(edge_agent.__file__).parent / "systemd/roomtone-edge.service"
PROGRAM = "/opt/roomtone/current/bin/roomtone"

NEWER = {"RestartSteps", "RestartMaxDelaySec"}
"""Keys that Debian 12's systemd does not know; the unit says what it does without them."""


def values(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), flags=re.MULTILINE)


@pytest.mark.systemd
def test_systemd_reads_every_line_of_it(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    text = UNIT.read_text()
    assert PROGRAM in text
    copy.write_text(text.replace(PROGRAM, sys.executable))
    said = subprocess.run(
        ("systemd-analyze", "verify", "--man=no", str(copy)),
        check=True, capture_output=True, text=True,
    ).stderr  # fmt: skip
    unknown = set(re.findall(rf"{re.escape(str(copy))}:\d+: Unknown key '(\w+)'", said))
    assert unknown <= NEWER
    assert not [line for line in said.splitlines() if str(copy) in line and "Unknown" not in line]


@pytest.mark.systemd
def test_it_is_exposed_to_little(tmp_path: Path) -> None:
    said = subprocess.run(
        ("systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)),
        check=False, capture_output=True, text=True,
    ).stdout  # fmt: skip
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found, said
    assert float(found[1]) <= 2.0, said


def test_the_watchdog_is_longer_than_what_the_agent_may_wait_for() -> None:
    # The longest pause of the loop while it works is a write that the card holds up.
    assert values("Type") == ["notify"]
    assert 60 <= int(values("WatchdogSec")[0]) <= 120


def test_it_is_started_without_a_network_or_a_clock_and_tried_for_ever() -> None:
    after = values("After")[0].split()
    assert "network-online.target" not in after
    assert "time-sync.target" not in after
    assert values("Restart") == ["always"]
    assert values("StartLimitIntervalSec") == ["0"]


def test_the_devices_of_every_sensor_may_be_opened() -> None:
    allowed = {line.split()[0] for line in values("DeviceAllow")}
    serial = {"char-ttyUSB", "char-ttyACM", "char-ttyAMA", "char-ttyS"}
    assert allowed == serial | {"char-alsa", "char-i2c", "char-gpiochip"}
    groups = values("SupplementaryGroups")[0].split()
    assert groups == ["dialout", "audio", "i2c", "gpio"]
