"""Worker processes for what takes minutes: as many as there are cores, and none that is left behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection, get_context, parent_process
from typing import Any

__all__ = ["worker_pool"]


def worker_pool(
    most: int, initializer: Callable[..., object] | None = None, *arguments: Any
) -> ProcessPoolExecutor:
    """A pool of at most so many workers, each of which ends with the process that asked for it."""
    return ProcessPoolExecutor(
        min(most, os.cpu_count() or 1),
        # Spawned, not forked: NumPy has threads by now.
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(initializer, arguments),
    )


def _begin(initializer: Callable[..., object] | None, arguments: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if initializer is not None:
        initializer(*arguments)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
