"""Simulated lessons that were drawn before, in the user's cache folder.

A lesson is found by everything that decides what it is: the generator's source, its numerical
library, the kind of behaviour and the seed. So a changed generator draws again. A file is a digest
and what it is of: arrays and JSON, and loading them runs no code. A file that does not match its
digest, because it is damaged or foreign, counts as missing.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import tempfile
import time
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

_DIGEST: Final = 32
"""Bytes of the file's digest, which come before its content."""
_MAX_LESSONS: Final = 500  # about 2.5 MB each
_ABANDONED_S: Final = 3600.0
_FLAGS: Final = ("off_task", "occupied")


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
    if not base.is_absolute():
        raise RuntimeError(f"the home {Path.home()} is not an absolute path")
    return base / "roomtone" / "lessons"


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonCache:
    """The lessons in a folder. Several processes may read and write them at the same time."""

    folder: Path

    def read(self, behaviour: str, seed: int) -> DrawnLesson | None:
        """The lesson, or None if it is not there or is damaged."""
        path = self._path(behaviour, seed)
        try:
            stored = path.read_bytes()
        except OSError:
            return None
        digest, content = stored[:_DIGEST], stored[_DIGEST:]
        if hashlib.sha256(content).digest() != digest:
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            about = json.loads(arrays["about"].tobytes())
            if about["key"] != _key(behaviour, seed):
                return None  # someone gave it the name of another lesson
            drawn = _unpacked(arrays, about)
        with suppress(OSError):  # others may share this folder, and only read it
            path.touch()  # so that the lessons in use are removed last
        return drawn

    def write(self, behaviour: str, seed: int, drawn: DrawnLesson) -> None:
        """Keep a lesson. It has its name only when it is complete; raises OSError if it can't be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **_packed(drawn, _key(behaviour, seed)))
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(content.getbuffer()).digest())
                file.write(content.getbuffer())
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
    return [_generator(), behaviour, seed]


@cache
def _generator() -> str:
    """A digest of what makes a file: the source of the simulators, the formulas and the two modules
    that draw and pack, and the numerical library.
    """
    digest = hashlib.sha256(f"{np.__version__} {platform.machine()}".encode())
    here = Path(__file__)
    sources = [(here.parent, here), (here.parent, here.with_name("drawing.py"))]
    for package in (contract, simulators):
        root = Path(package.__path__[0])
        sources += [(root, path) for path in sorted(root.rglob("*.py"))]
    for root, path in sources:
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


def _unpacked(arrays: Any, about: dict[str, Any]) -> DrawnLesson:  # np.load has no type
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
