"""Makes a release of a folder of wheels: unpacked, compared with their own lists, and compiled.

A wheel of ours or of a library that we use is a zip file whose content goes into one folder, so neither
pip nor a network is needed. `any/` has the wheels for every Python, `cp311/` and `cp313/` those for one.
"""

from __future__ import annotations

import base64
import compileall
import csv
import hashlib
import io
import os
import re
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Final

from contract.errors import RoomtoneError
from edge_agent.release.place import Place

__all__ = ["name_of", "unpack", "wheels_for"]

_SCRIPT: Final = """\
#!/usr/bin/python3 -I
import sys
from pathlib import Path

# This release's packages come before Debian's; those are there for what has no wheel, such as lgpio.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lib"))
from roomtone.__main__ import main

sys.exit(main())
"""
_NOT_RUN: Final = re.compile(
    r"/lib/(.*/tests/|setuptools/|(dashboard_api|ingest|models|school|simulators)/)"
)
"""What no kit runs, and so need not be compiled: on a Pi that takes a while."""
_CHUNK: Final = 1 << 20


def wheels_for(folder: Path, python: tuple[int, int] = sys.version_info[:2]) -> list[Path]:
    """The wheels of a folder that this Python needs."""
    own = folder / f"cp{python[0]}{python[1]}"
    if not own.is_dir():
        there = ", ".join(sorted(f"3.{each.name[3:]}" for each in folder.glob("cp3*")))
        raise RoomtoneError(
            f"This package is for Python {there or '(none)'}, and this machine has "
            f"{python[0]}.{python[1]}: take the package for its release of Raspberry Pi OS."
        )
    return sorted((*(folder / "any").glob("*.whl"), *own.glob("*.whl")))


def name_of(wheels: list[Path]) -> str:
    """The name of the release: its version, and eight digits of what all its wheels hold."""
    digest = hashlib.sha256()
    version = ""
    for wheel in sorted(wheels, key=lambda path: path.name):
        digest.update(wheel.name.encode())
        with wheel.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        if wheel.name.startswith("roomtone-"):
            version = wheel.name.split("-")[1]
    if not version:
        raise RoomtoneError("Among these wheels is none of Roomtone itself.")
    return f"{version}-{digest.hexdigest()[:8]}"


def unpack(wheels: list[Path], place: Place, name: str) -> Path:
    """Make the release; what a power cut leaves of it has another name, and is removed next time."""
    os.umask(0o022)  # the agent's user reads it, whatever root's habits are
    place.releases.mkdir(parents=True, exist_ok=True)
    fresh = place.releases / f".{name}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    library = fresh / "lib"
    library.mkdir(parents=True)
    for wheel in wheels:
        try:
            _unpack(wheel, library)
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            raise RoomtoneError(
                f"The wheel {wheel.name} is damaged ({error}): fetch the package again."
            ) from error
    script = fresh / "bin/roomtone"
    script.parent.mkdir()
    script.write_text(_SCRIPT, encoding="utf-8")
    script.chmod(0o755)
    compileall.compile_dir(library, rx=_NOT_RUN, quiet=2, workers=0)  # with all cores
    os.sync()
    release = place.releases / name
    shutil.rmtree(release, ignore_errors=True)
    fresh.rename(release)
    return release


def _unpack(wheel: Path, library: Path) -> None:
    """Unpack a wheel, then compare what is on the disk with the wheel's own list."""
    with zipfile.ZipFile(wheel) as packed:
        inside = [name for name in packed.namelist() if not name.endswith("/")]
        if unfit := [name for name in inside if ".data/" in name and "/scripts/" not in name]:
            raise ValueError(f"it has {unfit[0]}, which needs pip")
        for name in inside:
            if ".data/" not in name:
                packed.extract(name, library)
        # Its own list alone: a library may carry another one inside, with a list of its own.
        record = next(each for each in inside if re.fullmatch(r"[^/]+\.dist-info/RECORD", each))
        rows = list(csv.reader(io.StringIO(packed.read(record).decode())))
    for name, recorded, _ in rows:
        if not recorded or ".data/" in name:
            continue
        kind, _, wanted = recorded.partition("=")
        found = hashlib.new(kind, (library / name).read_bytes()).digest()
        if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != wanted:
            raise ValueError(f"{name} is not what its list says")
