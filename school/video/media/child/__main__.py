"""`python -m school.video.media.child TASK CONTAINER SIZE FD MEMORY CPU [MORE]`: started by its parent."""

from __future__ import annotations

import pkgutil
import socket
import sys
from importlib import import_module
from typing import Final

import av
import av.logging
import numpy as np

from school.video.media.child.confine import confine
from school.video.media.child.conversion import convert
from school.video.media.child.cutting import cut
from school.video.media.child.levels import a_weighted_levels, levels
from school.video.media.child.link import Link, SinkFile, SourceFile
from school.video.media.child.look import look
from school.video.media.child.opening import RefusedFileError

__all__ = ["main"]

_REASONS: Final = (
    (MemoryError, "memory"),
    (av.error.EOFError, "cut_off"),
    (av.error.DecoderNotFoundError, "codec"),
)


def main(arguments: list[str]) -> None:
    """One task, then the end."""
    task, container, size, descriptor, memory_bytes, cpu_s, *more = arguments
    link = Link(socket.socket(fileno=int(descriptor)))
    source = SourceFile(link, int(size))
    av.logging.set_level(None)
    _load_all()
    confine(memory_bytes=int(memory_bytes), cpu_s=int(cpu_s))
    try:
        if task == "probe":
            found = look(link, source, container)
        elif task == "levels":
            found = levels(link, source, container)
        elif task == "cut":
            found = cut(link, source, container, SinkFile(link), *more)
        else:
            found = convert(link, source, container, SinkFile(link))
        link.result(found)
    except RefusedFileError as error:
        link.refuse(str(error))
    except Exception as error:  # noqa: BLE001 (the task's top: whatever a stranger's file causes)
        reason = next((name for kind, name in _REASONS if isinstance(error, kind)), "damaged")
        link.refuse(reason, type(error).__name__)


def _load_all() -> None:
    """Load what PyAV and NumPy would load when they first use it; afterwards no file opens."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in {"av.__main__", "av.datasets"}:
            import_module(module.name)
    a_weighted_levels(np.zeros(1600, np.float32))


if __name__ == "__main__":
    main(sys.argv[1:])
