"""A kit whose services and time are made up, and wheels that do as a test says."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_agent.release.place import Place
from edge_agent.release.update import Kit

MAIN = """
import sys
def main():
    {body}
    return 0
"""
UNITS = ("roomtone-edge.service", "roomtone-release.service")


def make_wheel(path: Path, files: dict[str, str], *, wrong: str | None = None) -> Path:
    """A wheel with its list; `wrong` names a file whose hash there is another."""
    info = f"{path.name.split('-')[0]}.dist-info"
    rows = []
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in files.items():
            packed.writestr(zipfile.ZipInfo(name), text)  # dated 1980
            digest = hashlib.sha256((text + ("!" if name == wrong else "")).encode()).digest()
            encoded = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            rows.append(f"{name},sha256={encoded},{len(text)}")
        record = zipfile.ZipInfo(f"{info}/RECORD")
        packed.writestr(record, "\n".join([*rows, f"{info}/RECORD,,"]))
    return path


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., Path]:
    """Makes the folder of a package: version, and what `roomtone` does there."""

    def make(version: str, body: str = "pass") -> Path:
        folder = tmp_path / f"package-{version}"
        own = folder / f"cp{sys.version_info[0]}{sys.version_info[1]}"
        (folder / "any").mkdir(parents=True, exist_ok=True)
        own.mkdir(exist_ok=True)
        make_wheel(
            folder / f"any/roomtone-{version}-py3-none-any.whl",
            {
                "roomtone/__init__.py": "",
                "roomtone/__main__.py": MAIN.format(body=body),
                "edge_agent/__init__.py": "",
                **{f"edge_agent/systemd/{unit}": f"# {version}\n" for unit in UNITS},
            },
        )
        make_wheel(own / "library-1-cp3-none-any.whl", {"library.py": "x = 1\n"})
        return folder

    return make


@dataclass
class Machine:
    """Services that behave as a test says of each release; it is the time as well."""

    place: Place
    note: Path
    reports: Callable[[str], bool] = lambda _: True
    lives_s: Callable[[str], float] = lambda _: 1e9
    is_running: bool = False
    unit: str = ""
    said: list[str] = field(default_factory=list)
    power_fails_at_s: float = 1e9
    _now_s: float = 0.0
    _started_s: float = 0.0
    _running: str = ""

    def install(self, units: Path) -> None:
        self.unit = (units / UNITS[0]).read_text().strip("# \n")

    def restart(self) -> bool:
        self.is_running, self._started_s = True, self._now_s
        self._running = str(self.place.current)
        return True

    def _lifetime_s(self) -> float:
        return self.lives_s(self._running.split("-")[0])

    def is_active(self) -> bool:
        return (
            self.is_running
            and (self._now_s - self._started_s) % (self._lifetime_s() + 5) < self._lifetime_s()
        )

    def restarts(self) -> int:
        if self._lifetime_s() < 0:
            return 0
        return int((self._now_s - self._started_s) // (self._lifetime_s() + 5))

    def remove(self) -> None:
        self.is_running = False

    def now_s(self) -> float:
        return self._now_s

    def wait(self, seconds: float) -> None:
        self._now_s += seconds
        if self._now_s > self.power_fails_at_s:
            self.power_fails_at_s = 1e9
            raise ConnectionAbortedError("the power is gone")
        if self.is_active() and self._now_s - self._started_s >= 3:
            is_up = self.reports(self._running.split("-")[0])
            self.note.parent.mkdir(exist_ok=True)
            self.note.write_text(json.dumps({"is_linked": is_up, "ingest_is_up": is_up}))

    def boot(self) -> None:
        self._now_s += 100
        self.restart()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(place=Place(tmp_path / "opt"), note=tmp_path / "outbox/link.json")


@pytest.fixture
def kit(tmp_path: Path, machine: Machine) -> Kit:
    return Kit(
        place=machine.place, services=machine, time=machine, say=machine.said.append,
        settings=tmp_path / "edge.toml",
    )  # fmt: skip


@pytest.fixture
def enrolled(kit: Kit, machine: Machine) -> Kit:
    kit.settings.write_text(f'[outbox]\ndir = "{machine.note.parent}"\n')
    return kit
