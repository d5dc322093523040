"""Worker processes for long computations: at most one per core, and none is left behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import connection, parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, ClassVar, Final, TypeVar

__all__ = ["map_shared", "variable_set", "worker_pool"]

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")

_WORTH_PROCESSES: Final = 100_000
"""From this number of training rows, over all items, worker processes save time."""
_SHARED: Final[list[Any]] = []
"""The data that this worker process was started with; empty in the parent."""


def worker_pool(max_workers: int, shared: object = None) -> ProcessPoolExecutor:
    """A pool of at most `max_workers` worker processes; each ends when this process ends."""
    with variable_set("PYTHONSAFEPATH"):  # the pool's locks start a process that tracks them
        return ProcessPoolExecutor(
            min(max_workers, os.cpu_count() or 1),
            mp_context=_SafeSpawn(),
            initializer=_begin,
            initargs=(shared,),
        )


def map_shared(
    function: Callable[[Shared, Item], Result],
    shared: Shared,
    items: Sequence[Item],
    *,
    rows: int,
) -> Iterator[Result]:
    """Call `function(shared, item)` for each item; results in order.

    The calls run in worker processes if the items train on enough `rows` in all. Each worker gets
    `shared` only once, at its start.
    """
    if rows < _WORTH_PROCESSES or min(len(items), os.cpu_count() or 1) == 1:
        yield from map(partial(function, shared), items)
        return
    # Processes, not threads: scikit-learn's fits would reset each other's warning filters.
    with worker_pool(len(items), shared) as pool:
        yield from pool.map(partial(_call_shared, function), items)


def _call_shared(function: Callable[[Any, Any], Any], item: Any) -> Any:
    return function(_SHARED[0], item)


@contextmanager
def variable_set(name: str) -> Iterator[None]:
    """Inside, this variable is "1"; afterwards it is as before."""
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


class _SafeProcess(SpawnProcess):
    """A spawned process that never imports from the current folder, not even while it starts.

    `multiprocessing` can't pass options to the interpreter, but the interpreter reads a variable.
    """

    def start(self) -> None:
        with variable_set("PYTHONSAFEPATH"):
            super().start()


class _SafeSpawn(SpawnContext):
    """Spawned, not forked, because NumPy may have threads already."""

    Process: ClassVar[type[SpawnProcess]] = _SafeProcess


def _begin(shared: object) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _SHARED.append(shared)


def _end_with_parent() -> None:
    """End this worker when its parent ends; otherwise it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
