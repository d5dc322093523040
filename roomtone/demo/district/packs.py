"""The packs that are made of the district, and whether each is whole."""

from __future__ import annotations

import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Final

from contract.files.summed_folder import SUMS
from roomtone.demo.programs import ProgramError, roomtone_command

__all__ = ["PACKS", "pack_faults", "write_pack"]

PACKS: Final = {"oversight": ("oversight",), "evaluation": ("evaluation", "write")}
"""Folder of a pack → the command that writes it."""


def write_pack(name: str, folder: Path, config: Path) -> Path:
    """Write a pack into a new folder of this one, as its command does; raises ProgramError."""
    out = folder / name
    first, *others = PACKS[name]
    command = roomtone_command(first, *others, "--out", str(out), "--config", str(config))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProgramError(f"roomtone {' '.join(PACKS[name])} failed: {done.stderr.strip()}")
    return out


def pack_faults(pack: Path) -> list[str]:
    """A sentence for each file that is not in the pack's sums, or is not as they have it."""
    listed = {}
    for line in (pack / SUMS).read_text(encoding="utf-8").splitlines():
        digest, _space, name = line.partition("  ")
        listed[name] = digest
    there = {
        path.relative_to(pack).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in pack.rglob("*")
        if path.is_file() and path.name != SUMS
    }
    faults = []
    for name in sorted(there.keys() | listed.keys()):
        if name not in there:
            faults.append(f"{pack.name}/{name} is missing")
        elif name not in listed:
            faults.append(f"{pack.name}/{name} is not in the sums")
        elif there[name] != listed[name]:
            faults.append(f"{pack.name}/{name} is changed")
    return faults
