"""Returns free memory to the system: a Pi has little, and starting needs more than running.

Imports, settings and the first messages of the hubs leave holes in the C library's heap that it
would keep for ever; so does a long backlog after it was sent. With a library that can't return
memory (musl) this does nothing.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from functools import cache
from typing import Final

__all__ = ["Tidying", "give_back", "share_one_heap"]

_FIRST_NS: Final = 5_000_000_000
_EACH_NS: Final = 60_000_000_000
_M_ARENA_MAX: Final = -8


@cache
def _library() -> ctypes.CDLL:
    """The C library, opened once: each call of CDLL leaks some kilobytes."""
    return ctypes.CDLL(None)


def share_one_heap() -> None:
    """Use one heap for all threads; call it before the first thread starts.

    By default each thread gets a heap of its own, and others can't use what is free in it. Here
    they never run at the same time.
    """
    mallopt = getattr(_library(), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Return free memory to the system."""
    gc.collect()
    trim = getattr(_library(), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Tidying:
    """Returns memory soon after the start, when the hubs have come up, and then each minute."""

    def __init__(self, *, now_ns: int, tidy: Callable[[], None] = give_back) -> None:
        self._due_ns = now_ns + _FIRST_NS
        self._tidy = tidy

    def look(self, now_ns: int) -> None:
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + _EACH_NS
            self._tidy()
