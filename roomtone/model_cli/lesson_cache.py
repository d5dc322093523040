"""Simulated lessons that were drawn before, in the user's cache folder.

A lesson is found by everything that decides what it is: the generator's source, its numerical
library, the kind of behaviour and the seed. So a changed generator draws again. The files are
arrays and JSON, and loading them runs no code; what is damaged or was written by another generator
counts as missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
import time
import zipfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import contract
import simulators
from contract.lesson import Activity, LabelledLesson, Zone
from contract.quantities.table import decode, encode

__all__ = ["DrawnLesson", "LessonCache", "cache_folder"]

_FORMAT: Final = 1
_MAX_LESSONS: Final = 500  # about 2.5 MB each
_ABANDONED_S: Final = 3600.0
_FLAGS: Final = ("off_task", "occupied")
_DAMAGED: Final = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnLesson:
    """A drawn lesson with what only the simulator knows.

    `movement` is (periods, seats): the code of each second's true movement. `very_lively` says for
    each seat whether its pupil moves far more than others.
    """

    lesson: LabelledLesson
    movement: NDArray[np.int8]
    very_lively: NDArray[np.bool_]


def cache_folder() -> Path:
    """Where the user's programs keep what they can compute again (XDG base directories).

    Raises RuntimeError if the user has no home.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return base / "roomtone" / "lessons"


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonCache:
    """The lessons in a folder. Several processes may read and write them at the same time."""

    folder: Path

    def read(self, behaviour: str, seed: int) -> DrawnLesson | None:
        """The lesson, or None if it is not there or is damaged."""
        path = self._path(behaviour, seed)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                drawn = _unpacked(arrays, _key(behaviour, seed))
            path.touch()  # so that the lessons in use are removed last
        except _DAMAGED:
            return None
        return drawn

    def write(self, behaviour: str, seed: int, drawn: DrawnLesson) -> None:
        """Keep a lesson. It has its name only when it is complete; raises OSError if it can't be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(file, allow_pickle=False, **_packed(drawn, _key(behaviour, seed)))
            part.replace(self._path(behaviour, seed))
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def remove_old(self) -> None:
        """Keep the lessons that were used last, and remove what an interrupted program left."""
        aged = []
        for path in [*self.folder.glob("*.npz"), *self.folder.glob("*.part")]:
            with suppress(OSError):  # another process may remove it first
                aged.append((path.stat().st_mtime, path))
        whole = sorted(pair for pair in aged if pair[1].suffix == ".npz")
        now = time.time()
        parts = [pair for pair in aged if pair[1].suffix == ".part"]
        left = [pair for pair in parts if now - pair[0] > _ABANDONED_S]
        for _, path in [*whole[:-_MAX_LESSONS], *left]:
            with suppress(OSError):
                path.unlink()

    def _path(self, behaviour: str, seed: int) -> Path:
        digest = hashlib.sha256(json.dumps(_key(behaviour, seed)).encode()).hexdigest()
        return self.folder / f"{behaviour}-{seed}-{digest[:20]}.npz"


def _key(behaviour: str, seed: int) -> list[Any]:
    return [_FORMAT, _generator(), behaviour, seed]


@cache
def _generator() -> str:
    """A digest of the generator: the source of the simulators and formulas, and their library."""
    digest = hashlib.sha256(f"{np.__version__} {platform.machine()}".encode())
    for package in (contract, simulators):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            own = path.read_bytes()
            digest.update(f"\n{root.name}/{path.relative_to(root)} {len(own)}\n".encode())
            digest.update(own)
    return digest.hexdigest()


def _packed(drawn: DrawnLesson, key: list[Any]) -> dict[str, NDArray[Any]]:
    lesson = drawn.lesson
    about = {
        "key": key,
        "classroom": lesson.classroom,
        "seats": lesson.seats,
        "zones": [asdict(zone) for zone in lesson.zones],
        "activities": [asdict(activity) for activity in lesson.activities],
        "kinds": lesson.kinds,
    }
    return {
        "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
        "seat": encode(lesson.seat, "seat"),
        "room": encode(lesson.room, "room"),
        "kind": lesson.kind,
        "movement": drawn.movement,
        "very_lively": drawn.very_lively,
        **{name: getattr(lesson, name) for name in _FLAGS},
    }


def _unpacked(arrays: Any, key: list[Any]) -> DrawnLesson:  # what np.load returns has no type
    about = json.loads(arrays["about"].tobytes())
    if about["key"] != key:
        raise ValueError("the file has the name of another lesson")
    zones = [Zone(name=one["name"], seats=tuple(one["seats"])) for one in about["zones"]]
    return DrawnLesson(
        lesson=LabelledLesson(
            classroom=about["classroom"],
            seats=tuple(about["seats"]),
            zones=tuple(zones),
            activities=tuple(Activity(**one) for one in about["activities"]),
            seat=decode(arrays["seat"], "seat"),
            room=decode(arrays["room"], "room"),
            kind=arrays["kind"],
            kinds=tuple(about["kinds"]),
            **{name: arrays[name] for name in _FLAGS},
        ),
        movement=arrays["movement"],
        very_lively=arrays["very_lively"],
    )
