"""The units of the authority, of kits' port, of the broker's lists and of a kit's renewal."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import edge_agent
from roomtone.server import texts

SERVER = Path(texts.__file__).parent / "systemd"
KIT = Path(edge_agent.__file__).parent / "systemd"
PROGRAM = "/opt/roomtone/current/bin/roomtone"
LIMITS = {
    SERVER / "roomtone-authority.service": 1.0,
    SERVER / "roomtone-enrolment.service": 2.0,
    SERVER / "roomtone-broker.service": 2.0,  # root, because it writes for the broker's user
    KIT / "roomtone-renew.service": 2.0,
}
"""A service → the exposure by systemd's own count that it may have, of 10."""
STARTERS = (
    SERVER / "roomtone-broker.path", SERVER / "roomtone-broker.timer", KIT / "roomtone-renew.timer",
)  # fmt: skip


def values(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), flags=re.MULTILINE)


@pytest.mark.systemd
def test_systemd_reads_every_line_of_them(tmp_path: Path) -> None:
    copies = []
    for unit in (*LIMITS, *STARTERS):
        copies.append(tmp_path / unit.name)
        copies[-1].write_text(unit.read_text().replace(PROGRAM, sys.executable))
    said = subprocess.run(
        ("systemd-analyze", "verify", "--man=no", *map(str, copies)),
        check=True, capture_output=True, text=True,
    ).stderr  # fmt: skip
    assert not [line for line in said.splitlines() if str(tmp_path) in line], said


@pytest.mark.systemd
@pytest.mark.parametrize("unit", LIMITS, ids=lambda unit: unit.stem)
def test_they_are_exposed_to_little(unit: Path) -> None:
    said = subprocess.run(
        ("systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)),
        check=False, capture_output=True, text=True,
    ).stdout  # fmt: skip
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found, said
    assert float(found[1]) <= LIMITS[unit], said


def test_the_authority_has_a_user_of_its_own_and_no_network() -> None:
    unit = SERVER / "roomtone-authority.service"
    assert values(unit, "User") == ["roomtone-authority"]
    assert values(unit, "PrivateNetwork") == ["yes"]
    assert values(unit, "RestrictAddressFamilies") == ["AF_UNIX"]
    assert values(unit, "StateDirectoryMode") == ["0700"]
    others = {values(each, "User")[0] for each in SERVER.glob("*.service") if values(each, "User")}
    assert others >= {"roomtone", "roomtone-authority"}
    for each in SERVER.glob("*.service"):
        if each != unit:
            assert values(each, "User") != ["roomtone-authority"]


def test_new_lists_are_watched_where_the_authority_notes_them() -> None:
    (runtime,) = values(SERVER / "roomtone-authority.service", "RuntimeDirectory")
    (watched,) = values(SERVER / "roomtone-broker.path", "PathChanged")
    assert watched == f"/run/{runtime}/published"
