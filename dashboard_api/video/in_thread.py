"""Work in a thread that is never left behind: who waits for it waits for its end, cancelled or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["in_thread", "until_done"]

T = TypeVar("T")


async def in_thread(
    work: Callable[[], T],
    *,
    cancelled: Callable[[], object] = lambda: None,
    unwanted: Callable[[T], object] = lambda _: None,
) -> T:
    """Call `work` in a thread. A task that is cancelled meanwhile ends only after it.

    `cancelled` is called then, so that the work may stop early; `unwanted` gets its result.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        await until_done(running, cancelled)
    except asyncio.CancelledError:
        if running.exception() is None:
            unwanted(running.result())
        raise
    return running.result()


async def until_done(
    running: asyncio.Future[Any], cancelled: Callable[[], object] = lambda: None
) -> None:
    """Wait until it is done, however often this task is cancelled; then raise CancelledError."""
    stop: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError as error:
            stop = error
            cancelled()
    if stop is not None:
        raise stop
