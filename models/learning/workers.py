"""Worker processes for long computations: at most one per core, and none is left behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import connection, parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, ClassVar, Final, TypeVar

__all__ = ["map_shared", "worker_pool"]

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")

_SAFE_PATH: Final = "PYTHONSAFEPATH"
_SHARED: Final[list[Any]] = []
"""The data that this worker process was started with; empty in the parent."""


def worker_pool(
    max_workers: int, initializer: Callable[..., object] | None = None, *arguments: Any
) -> ProcessPoolExecutor:
    """A pool of at most `max_workers` worker processes; each ends when this process ends."""
    with _safe_path():  # the pool's locks start a process that tracks them
        return ProcessPoolExecutor(
            min(max_workers, os.cpu_count() or 1),
            mp_context=_SafeSpawn(),
            initializer=_begin,
            initargs=(initializer, arguments),
        )


def map_shared(
    function: Callable[[Shared, Item], Result],
    shared: Shared,
    items: Iterable[Item],
    *,
    max_workers: int,
) -> Iterator[Result]:
    """Call `function(shared, item)` for each item in worker processes; results in order.

    Each worker gets `shared` only once, at its start.
    """
    with worker_pool(max_workers, _share, shared) as pool:
        yield from pool.map(partial(_call_shared, function), items)


def _share(shared: Any) -> None:
    _SHARED.append(shared)


def _call_shared(function: Callable[[Any, Any], Any], item: Any) -> Any:
    return function(_SHARED[0], item)


class _SafeProcess(SpawnProcess):
    """A spawned process that never imports from the current folder, not even while it starts."""

    def start(self) -> None:
        with _safe_path():
            super().start()


class _SafeSpawn(SpawnContext):
    """Spawned, not forked, because NumPy may have threads already."""

    Process: ClassVar[type[SpawnProcess]] = _SafeProcess


@contextmanager
def _safe_path() -> Iterator[None]:
    """A Python that is started inside does not look for modules in the current folder.

    `multiprocessing` can't pass options to the interpreter, but the interpreter reads this
    variable.
    """
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_SAFE_PATH, None)
        else:
            os.environ[_SAFE_PATH] = before


def _begin(initializer: Callable[..., object] | None, arguments: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if initializer is not None:
        initializer(*arguments)


def _end_with_parent() -> None:
    """End this worker when its parent ends; otherwise it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
